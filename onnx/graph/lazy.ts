import { sizeOf } from "../../kernels/tensor.ts";
import type { ElementType, NumberArray, OnnxTensor } from "../element.ts";

/** More dimensions than any operator takes, whose rules would take time by the square of them. */
export const highestRank = 64;

/** A tensor whose elements are made when they are first read; undefined if its dims are none. */
export function lazy(type: ElementType, dims: readonly number[], make: () => NumberArray): OnnxTensor | undefined {
  if (dims.length > highestRank || dims.some((dim) => !Number.isInteger(dim) || dim < 0)) return undefined;
  if (!Number.isSafeInteger(sizeOf(dims))) return undefined;
  let made: NumberArray | undefined;
  return {
    type,
    dims,
    get data() {
      return made ??= make();
    },
  } as OnnxTensor; // deno-fmt-ignore
}
