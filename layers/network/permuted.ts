import { sizeOf, type Tensor, zeros } from "../../kernels/tensor.ts";

/** A copy of a tensor with its axes in another order: axis d of the result is axis order[d] of the tensor. */
export function permuted({ type, dims, data }: Tensor, order: readonly number[]): Tensor {
  const strides = order.map((axis) => sizeOf(dims.slice(axis + 1)));
  const result = zeros(type, order.map((axis) => dims[axis])), index = order.map(() => 0);
  let from = 0;
  for (let i = 0; i < result.data.length; i++) {
    result.data[i] = data[from];
    for (let d = order.length - 1; d >= 0; d--) {
      from += strides[d];
      if (++index[d] < result.dims[d]) break;
      from -= strides[d] * result.dims[d];
      index[d] = 0;
    }
  }
  return result;
}
