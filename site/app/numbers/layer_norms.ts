/** Layer norms to compare: the truth in float64, Evenkeel's, and the formula that many programs have. */
import { layerNorm } from "../../../kernels/mod.ts";
import { layerNorm as exact } from "../../../kernels/reference.ts";
import type { Tensor } from "../../../kernels/mod.ts";
import { normal, random } from "../../../layers/network/random.ts";

/** How many values a sample has. */
export const width = 256;

/** The means of the figure: 0, and 1 to 1e7 in tenths of a decade. */
export const means: readonly number[] = [0, ...Array.from({ length: 71 }, (_, i) => 10 ** (i / 10))];

const epsilon = 1e-5;
const noise = (() => {
  const next = normal(random(1));
  return Float64Array.from({ length: width }, next);
})();

/** The same sample at every mean, a row each. */
export function samples(deviation: number): Tensor<"float32"> {
  const data = new Float32Array(means.length * width);
  means.forEach((mean, row) => data.set(noise.map((z) => mean + deviation * z), row * width));
  return { type: "float32", dims: [means.length, width], data };
}

/** The truth: float64, of the numbers that float32 made of the sample. */
export function truth(x: Tensor): Tensor {
  return exact(x, { epsilon }).y;
}

/** Evenkeel's kernel. */
export function ours(x: Tensor<"float32">): Tensor<"float32"> {
  return layerNorm(x, { epsilon });
}

/** `E[x²] - E[x]²` in float32, as many programs have it. */
export function naive({ type, dims, data }: Tensor<"float32">): Tensor<"float32"> {
  const y = new Float32Array(data.length), { fround } = Math;
  for (let start = 0; start < data.length; start += width) {
    let sum = 0, squares = 0;
    for (const value of data.subarray(start, start + width)) {
      sum = fround(sum + value);
      squares = fround(squares + fround(value * value));
    }
    const mean = fround(sum / width), variance = fround(fround(squares / width) - fround(mean * mean));
    const scale = fround(1 / fround(Math.sqrt(fround(variance + epsilon))));
    for (let i = start; i < start + width; i++) y[i] = fround(fround(data[i] - mean) * scale);
  }
  return { type, dims, data: y };
}

/** The largest error of each row; NaN where a value is none. */
export function errors(y: ArrayLike<number>, want: Tensor): number[] {
  return means.map((_, row) => {
    let worst = 0;
    for (let i = row * width; i < (row + 1) * width; i++) {
      const error = Math.abs(y[i] - want.data[i]);
      if (!(error <= worst)) worst = error;
    }
    return worst;
  });
}
