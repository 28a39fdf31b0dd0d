import { describe } from "../kernels/tensor.ts";

/** "EVNK", the first bytes. */
const MAGIC = 0x4b4e5645;
const VERSION = 1;

/** Magic number, version, bytes of the header. */
const PREFIX = 12;

/** What a saved object consists of. */
export type Saved = Readonly<Record<string, string | number | boolean | Float64Array>>;

/**
 * A saved object as bytes, all little-endian:
 *
 *     uint32    "EVNK"
 *     uint32    the version of this layout, 1
 *     uint32    the length of the header, which ends at a multiple of 8 bytes
 *     bytes     the header, JSON in UTF-8: every field; an array by its length, as in {"float64": 3}
 *     float64   the arrays, one after the other, in the header's order
 */
export function pack(saved: Saved): Uint8Array<ArrayBuffer> {
  const fields = Object.entries(saved).map(([name, value]) =>
    [name, value instanceof Float64Array ? { float64: value.length } : value] as const
  );
  const arrays = Object.values(saved).filter((value) => value instanceof Float64Array);
  const json = JSON.stringify(Object.fromEntries(fields));
  const header = new TextEncoder().encode(
    json + " ".repeat((8 - (PREFIX + new TextEncoder().encode(json).length) % 8) % 8),
  );
  const size = arrays.reduce((sum, { byteLength }) => sum + byteLength, PREFIX + header.length);
  const bytes = new Uint8Array(size), view = new DataView(bytes.buffer);
  [MAGIC, VERSION, header.length].forEach((word, i) => view.setUint32(4 * i, word, true));
  bytes.set(header, PREFIX);
  let at = PREFIX + header.length;
  for (const array of arrays) for (const value of array) view.setFloat64(at, value, true), at += 8;
  return bytes;
}

/**
 * The fields of an object that `pack` made bytes of.
 *
 * @throws {TypeError} If these are no such bytes.
 * @throws {RangeError} If they are of another version, or do not have the length that they must have.
 */
export function unpack(bytes: Uint8Array): Record<string, unknown> {
  if (!(bytes instanceof Uint8Array)) {
    throw new TypeError(`fromBytes: this is ${describe(bytes)}; it must be the Uint8Array that toBytes() gave.`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < PREFIX || view.getUint32(0, true) !== MAGIC) {
    throw new TypeError('fromBytes: the bytes do not begin with "EVNK"; they must be those that toBytes() gave.');
  }
  const version = view.getUint32(4, true), start = PREFIX + view.getUint32(8, true);
  if (version !== VERSION) {
    throw new RangeError(`fromBytes: the layout is of version ${version}; this program knows version ${VERSION} only.`);
  }
  refuseLength(start, bytes.length, start <= bytes.length);
  const fields = parse(bytes.subarray(PREFIX, start));
  let at = start;
  const arrays = Object.entries(fields).filter(([, value]) => lengthOf(value) !== undefined);
  const end = arrays.reduce((sum, [, value]) => sum + 8 * lengthOf(value)!, start);
  refuseLength(end, bytes.length, end === bytes.length);
  for (const [name, value] of arrays) {
    fields[name] = Float64Array.from({ length: lengthOf(value)! }, (_, i) => view.getFloat64(at + 8 * i, true));
    at += 8 * lengthOf(value)!;
  }
  return fields;
}

function refuseLength(needed: number, given: number, fits: boolean): void {
  if (!fits) throw new RangeError(`fromBytes: there are ${given} bytes; by what they say there must be ${needed}.`);
}

function parse(header: Uint8Array): Record<string, unknown> {
  try {
    const fields = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(header));
    if (typeof fields === "object" && fields !== null && !Array.isArray(fields)) return fields;
  } catch {
    // Neither UTF-8 nor JSON: refused below.
  }
  throw new TypeError("fromBytes: the header is not a JSON object in UTF-8; bytes of it were lost or changed.");
}

/** The length of an array, from what the header says of it; undefined for other fields. */
function lengthOf(value: unknown): number | undefined {
  const { float64 } = (value ?? {}) as { float64?: unknown };
  return Number.isSafeInteger(float64) && (float64 as number) >= 0 ? float64 as number : undefined;
}
