import { sizeOf } from "../../kernels/tensor.ts";
import type { ElementType, NumberArray, OnnxTensor } from "../element.ts";

/** Operators such as Expand make much of little: a result of more elements is not worth being made. */
const largestFolded = 2 ** 24;

/** A tensor whose elements are made when they are first read. */
export function lazy(type: ElementType, dims: readonly number[], make: () => NumberArray): OnnxTensor | undefined {
  const size = sizeOf(dims);
  if (dims.some((dim) => !Number.isInteger(dim) || dim < 0) || !(size <= largestFolded)) return undefined;
  let made: NumberArray | undefined;
  return {
    type,
    dims,
    get data() {
      return made ??= make();
    },
  } as OnnxTensor; // deno-fmt-ignore
}
