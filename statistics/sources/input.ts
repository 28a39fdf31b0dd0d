import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import process from "node:process";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { blocksOf, pathOf } from "./file.ts";
import { asSourceError, refuseToOpen, SourceError } from "./source.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What texts are read from: a file, compressed or not, a named pipe, or standard input. */
export interface Input {
  /** What it is called in messages. */
  readonly name: string;
  /**
   * Its bytes from the beginning, in blocks. Those of a pipe can be read in part, and then once as a whole.
   *
   * @throws {SourceError} If they cannot be uncompressed, or have been read.
   */
  blocks(onProgress?: (fraction: number) => void): AsyncGenerator<Bytes>;
}

/** The path that stands for standard input and output. */
export const standard = "-";

/** A way to compress: its extension, and what all data begins with that is compressed so. */
interface Compression {
  readonly extension: string;
  readonly magic: readonly number[];
  decompress(blocks: AsyncIterable<Bytes>, zstdWindow?: number): AsyncIterable<Bytes>;
}

const compressions: readonly Compression[] = [
  {
    extension: ".gz",
    magic: [0x1f, 0x8b],
    decompress: (blocks) => Readable.from(blocks).compose(createGunzip()) as AsyncIterable<Bytes>,
  },
  { extension: ".zst", magic: [0x28, 0xb5, 0x2f, 0xfd], decompress: unzstd },
];

/** The extension of a path, without that of a compression. */
export function extensionOf(path: string): string {
  const name = path.slice(0, path.length - (compressionOf(path)?.extension.length ?? 0));
  return name.slice(name.lastIndexOf(".")).toLowerCase();
}

/**
 * Opens what a path or URL means; `-` is standard input.
 *
 * @param zstdWindow The largest window of Zstandard that is allowed, in bytes.
 */
export async function inputOf(file: string | URL, zstdWindow?: number): Promise<Input> {
  const path = pathOf(file), isStandard = path === standard, name = isStandard ? "standard input" : path;
  const status = isStandard ? undefined : await stat(path).catch(refuseToOpen(path, "there is no such file"));
  if (status?.isDirectory()) throw new SourceError(name, {}, "this is not a file, but a folder. Give a file.");
  const blocks = status?.isFile()
    ? (onProgress?: (fraction: number) => void) => blocksOf(file, onProgress)
    : replayed(name, isStandard ? process.stdin : createReadStream(path));
  const named = compressionOf(path);
  return {
    name,
    async *blocks(onProgress) {
      const all = blocks(onProgress), first = await all.next();
      if (first.done) return;
      // What a pipe gives has no extension, and files may have lost theirs; no text begins so.
      const { decompress } = named ??
        compressions.find(({ magic }) => magic.every((byte, i) => first.value[i] === byte)) ?? {};
      const whole = chained(first.value, all);
      if (decompress === undefined) return yield* whole;
      try {
        yield* decompress(whole, zstdWindow);
      } catch (error) {
        throw asSourceError(name, {}, error);
      }
    },
  };
}

function compressionOf(path: string): Compression | undefined {
  return compressions.find(({ extension }) => path.toLowerCase().endsWith(extension));
}

/** A block, and those after it, which are let go where nobody wants them. */
async function* chained(first: Bytes, others: AsyncGenerator<Bytes>): AsyncGenerator<Bytes> {
  try {
    yield first;
    yield* others;
  } finally {
    await others.return(undefined);
  }
}

/** Blocks of a pipe, of which those that were read are given again until someone reads further. */
function replayed(name: string, pipe: AsyncIterable<Bytes>): () => AsyncGenerator<Bytes> {
  const iterator = pipe[Symbol.asyncIterator](), head: Bytes[] = [];
  let reads = 0;
  return async function* () {
    if (++reads > 2) throw new SourceError(name, {}, "this is a pipe, which is read once. Make a new source.");
    const isLast = reads === 2;
    for (const block of head) yield block;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
      if (!isLast) head.push(next.value);
      yield next.value;
    }
  };
}

async function* unzstd(blocks: AsyncIterable<Bytes>, largestWindow?: number): AsyncGenerator<Bytes> {
  const { ZstdDecoder } = await import("./zstd.ts"), decoder = new ZstdDecoder(largestWindow);
  for await (const block of blocks) yield* decoder.push(block);
  decoder.finish();
}
