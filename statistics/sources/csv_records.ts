import { SourceError } from "./source.ts";

const quote = 34, lineFeed = 10, carriageReturn = 13;

/** What is longer is no record, but has a quote that was never closed: who reads it says so. */
const longestRecord = 1 << 26;

/**
 * Cuts blocks of CSV into pieces of whole records, each with the end of its line; ends of lines that stand within quotes end none. The
 * last piece may have a quote that is not closed.
 */
export async function* wholeRecords(
  name: string,
  blocks: AsyncIterable<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let begun: Uint8Array[] = [], size = 0, quoted = false, first = true;
  for await (const block of blocks) {
    const bytes = first ? withoutMark(name, block) : block, { end, within } = search(bytes, quoted);
    first = false;
    quoted = within;
    if (end > 0) {
      yield begun.length === 0 ? bytes.subarray(0, end) : joined([...begun, bytes.subarray(0, end)]);
      begun = [];
      size = 0;
    }
    if (end < bytes.length) begun.push(bytes.subarray(end));
    size += bytes.length - end;
    if (size > longestRecord) break;
  }
  if (size > 0) yield joined([...begun, Uint8Array.of(lineFeed)]);
}

/** Where the last record of a block ends, 0 if none does, and whether the block ends within quotes. */
function search(bytes: Uint8Array, quoted: boolean): { end: number; within: boolean } {
  let end = 0, within = quoted;
  for (let at = 0; at < bytes.length;) {
    const next = bytes.indexOf(quote, at), stop = next < 0 ? bytes.length : next;
    if (!within) end = Math.max(end, lastLineEnd(bytes, at, stop));
    if (next >= 0) within = !within;
    at = stop + 1;
  }
  return { end, within };
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

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  pieces.reduce((at, piece) => (bytes.set(piece, at), at + piece.length), 0);
  return bytes;
}

/** The bytes without a byte order mark of UTF-8. */
function withoutMark(name: string, bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const [a, b, c] = bytes;
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) {
    throw new SourceError(name, { line: 1 }, "the file is UTF-16; write it as UTF-8.");
  }
  return a === 0xef && b === 0xbb && c === 0xbf ? bytes.subarray(3) : bytes;
}
