import { sizeOf, type Tensor, zeros } from "../../kernels/tensor.ts";

/** Throws unless a tensor broadcasts to dims, in ONNX's unidirectional way: each of its own is 1 or theirs, from the last on. */
export function checkBroadcast(name: string, tensor: Tensor, dims: readonly number[]): void {
  const missing = dims.length - tensor.dims.length;
  if (missing < 0 || tensor.dims.some((size, d) => size !== 1 && size !== dims[missing + d])) {
    throw new RangeError(`${name} has dims [${tensor.dims}], which cannot be broadcast to [${dims}].`);
  }
}

/** A tensor repeated along the dimensions that it lacks or has only one entry of. */
export function expand(name: string, tensor: Tensor, dims: readonly number[]): Tensor {
  checkBroadcast(name, tensor, dims);
  if (tensor.dims.length === dims.length && tensor.dims.every((size, d) => size === dims[d])) return tensor;
  const missing = dims.length - tensor.dims.length;
  const result = zeros(tensor.type, dims), size = sizeOf(dims);
  for (let i = 0; i < size; i++) {
    let from = 0, stride = 1, rest = i;
    for (let d = dims.length - 1; d >= missing; d--) {
      const extent = tensor.dims[d - missing];
      if (extent > 1) from += rest % dims[d] * stride;
      stride *= extent;
      rest = Math.floor(rest / dims[d]);
    }
    result.data[i] = tensor.data[from];
  }
  return result;
}
