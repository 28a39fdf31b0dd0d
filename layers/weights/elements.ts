import type { NpyHeader } from "../../formats/npy_header.ts";
import { npyValues } from "../../formats/npy_values.ts";
import { describe, type Tensor } from "../../kernels/tensor.ts";
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

/** The bytes of a file as a view, not copied. */
export function bytesOf(operation: string, file: Uint8Array | ArrayBuffer): Uint8Array {
  if (file instanceof ArrayBuffer) return new Uint8Array(file);
  if (ArrayBuffer.isView(file)) return viewOf(file);
  throw new TypeError(
    `${operation}: the file is ${
      describe(file)
    }; it must be its bytes, a Uint8Array or an ArrayBuffer: those of a path are read ` +
      `first, as in await Deno.readFile(path), those of a response with await response.bytes().`,
  );
}

/** The memory of an array as bytes. */
export function viewOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** What a file is that begins with a text, where it should be one of another kind; undefined if it says nothing. */
export function mistakenFor(bytes: Uint8Array): string | undefined {
  const start = new TextDecoder().decode(bytes.subarray(0, 64)).trimStart();
  if (start.startsWith("version https://git-lfs")) {
    return "is a pointer of Git LFS, which stands for the file: fetch it with `git lfs pull`";
  }
  return /^<(!doctype|html|\?xml|head|body)/i.test(start)
    ? "is a page of HTML: its address is not that of the file"
    : undefined;
}
