import { joined } from "./joined.ts";
import { SourceError } from "./source.ts";

const lineFeed = 10;

/** What is longer is no line and no record, and would only ask for memory. */
const longest = 1 << 26;

/**
 * Cuts blocks of bytes into pieces of whole lines; the last gets a line feed. The part of a line that is too long is given too, so that
 * whoever reads it can say what is wrong there.
 *
 * @param name What messages call the data.
 * @param lastEnd Where the last line of a block ends, 0 if none does. It sees every block once, in their order.
 * @throws {SourceError} If a line is too long.
 */
export async function* wholeLines(
  name: string,
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
  if (size > longest) throw new SourceError(name, {}, `a line is longer than ${longest} bytes.`);
}
