/** The loops that a user would write: two passes over the numbers, sums in JavaScript's own float64. */
import type { Tensor } from "../../../kernels/mod.ts";

const epsilon = 1e-5;

/** Normalizes lines of `length` numbers that follow one another. */
function lines(x: ArrayLike<number>, y: Float32Array, length: number, isCentred: boolean): void {
  for (let start = 0; start < x.length; start += length) {
    let mean = 0, squares = 0;
    if (isCentred) { for (let i = start; i < start + length; i++) mean += x[i] / length; }
    for (let i = start; i < start + length; i++) squares += (x[i] - mean) ** 2;
    const scale = 1 / Math.sqrt(squares / length + epsilon);
    for (let i = start; i < start + length; i++) y[i] = (x[i] - mean) * scale;
  }
}

/** Loops by the name of the kernel. */
export const loops = {
  layerNorm: ({ data, dims }: Tensor, y: Float32Array) => lines(data, y, dims[1], true),
  rmsNorm: ({ data, dims }: Tensor, y: Float32Array) => lines(data, y, dims[1], false),
  groupNorm: ({ data, dims: [n] }: Tensor, y: Float32Array, { groups }: { groups: number }) =>
    lines(data, y, data.length / n / groups, true),
  batchNorm(
    { data, dims: [, channels, ...rest] }: Tensor,
    y: Float32Array,
    { mean, variance }: Record<string, Tensor>,
  ) {
    const plane = rest.reduce((a, b) => a * b);
    for (let start = 0; start < data.length; start += plane) {
      const channel = (start / plane) % channels, m = mean.data[channel];
      const scale = 1 / Math.sqrt(variance.data[channel] + epsilon);
      for (let i = start; i < start + plane; i++) y[i] = (data[i] - m) * scale;
    }
  },
};
