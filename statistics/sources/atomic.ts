import { type FileHandle, open, readdir, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pid } from "node:process";
import { describe } from "../../kernels/tensor.ts";
import { refuseToOpen } from "./source.ts";
import { flush, textSize } from "./tensor_writer.ts";
import { checkText } from "./text.ts";

/** A file that gets its name only when it is complete: until then, its content is in a file beside it. */
export interface NewFile {
  /** The file, open for writing. */
  readonly handle: FileHandle;
  /** Makes it durable and gives it its name, in place of a file that has it. */
  commit(): Promise<void>;
  /** Throws away what was written. */
  discard(): Promise<void>;
}

let drafts = 0;

/** Opens a new file that is to be at `path`. */
export async function createFile(target: string): Promise<NewFile> {
  const path = await realpath(target).catch(() => target); // what a symbolic link points to, so that it stays one
  const refuse = refuseToOpen(target, `there is no folder ${dirname(path)}`);
  await removeStale(path).catch(refuse);
  const draft = `${path}.${pid}-${drafts++}.part`;
  const handle = await open(draft, "w").catch(refuse);
  return {
    handle,
    async commit() {
      await handle.sync();
      await handle.close();
      await rename(draft, path);
    },
    async discard() {
      await handle.close();
      await rm(draft, { force: true });
    },
  };
}

/** A draft that nobody has written to for so long, in milliseconds, is of a process that was killed. */
const stale = 3_600_000;

/** Removes what processes that were killed have left of a file. */
async function removeStale(path: string): Promise<void> {
  const folder = dirname(path), start = `${basename(path)}.`;
  for (const name of await readdir(folder)) {
    if (!name.startsWith(start) || !/^\d+-\d+\.part$/.test(name.slice(start.length))) continue;
    const draft = join(folder, name), { mtimeMs } = await stat(draft).catch(() => ({ mtimeMs: Infinity }));
    if (mtimeMs < Date.now() - stale) await rm(draft, { force: true });
  }
}

/** What failed while a file was written, with its name: that of a full disk has none. */
export function writingError(path: string, error: unknown): unknown {
  const isNamed = !(error instanceof Error) || !("code" in error) || "path" in error;
  return isNamed ? error : new Error(`${path} cannot be written: ${error.message}`, { cause: error });
}

/**
 * Writes a file as a whole: whoever reads it sees what was there before, or all of this.
 *
 * @param text What it is to hold, or the pieces of that.
 * @throws {TypeError} If an argument does not fit; the file stays as it was.
 * @throws {SourceError} If the file cannot be opened.
 *
 * @example
 * ```ts
 * import { writeWhole } from "@evenkeel/norm/sources";
 * import { assertEquals } from "@std/assert";
 *
 * const file = await Deno.makeTempFile();
 * await writeWhole(file, "{}");
 * assertEquals(await Deno.readTextFile(file), "{}");
 * await Deno.remove(file);
 * ```
 */
export async function writeWhole(path: string, text: string | Iterable<string>): Promise<void> {
  checkText("writeWhole", "path", path);
  if (typeof text !== "string" && typeof text?.[Symbol.iterator] !== "function") {
    throw new TypeError(`writeWhole: text is ${describe(text)}; it must be a text, or pieces of one.`);
  }
  const file = await createFile(path);
  try {
    let waiting = "";
    for (const piece of typeof text === "string" ? [text] : text) {
      checkText("writeWhole", "a piece of text", piece);
      waiting += piece;
      if (waiting.length > textSize) waiting = await flush(file.handle, waiting);
    }
    await flush(file.handle, waiting);
    await file.commit();
  } catch (error) {
    await file.discard();
    throw writingError(path, error);
  }
}
