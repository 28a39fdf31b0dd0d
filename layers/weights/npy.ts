import { NpyError, type NpyHeader, npyHeader, parseNpyHeader } from "../../formats/npy_header.ts";
import { checkTensor, sizeOf, type Tensor } from "../../kernels/tensor.ts";
import { bytesOf, mistakenFor, tensorOf, valuesOf, viewOf } from "./elements.ts";
import { permuted } from "../network/permuted.ts";
import { WeightsError } from "./weights_error.ts";

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
  return readNpyWithin(bytesOf("readNpy", file), Infinity);
}

/** Reads a `.npy` file whose tensor has at most so many bytes. */
export function readNpyWithin(bytes: Uint8Array, limit: number): Tensor {
  const header = headerOf(bytes), { dims, type, itemSize, dataOffset, fortranOrder } = header;
  const stored = bytes.subarray(dataOffset), needed = sizeOf(dims) * itemSize;
  if (stored.length !== needed) {
    throw new WeightsError(`The npy file has dims [${dims}], which take ${needed} bytes, but stores ${stored.length}.`);
  }
  const size = sizeOf(dims) * (type === "f2" || type === "f4" ? 4 : 8);
  if (size > limit) {
    throw new WeightsError(
      `its tensor would have ${size} bytes, which is more than is allowed: raise maxBytes if you trust it.`,
    );
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
 *
 * @example
 * ```ts
 * import { readNpy, writeNpy } from "@evenkeel/norm/weights";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const x = tensor([[1, 2], [3, 4]]);
 * assertEquals(readNpy(writeNpy(x)), x);
 * ```
 */
export function writeNpy(x: Tensor): Uint8Array<ArrayBuffer> {
  checkTensor("writeNpy", "x", x);
  const header = npyHeader(x.type, x.dims), bytes = new Uint8Array(header.length + x.data.byteLength);
  bytes.set(header);
  bytes.set(viewOf(x.data), header.length);
  return bytes;
}

function headerOf(bytes: Uint8Array): NpyHeader {
  const mistaken = mistakenFor(bytes);
  if (mistaken !== undefined) throw new WeightsError(`The npy file ${mistaken}.`);
  try {
    return parseNpyHeader(bytes);
  } catch (error) {
    if (!(error instanceof NpyError)) throw error;
    throw new WeightsError(`The npy file cannot be read: byte ${error.offset}: ${error.message}`, { cause: error });
  }
}
