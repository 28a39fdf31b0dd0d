import type { Tensor } from "../../kernels/tensor.ts";

/** One step [batch, features] of a sequence [steps, batch, features], which shares its memory. */
export function stepOf({ type, dims: [, batch, features], data }: Tensor, step: number): Tensor {
  const size = batch * features;
  return { type, dims: [batch, features], data: data.subarray(step * size, (step + 1) * size) };
}

/** All rows [steps * batch, features] of a sequence, in its memory: what one matrix product takes. */
export function rowsOf({ type, dims: [steps, batch, features], data }: Tensor): Tensor {
  return { type, dims: [steps * batch, features], data };
}

/** A copy with memory of its own. */
export function copyOf({ type, dims, data }: Tensor): Tensor {
  return { type, dims: [...dims], data: data.slice() };
}

/** sum += part */
export function add(sum: Tensor, part: Tensor): void {
  const to = sum.data, from = part.data;
  for (let i = 0; i < to.length; i++) to[i] += from[i];
}
