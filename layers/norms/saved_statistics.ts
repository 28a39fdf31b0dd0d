import { type Tensor, zeros } from "../../kernels/tensor.ts";

/** Memory for statistics that a backward pass need not compute again; float64 keeps means far from 0. */
export function savedStatistics(dims: readonly number[]): { mean: Tensor; invStdDev: Tensor } {
  return { mean: zeros("float64", dims), invStdDev: zeros("float64", dims) };
}
