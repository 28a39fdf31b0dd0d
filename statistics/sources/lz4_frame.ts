/** No byte of LZ4 stands for more of them: a frame that promises more is broken, and would only ask for memory. */
const mostInflation = 255;

/**
 * The content of an LZ4 frame. Checksums are not looked at.
 *
 * @throws {RangeError} If it is broken.
 * @see https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md
 */
export function decodeLz4Frame(frame: Uint8Array): Uint8Array<ArrayBuffer> {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (view.getUint32(0, true) !== 0x184d2204) throw new RangeError("this is no LZ4 frame.");
  const flags = view.getUint8(4), blockChecksum = (flags & 0x10) !== 0, hasSize = (flags & 8) !== 0;
  let at = 7 + (hasSize ? 8 : 0) + (flags & 1 ? 4 : 0), filled = 0;
  const size = hasSize ? Number(view.getBigUint64(6, true)) : mostInflation * frame.length;
  if (size > mostInflation * frame.length) {
    throw new RangeError(`an LZ4 frame of ${frame.length} bytes cannot have ${size}.`);
  }
  const content = new Uint8Array(size);
  for (let word = view.getUint32(at, true); word !== 0; word = view.getUint32(at, true)) {
    const length = word & 0x7fffffff, block = frame.subarray(at + 4, at + 4 + length);
    if (block.length < length) throw new RangeError("an LZ4 frame ends within a block.");
    if (word >>> 31) {
      content.set(block, filled);
      filled += length;
    } else filled = decodeBlock(block, content, filled);
    at += 4 + length + (blockChecksum ? 4 : 0);
  }
  if (hasSize && filled !== size) {
    throw new RangeError(`an LZ4 frame has ${filled} bytes, but says that it has ${size}.`);
  }
  return content.subarray(0, filled);
}

/** Writes the content of a block, which may repeat that of blocks before; returns where it ends. */
function decodeBlock(block: Uint8Array, content: Uint8Array, start: number): number {
  let at = 0, filled = start;
  /** A length of four bits, and of the bytes after them if they are all set. */
  function lengthOf(bits: number): number {
    let length = bits;
    if (bits === 15) {
      let byte;
      do length += byte = block[at++]; while (byte === 255);
    }
    return length;
  }
  while (at < block.length) {
    const token = block[at++], literals = lengthOf(token >> 4);
    if (!(at + literals <= block.length && filled + literals <= content.length)) {
      throw new RangeError("an LZ4 block is broken.");
    }
    content.set(block.subarray(at, at + literals), filled);
    at += literals;
    filled += literals;
    if (at === block.length) break; // the last sequence has no match
    const offset = block[at] | (block[at + 1] << 8);
    at += 2;
    const end = filled + 4 + lengthOf(token & 15);
    if (!(offset > 0 && offset <= filled && end <= content.length)) throw new RangeError("an LZ4 block is broken.");
    for (; filled < end; filled++) content[filled] = content[filled - offset]; // they may overlap
  }
  return filled;
}
