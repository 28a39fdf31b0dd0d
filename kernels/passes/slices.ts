import { type DType, sizeOf, type Tensor } from "../tensor.ts";

/** Of the parts of given dims that make up a tensor one after the other, the one at an index, in the tensor's memory. */
export function sliceOf({ type, data }: Tensor, index: number, dims: readonly number[]): Tensor {
  const size = sizeOf(dims);
  return { type, dims, data: data.subarray(index * size, (index + 1) * size) } as Tensor;
}

/** Some of a tensor along its first axis, such as samples or steps, in the tensor's memory. */
export function between<T extends DType>(
  { type, dims: [, ...rest], data }: Tensor<T>,
  start: number,
  end: number,
): Tensor<T> {
  const size = sizeOf(rest);
  return { type, dims: [end - start, ...rest], data: data.subarray(start * size, end * size) as Tensor<T>["data"] };
}
