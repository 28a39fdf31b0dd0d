import { type Tensor, zeros } from "../kernels/tensor.ts";
import type { Tensors } from "./layer.ts";

/** The sum of two tensors of the same dims, or the one that is there. */
export function plus(a: Tensor | undefined, b: Tensor | undefined): Tensor | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const data = a.data.slice();
  for (let i = 0; i < data.length; i++) data[i] += b.data[i];
  return { ...a, data };
}

/** The sums of gradients by name. */
export function summed(parts: readonly Tensors[]): Tensors {
  const sums: Record<string, Tensor> = {};
  for (const part of parts) {
    for (const [name, gradient] of Object.entries(part)) sums[name] = plus(sums[name], gradient)!;
  }
  return sums;
}

/** A tensor times a number. */
export function scaled(tensor: Tensor, factor: number): Tensor {
  const data = tensor.data.slice();
  for (let i = 0; i < data.length; i++) data[i] *= factor;
  return { ...tensor, data };
}

/** Values, such as sums in float64, as a tensor of the type and dims of another. */
export function tensorLike({ type, dims }: Tensor, values: ArrayLike<number>): Tensor {
  const result = zeros(type, dims);
  result.data.set(values);
  return result;
}
