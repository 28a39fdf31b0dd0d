/**
 * How accurate the normalizations are on numbers far from zero, and on numbers that break naive formulas.
 *
 * @module
 */
import * as kernels from "../../kernels/mod.ts";
import * as reference from "../../kernels/reference.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import { type Call, invoke, maxError, maxErrorOf } from "./compare.ts";
import { noise } from "./noise.ts";

/** The means at which errors are measured; the deviation is 1 at each. */
export const means = [0, 1e2, 1e4, 1e6];

/** A normalization whose every statistic is over 768 numbers. */
export interface Norm {
  /** The operation, for reading. */
  name: string;
  /** The forward kernel; with `Backward` after it, the backward one. */
  kernel: string;
  /** The dims of x. */
  dims: number[];
  /** The options. */
  options: Record<string, unknown>;
}

/** The normalizations that are measured. */
export const norms: Norm[] = [
  { name: "layer norm", kernel: "layerNorm", dims: [64, 768], options: {} },
  { name: "RMS norm", kernel: "rmsNorm", dims: [64, 768], options: {} },
  { name: "batch norm, training", kernel: "batchNormTraining", dims: [3, 64, 16, 16], options: {} },
  { name: "batch norm, training, [N, C]", kernel: "batchNormTraining", dims: [768, 64], options: {} },
  { name: "group norm", kernel: "groupNorm", dims: [16, 32, 8, 12], options: { groups: 4 } },
  { name: "instance norm", kernel: "instanceNorm", dims: [8, 8, 24, 32], options: {} },
];

/** The call of a normalization's forward on numbers of this mean and deviation 1. */
export function forwardCall({ kernel, dims, options }: Norm, mean: number): Call {
  return { kernel, inputs: [noise(dims, { mean })], options };
}

/** The call of its backward on the same numbers, with a scale and a bias, whose gradients are wanted then. */
export function backwardCall({ kernel, dims, options }: Norm, mean: number): Call {
  const features = kernel === "layerNorm" || kernel === "rmsNorm" ? dims.at(-1)! : dims[1];
  const scale = noise([features], { mean: 1, deviation: 0.2 }), bias = noise([features]);
  const inputs = [noise(dims, { mean }), noise(dims, { seed: 2 })];
  return { kernel: `${kernel}Backward`, inputs, options: { ...options, scale, bias } };
}

/** The largest error of `y`, in units of 1, which is its deviation. */
export function forwardError(norm: Norm, mean: number): number {
  const call = forwardCall(norm, mean);
  return maxError(invoke(kernels, call).y, invoke(reference, call).y);
}

/** The largest error of each gradient, in units of that gradient (see `maxScaledError`). */
export function backwardError(norm: Norm, mean: number): number {
  const call = backwardCall(norm, mean);
  return maxErrorOf(invoke(kernels, call), invoke(reference, call));
}

/** The normalizations that subtract a mean, along memory and across it. */
export const centred: Norm[] = [
  ...norms.filter(({ kernel }) => kernel !== "rmsNorm"),
  { name: "layer norm over channels", kernel: "layerNorm", dims: [2, 768, 21], options: { axes: [1] } },
  { name: "layer norm, axes apart", kernel: "layerNorm", dims: [12, 33, 64], options: { axes: [0, 2] } },
  { name: "group norm, channels last", kernel: "groupNorm", dims: [4, 96, 32], options: { groups: 4, axis: -1 } },
  { name: "instance norm, channels last", kernel: "instanceNorm", dims: [2, 768, 19], options: { axis: -1 } },
  { name: "mean-variance norm", kernel: "meanVarianceNorm", dims: [3, 8, 16, 16], options: {} },
];

/** Scales: none, the same everywhere, nearly so, and as trained. */
export const scales = { none: undefined, constant: 0, "nearly constant": 1e-4, varied: 0.2 };

/** The backward call on numbers of mean 3, where dy has this mean and deviation 1, and scale this deviation if it is there. */
export function shiftedCall({ kernel, dims, options }: Norm, mean: number, spread: number | undefined): Call {
  const { axes, axis = 1 } = options as { axes?: number[]; axis?: number };
  const features = kernel === "layerNorm" ? (axes ?? [-1]).map((d) => dims.at(d)!) : [dims.at(axis)!];
  const scale = spread === undefined ? {} : { scale: noise(features, { mean: 2.5, deviation: spread, seed: 3 }) };
  const inputs = [noise(dims, { mean: 3 }), noise(dims, { mean, seed: 2 })];
  return { kernel: `${kernel}Backward`, inputs, options: { ...options, ...scale } };
}

/** The largest error of dx in such a call: in units of dy's deviation, or of the largest dx times the deviation of x, if that is more. */
export function shiftedErrorOf(dx: Tensor, call: Call): number {
  const want = invoke(reference, call).dx;
  let largest = 0;
  for (const value of want.data) largest = Math.max(largest, Math.abs(value));
  return maxError(dx, want) / Math.max(1, largest);
}

/** The error of the kernels in it. */
export function shiftedError(norm: Norm, mean: number, spread: number | undefined): number {
  const call = shiftedCall(norm, mean, spread);
  return shiftedErrorOf(invoke(kernels, call).dx, call);
}

/** A row that breaks naive formulas. */
export interface Edge {
  /** What is special about it, for reading. */
  name: string;
  /** The row. */
  row: Float32Array;
}

/** Rows that break naive formulas: constant, of one element, subnormal, huge, with NaN or infinity inside. */
export const edges: Edge[] = [
  { name: "one element", row: Float32Array.of(1234.5) },
  { name: "constant 0", row: new Float32Array(768) },
  { name: "constant 1e6 + 1/16", row: new Float32Array(768).fill(1e6 + 1 / 16) },
  { name: "constant 3e38", row: new Float32Array(768).fill(3e38) },
  { name: "subnormal, deviation 1e-40", row: noise([768], { deviation: 1e-40 }).data },
  { name: "deviation 1e-20", row: noise([768], { deviation: 1e-20 }).data },
  { name: "deviation 1e15", row: noise([768], { deviation: 1e15 }).data },
  { name: "deviation 1e30", row: noise([768], { deviation: 1e30 }).data },
  { name: "alternating ±3e38", row: new Float32Array(768).map((_, i) => i % 2 === 0 ? 3e38 : -3e38) },
  { name: "one NaN", row: withOne(NaN) },
  { name: "one infinity", row: withOne(Infinity) },
];

/** The call of layer norm on three rows, of which an edge is the second and noise the others. */
export function edgeCall(kernel: string, { row }: Edge): Call {
  const x = noise([3, row.length]);
  x.data.set(row, row.length);
  return { kernel, inputs: [x] };
}

/** Row `index` of a matrix. */
export function rowOf({ dims: [, columns], data, type }: Tensor, index: number): Tensor {
  return { type, dims: [columns], data: data.slice(index * columns, (index + 1) * columns) } as Tensor;
}

function withOne(value: number): Float32Array {
  const row = noise([768]).data;
  row[5] = value;
  return row;
}
