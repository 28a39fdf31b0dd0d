import { axesIn } from "../find/axes.ts";
import type { Norm } from "../find/norms.ts";
import { productOf, sumOf } from "../find/placed.ts";

/**
 * A normalization in float64, straight from its formula: with the mean and the mean square of the elements that share them,
 *
 *     y = gain scale (x - mean) / (sqrt(mean square + epsilon) + epsilonOutside) + bias
 *
 * Undefined if its axes do not fit the dims.
 */
export function evaluateNorm(norm: Norm, x: ArrayLike<number>, dims: readonly number[]): Float64Array | undefined {
  const line = lineOf(norm.axes, dims);
  if (line === undefined) return undefined;
  const { of, count } = line, size = x.length, sums = new Float64Array(count), counts = new Float64Array(count);
  for (let i = 0; i < size; i++) sums[of(i)] += x[i], counts[of(i)]++;
  const means = norm.centred ? sums.map((sum, i) => sum / counts[i]) : new Float64Array(count);
  const squares = new Float64Array(count);
  for (let i = 0; i < size; i++) squares[of(i)] += (x[i] - means[of(i)]) ** 2;
  const deviations = squares.map((sum, i) => Math.sqrt(sum / counts[i] + norm.epsilon) + norm.epsilonOutside);
  const scale = productOf(norm.gain, norm.scale, dims), bias = sumOf(norm.bias, dims);
  return Float64Array.from({ length: size }, (_, i) => (x[i] - means[of(i)]) / deviations[of(i)] * scale[i] + bias[i]);
}

/** Which line of elements that share statistics an element belongs to, and how many lines there are. */
function lineOf(axes: string, dims: readonly number[]): { of: (index: number) => number; count: number } | undefined {
  if (axes.startsWith("groups=")) {
    const [samples, channels, ...rest] = dims, groups = Number(axes.slice("groups=".length));
    const perGroup = channels / groups * rest.reduce((a, b) => a * b, 1);
    return { of: (index) => Math.floor(index / perGroup), count: samples * groups };
  }
  const found = axesIn(axes, dims.length);
  if (found === undefined) return undefined;
  const kept = [...dims.keys()].filter((axis) => !found.includes(axis));
  const strides = dims.map((_, axis) => dims.slice(axis + 1).reduce((a, b) => a * b, 1));
  const of = (index: number) =>
    kept.reduce((line, axis) => line * dims[axis] + Math.floor(index / strides[axis]) % dims[axis], 0);
  return { of, count: kept.reduce((count, axis) => count * dims[axis], 1) };
}
