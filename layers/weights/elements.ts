import type { NpyHeader } from "../../formats/npy_header.ts";
import { npyValues } from "../../formats/npy_values.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import { WeightsError } from "./weights_error.ts";

/**
 * The values of stored elements: float32 for float16 and float32, float64 for all others.
 *
 * @throws {WeightsError} If there is a whole number among them that float64 cannot tell from its neighbours.
 */
export function valuesOf(
  operation: string,
  element: Pick<NpyHeader, "type" | "itemSize" | "littleEndian">,
  bytes: Uint8Array,
): Float32Array | Float64Array {
  const values = npyValues(element, bytes as Uint8Array<ArrayBuffer>);
  const lost = /^[iu]8/.test(element.type) ? values.find((value) => !Number.isSafeInteger(value)) : undefined;
  if (lost !== undefined) {
    throw new WeightsError(`${operation} has the whole number ${lost}; float64 holds them exactly only below 2^53.`);
  }
  return values;
}

/** The tensor of values. */
export function tensorOf(data: Float32Array | Float64Array, dims: readonly number[]): Tensor {
  return data instanceof Float32Array ? { type: "float32", dims, data } : { type: "float64", dims, data };
}

/** Bytes as a view, not copied. */
export function bytesOf(source: Uint8Array | ArrayBuffer | Tensor["data"]): Uint8Array {
  return source instanceof ArrayBuffer
    ? new Uint8Array(source)
    : new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
}
