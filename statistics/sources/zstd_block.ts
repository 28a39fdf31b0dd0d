/**
 * Throws if a block of Zstandard cannot be, in ways that `fzstd` 0.1.1 does not see: it would decode without end, or for very long.
 *
 * @param block A block with its header.
 * @param most How many bytes it may have when it is decoded.
 * @see https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1.3
 */
export function checkBlock(block: Uint8Array, most: number): void {
  const isCompressed = ((block[0] >> 1) & 3) === 2;
  if (!isCompressed) return;
  const { type, begin, size, length } = literalsOf(block);
  if (type === ownTree && isCertain(block, begin)) {
    throw new RangeError("a block of Zstandard has a table of weights that takes no bits.");
  }
  const at = begin + length, first = block[at];
  const sequences = first < 128 ? first : first < 255 ? ((first - 128) << 8) | block[at + 1] : 32512;
  if (size + 3 * sequences > most) { // no sequence repeats fewer than three bytes
    throw new RangeError(`a block of Zstandard has ${sequences} sequences, too many for ${most} bytes.`);
  }
}

const raw = 0, oneByte = 1, ownTree = 2;

/** The literals of a compressed block: their type, where they begin, how many they are, and how many bytes they take. */
function literalsOf(block: Uint8Array): { type: number; begin: number; size: number; length: number } {
  const type = block[3] & 3, format = (block[3] >> 2) & 3;
  const header = block.subarray(3, 8).reduceRight((high, byte) => high * 256 + byte, 0); // little-endian
  const bits = (from: number, count: number) => Math.floor(header / 2 ** from) % 2 ** count;
  if (type === raw || type === oneByte) {
    const [taken, size] = format === 1 ? [2, bits(4, 12)] : format === 3 ? [3, bits(4, 20)] : [1, bits(3, 5)];
    return { type, begin: 3 + taken, size, length: type === raw ? size : 1 };
  }
  const width = [10, 10, 14, 18][format];
  return { type, begin: 3 + Math.max(3, format + 2), size: bits(4, width), length: bits(4 + width, width) };
}

/**
 * Whether one weight of a tree is certain, so that none takes a bit and there is no end of them. The probabilities have one bits in all
 * places if a symbol has all of it; those before are 0, each followed by counts of more that are.
 */
function isCertain(block: Uint8Array, tree: number): boolean {
  if (block[tree] >= 128) return false; // weights that stand there as they are
  const accuracy = (block[tree + 1] & 15) + 5;
  const bits = (place: number, count: number) => {
    const at = tree + 1 + (place >> 3), word = block[at] | (block[at + 1] << 8) | (block[at + 2] << 16);
    return (word >> (place & 7)) & ((1 << count) - 1);
  };
  for (let place = 4; bits(place, accuracy + 1) !== 2 ** (accuracy + 1) - 1;) {
    if (bits(place, accuracy) !== 1) return false;
    place += accuracy;
    do place += 2; while (bits(place - 2, 2) === 3);
  }
  return true;
}
