import { checkTensor, type DType, sizeOf, type Tensor } from "../../kernels/tensor.ts";
import { type NpyHeader, parseNpyHeader } from "../../statistics/sources/npy_header.ts";
import { bytesOf, tensorOf, valuesOf } from "./elements.ts";
import { permuted } from "../network/permuted.ts";
import { WeightsError } from "./weights_error.ts";

const descriptions: Readonly<Record<DType, string>> = { float16: "<f2", float32: "<f4", float64: "<f8" };

/**
 * Reads a `.npy` file, numpy's format of one array. float16 is widened to float32, whole numbers and booleans to float64; arrays of
 * big-endian numbers, and those in Fortran's order, become what they are. Data that is none of this is not copied, so that the
 * tensor shares the memory of the bytes.
 *
 * @throws {WeightsError} If it is not such a file, not as long as its header says, or not of numbers.
 * @see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 *
 * @example
 * ```ts
 * import { readNpy, writeNpy } from "@evenkeel/norm/weights";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = writeNpy(tensor(new Float32Array([1, 2, 3, 4]), [2, 2]));
 * assertEquals(readNpy(bytes).dims, [2, 2]);
 * ```
 */
export function readNpy(file: Uint8Array | ArrayBuffer): Tensor {
  const bytes = bytesOf(file), header = headerOf(bytes);
  const { dims, itemSize, dataOffset, fortranOrder } = header;
  const stored = bytes.subarray(dataOffset), needed = sizeOf(dims) * itemSize;
  if (stored.length !== needed) {
    throw new WeightsError(`The npy file has dims [${dims}], which take ${needed} bytes, but stores ${stored.length}.`);
  }
  const values = valuesOf("The npy file", header, stored);
  if (!fortranOrder) return tensorOf(values, dims);
  const axes = dims.map((_, d) => dims.length - 1 - d);
  return permuted(tensorOf(values, dims.toReversed()), axes);
}

/**
 * The bytes of a `.npy` file of a tensor.
 *
 * @throws {TypeError | RangeError} If it is not a tensor.
 */
export function writeNpy(x: Tensor): Uint8Array<ArrayBuffer> {
  checkTensor("writeNpy", "x", x);
  const { type, dims, data } = x, shape = dims.length === 1 ? `${dims[0]},` : dims.join(", ");
  const dictionary = `{'descr': '${descriptions[type]}', 'fortran_order': False, 'shape': (${shape}), }`;
  // Data begins at a multiple of 64 bytes; a header of version 1 has 10 bytes before its text, and a line feed at its end.
  const start = Math.ceil((10 + dictionary.length + 1) / 64) * 64;
  const bytes = new Uint8Array(start + data.byteLength);
  bytes.set([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0]);
  new DataView(bytes.buffer).setUint16(8, start - 10, true);
  bytes.set(new TextEncoder().encode(`${dictionary.padEnd(start - 11)}\n`), 10);
  bytes.set(bytesOf(data), start);
  return bytes;
}

function headerOf(bytes: Uint8Array): NpyHeader {
  try {
    return parseNpyHeader(bytes);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new WeightsError(`The npy file cannot be read: ${error.message}`, { cause: error });
  }
}
