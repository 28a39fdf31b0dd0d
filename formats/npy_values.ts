import { half } from "./half.ts";
import type { NpyHeader } from "./npy_header.ts";

/**
 * The elements of a `.npy` file as numbers: float32 for f2 and f4, which it holds exactly, float64 for all others. Integers of
 * eight bytes are rounded beyond 2^53. Nothing is copied if the bytes are floats of this machine's order already.
 *
 * @param header What the file's header says.
 * @param bytes The bytes of whole elements.
 */
export function npyValues(
  { type, itemSize, littleEndian }: Pick<NpyHeader, "type" | "itemSize" | "littleEndian">,
  bytes: Uint8Array<ArrayBuffer>,
): Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer> {
  const { buffer, byteOffset } = bytes, length = bytes.length / itemSize;
  const isOurs = littleEndian === hostIsLittleEndian && byteOffset % itemSize === 0;
  if (isOurs && type === "f4") return new Float32Array(buffer, byteOffset, length);
  if (isOurs && type === "f8") return new Float64Array(buffer, byteOffset, length);
  const values = type === "f2" || type === "f4" ? new Float32Array(length) : new Float64Array(length);
  const view = new DataView(buffer, byteOffset, bytes.length), read = readers[type];
  for (let i = 0; i < length; i++) values[i] = read(view, i * itemSize, littleEndian);
  return values;
}

const hostIsLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

const readers: Record<NpyHeader["type"], (view: DataView, at: number, littleEndian: boolean) => number> = {
  b1: (view, at) => view.getUint8(at),
  i1: (view, at) => view.getInt8(at),
  u1: (view, at) => view.getUint8(at),
  i2: (view, at, little) => view.getInt16(at, little),
  u2: (view, at, little) => view.getUint16(at, little),
  i4: (view, at, little) => view.getInt32(at, little),
  u4: (view, at, little) => view.getUint32(at, little),
  i8: (view, at, little) => Number(view.getBigInt64(at, little)),
  u8: (view, at, little) => Number(view.getBigUint64(at, little)),
  f2: (view, at, little) => half(view.getUint16(at, little)),
  f4: (view, at, little) => view.getFloat32(at, little),
  f8: (view, at, little) => view.getFloat64(at, little),
};
