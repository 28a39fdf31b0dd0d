import { joined } from "./joined.ts";

const lineFeed = 10;

/** What is longer is no line and no record, and would only ask for memory: who reads the part that is given says so. */
const longest = 1 << 26;

/**
 * Cuts blocks of bytes into pieces of whole lines. The last piece gets a line feed, and may be a part of a line that is too long.
 *
 * @param lastEnd Where the last line of a block ends, 0 if none does. It sees every block once, in their order.
 */
export async function* wholeLines(
  blocks: AsyncIterable<Uint8Array<ArrayBuffer>>,
  lastEnd: (block: Uint8Array<ArrayBuffer>) => number = (block) => block.lastIndexOf(lineFeed) + 1,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let begun: Uint8Array[] = [], size = 0;
  for await (const block of blocks) {
    const end = lastEnd(block);
    if (end > 0) {
      yield begun.length === 0 ? block.subarray(0, end) : joined([...begun, block.subarray(0, end)]);
      begun = [];
      size = 0;
    }
    if (end < block.length) begun.push(block.subarray(end));
    size += block.length - end;
    if (size > longest) break;
  }
  if (size > 0) yield joined([...begun, Uint8Array.of(lineFeed)]);
}
