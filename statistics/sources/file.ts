import { open } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe } from "../../kernels/tensor.ts";
import { refuseToOpen, SourceError } from "./source.ts";

/** A file of which any part can be read, until whoever opened it closes it. */
export interface ByteFile {
  /** Its path, for messages. */
  readonly name: string;
  /** How many bytes it had when it was opened. */
  readonly size: number;
  /** Its bytes from `start` to before `end`. Throws a {@link SourceError} if it ends before. */
  read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Gives it back to the system. */
  close(): Promise<void>;
}

/** Throws unless an argument is the path of a file, or its URL. */
export function checkFile(operation: string, name: string, file: string | URL): void {
  if (file instanceof URL ? file.protocol === "file:" : typeof file === "string" && file !== "") return;
  const given = file instanceof URL ? file.href : describe(file);
  throw new TypeError(`${operation}: ${name} is ${given}; it must be a path, or a URL that begins with file:.`);
}

/** The path of a file that was given by its path or URL. */
export function pathOf(file: string | URL): string {
  return file instanceof URL ? fileURLToPath(file) : file;
}

/** Opens a file for reading. Throws a {@link SourceError} if it is a folder, or has no size that is known before. */
export async function openFile(file: string | URL): Promise<ByteFile> {
  const name = pathOf(file);
  const handle = await open(name).catch(refuseToOpen(name, "there is no such file"));
  const stat = await handle.stat(), { size } = stat;
  if (!stat.isFile()) {
    await handle.close();
    throw new SourceError(name, {}, "this is not a file, but a folder, a device or a pipe. Give a file.");
  }
  return {
    name,
    size,
    async read(start, end) {
      const bytes = new Uint8Array(end - start);
      let filled = 0;
      while (filled < bytes.length) {
        const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, start + filled);
        if (bytesRead === 0) {
          throw new SourceError(
            name,
            { offset: start + filled },
            `the file ends here, ${bytes.length - filled} bytes early.`,
          );
        }
        filled += bytesRead;
      }
      return bytes;
    },
    close: () => handle.close(),
  };
}

/** What `use` makes of a file, which is open only for so long. */
export async function withFile<T>(file: string | URL, use: (opened: ByteFile) => Promise<T>): Promise<T> {
  const opened = await openFile(file);
  try {
    return await use(opened);
  } finally {
    await opened.close();
  }
}

/** How many bytes are read at once. */
const blockSize = 1 << 18;

/** The bytes of a file from `start` to its end, in blocks. The next one is being read while whoever asked looks at one. */
export async function* blocksOf(
  file: string | URL,
  onProgress?: (fraction: number) => void,
  start = 0,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const opened = await openFile(file), { size } = opened;
  const read = (at: number) => {
    const block = at < size ? opened.read(at, Math.min(at + blockSize, size)) : undefined;
    block?.catch(() => {}); // it fails when it is asked for, if it ever is
    return block;
  };
  let at = start, next = read(at);
  try {
    while (next !== undefined) {
      const block = await next;
      at += block.length;
      next = read(at);
      yield block;
      onProgress?.(at / size);
    }
  } finally {
    await next?.catch(() => {});
    await opened.close();
  }
}
