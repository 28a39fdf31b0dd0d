import { wholeLines } from "./lines.ts";
import { SourceError } from "./source.ts";

const quote = 34, lineFeed = 10, carriageReturn = 13;

/**
 * Cuts blocks of CSV into pieces of whole records, each with the end of its line; ends of lines that stand within quotes end none. The
 * last piece may have a quote that is not closed.
 */
export function wholeRecords(
  name: string,
  blocks: AsyncIterable<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let quoted = false;
  return wholeLines(name, withoutMark(name, blocks), (bytes) => {
    let end = 0;
    for (let at = 0; at < bytes.length;) {
      const next = bytes.indexOf(quote, at), stop = next < 0 ? bytes.length : next;
      if (!quoted) end = Math.max(end, lastLineEnd(bytes, at, stop));
      for (at = stop; bytes[at] === quote; at++) quoted = !quoted;
    }
    return end;
  });
}

/** Where the last line ends that ends between two places; 0 if none does. */
function lastLineEnd(bytes: Uint8Array, begin: number, stop: number): number {
  if (stop === begin) return 0;
  const feed = bytes.subarray(begin, stop).lastIndexOf(lineFeed);
  if (feed >= 0) return begin + feed + 1;
  // Files of old have carriage returns alone; one in the last place may be followed by a line feed.
  const carriage = bytes.subarray(begin, Math.min(stop, bytes.length - 1)).lastIndexOf(carriageReturn);
  return carriage >= 0 ? begin + carriage + 1 : 0;
}

/** Blocks without a byte order mark of UTF-8 before them. */
async function* withoutMark(
  name: string,
  blocks: AsyncIterable<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let first = true;
  for await (const block of blocks) {
    const [a, b, c] = block;
    if (first && ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff))) {
      throw new SourceError(name, { line: 1 }, "the file is UTF-16; write it as UTF-8.");
    }
    yield first && a === 0xef && b === 0xbb && c === 0xbf ? block.subarray(3) : block;
    first = false;
  }
}
