import { checkDimensions, checkTensor, describe, type DType, sizeOf, type Tensor } from "./tensor.ts";

/**
 * A tensor's elements in other dims. The memory is the tensor's own: nothing is copied.
 *
 * @param dims The new dims, of as many elements; one of them may be -1, which is what the others leave.
 * @throws {TypeError | RangeError} If dims do not fit.
 *
 * @example Images as rows
 * ```ts
 * import { reshape, zeros } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const images = zeros("float32", [8, 1, 28, 28]);
 * assertEquals(reshape(images, [8, -1]).dims, [8, 784]);
 * ```
 */
export function reshape<T extends DType>(x: Tensor<T>, dims: readonly number[]): Tensor<T> {
  checkTensor("reshape", "x", x);
  if (!Array.isArray(dims)) {
    throw new TypeError(`reshape: dims are ${describe(dims)}; they must be a list, as in [2, -1].`);
  }
  const open = dims.filter((dim) => dim === -1).length;
  const known = checkDimensions("reshape", "the result", dims.filter((dim) => dim !== -1));
  const left = open === 1 && known > 0 ? x.data.length / known : -1;
  const found = dims.map((dim) => dim === -1 ? left : dim);
  if (open > 1 || !found.every((dim) => Number.isInteger(dim) && dim >= 0) || sizeOf(found) !== x.data.length) {
    throw new RangeError(
      `reshape: x has dims [${x.dims}], which is ${x.data.length} elements; they cannot have dims [${dims}]. Dims must be as many ` +
        `elements; at most one may be -1, for what the others leave.`,
    );
  }
  const { type, data } = x;
  return { type, dims: found, data };
}
