/**
 * Breaks bytes on purpose.
 *
 * @module
 */

/** A random whole number below a limit. */
export type Below = (limit: number) => number;
type Mutation = (bytes: Uint8Array<ArrayBuffer>, below: Below) => Uint8Array<ArrayBuffer>;

/** Numbers as protobuf writes them that are easily got wrong: 0, -1, 2^31, 2^32 - 1, 2^63, and one that does not end. */
const numbers = [
  [0],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
  [0x80, 0x80, 0x80, 0x80, 8],
  [0xff, 0xff, 0xff, 0xff, 0xf],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1],
  new Array(11).fill(0xff),
];

const mutations: Mutation[] = [
  function truncate(bytes, below) {
    return bytes.slice(0, below(bytes.length + 1));
  },
  function flipBit(bytes, below) {
    if (bytes.length > 0) bytes[below(bytes.length)] ^= 1 << below(8);
    return bytes;
  },
  function setByte(bytes, below) {
    if (bytes.length > 0) bytes[below(bytes.length)] = below(256);
    return bytes;
  },
  function setNumber(bytes, below) {
    const number = numbers[below(numbers.length)], at = below(bytes.length + 1);
    return splice(bytes, at, number.length, Uint8Array.from(number));
  },
  function insert(bytes, below) {
    return splice(bytes, below(bytes.length + 1), 0, Uint8Array.from({ length: 1 + below(16) }, () => below(256)));
  },
  function remove(bytes, below) {
    return splice(bytes, below(bytes.length + 1), 1 + below(16), new Uint8Array());
  },
  function double(bytes, below) {
    const from = below(bytes.length + 1), part = bytes.slice(from, from + 1 + below(256));
    return splice(bytes, from, 0, part);
  },
  function move(bytes, below) {
    const from = below(bytes.length + 1), part = bytes.slice(from, from + 1 + below(64));
    return splice(bytes, below(bytes.length + 1), part.length, part);
  },
];

function splice(bytes: Uint8Array, at: number, removed: number, inserted: Uint8Array): Uint8Array<ArrayBuffer> {
  const rest = bytes.subarray(at + removed), result = new Uint8Array(at + inserted.length + rest.length);
  result.set(bytes.subarray(0, at));
  result.set(inserted, at);
  result.set(rest, at + inserted.length);
  return result;
}

/** Bytes that were changed, lost, doubled or put elsewhere in so many places. */
export function breakBytes(bytes: Uint8Array, changes: number, below: Below): Uint8Array<ArrayBuffer> {
  let result = new Uint8Array(bytes);
  for (let i = 0; i < changes; i++) result = mutations[below(mutations.length)](result, below);
  return result;
}
