/**
 * Normalizations to write as graphs, run and hold against the float64 reference: calls of the same functions, by the same
 * names, in `models/` and in `kernels/reference.ts`.
 *
 * @module
 */
import * as reference from "../../kernels/reference.ts";
import type { DType, Tensor } from "../../kernels/tensor.ts";
import * as models from "../../models/mod.ts";
import { type AddNormForm, modelOf, type SymbolicResult, type SymbolicTensor } from "../../models/mod.ts";
import type { Model } from "../../onnx/mod.ts";
import { invoke, maxScaledError, type Outputs } from "./compare.ts";
import { cast, noise } from "./noise.ts";

/** A normalization whose every statistic, where it has one, is over 768 numbers. */
export interface GraphCase {
  /** The operation, for reading. */
  name: string;
  /** The function in both libraries. */
  kernel: string;
  /** The dims of x. */
  dims: number[];
  /** The options of both functions. */
  options: Options;
  /** The forms that differ, the default first, with the opset that each is written in. */
  forms: Partial<Record<AddNormForm, number>>;
  /** Tensors that are inputs of the graph besides x, and of the reference's options. */
  inputs?: (mean: number, type: DType) => Record<string, Tensor>;
  /** Whether there is a second summand. */
  residual?: true;
}

/** Options of a call, with parameters in a type. */
export type Options = (type: DType) => Record<string, unknown>;

const robustFirst = { robust: 17, decomposed: 17, fused: 17 };

/** Every operator in every form that it has. */
export const graphCases: GraphCase[] = [
  { name: "layer norm", kernel: "layerNorm", dims: [16, 768], options: affine([768]), forms: robustFirst },
  {
    name: "layer norm over channels",
    kernel: "layerNorm",
    dims: [2, 768, 3, 3],
    options: affine([768], { axes: [1] }),
    forms: { robust: 17, decomposed: 17 },
  },
  {
    name: "layer norm, BiasFree",
    kernel: "layerNorm",
    dims: [16, 768],
    options: scaled([768], { subtractMean: false }),
    forms: { robust: 17, decomposed: 17 },
  },
  {
    name: "add + layer norm",
    kernel: "addLayerNorm",
    dims: [2, 8, 768],
    options: affine([768]),
    forms: { ...robustFirst, skip: 17 },
    residual: true,
  },
  {
    name: "RMS norm",
    kernel: "rmsNorm",
    dims: [16, 768],
    options: scaled([768]),
    forms: { ...robustFirst, fused: 23 },
  },
  {
    name: "add + RMS norm",
    kernel: "addRmsNorm",
    dims: [2, 8, 768],
    options: scaled([768]),
    forms: { ...robustFirst, fused: 23, skip: 17 },
    residual: true,
  },
  {
    name: "batch norm",
    kernel: "batchNorm",
    dims: [4, 16, 12, 16],
    options: affine([16]),
    inputs: (mean, type) => ({
      mean: noise([16], { mean, deviation: 0.2, seed: 5, type }),
      variance: positive([16], 6, type),
    }),
    forms: { robust: 17, fused: 17 },
  },
  {
    name: "batch norm, training",
    kernel: "batchNormTraining",
    dims: [4, 16, 12, 16],
    options: affine([16]),
    forms: robustFirst,
  },
  {
    name: "group norm",
    kernel: "groupNorm",
    dims: [4, 32, 8, 12],
    options: affine([32], { groups: 4 }),
    forms: { ...robustFirst, fused: 21 },
  },
  { name: "instance norm", kernel: "instanceNorm", dims: [2, 8, 24, 32], options: affine([8]), forms: robustFirst },
  {
    name: "mean-variance norm",
    kernel: "meanVarianceNorm",
    dims: [4, 16, 12, 16],
    options: () => ({}),
    forms: robustFirst,
  },
  {
    name: "L1 norm",
    kernel: "lpNorm",
    dims: [16, 768],
    options: () => ({ p: 1 }),
    forms: { fused: 17, decomposed: 17 },
  },
  {
    name: "L2 norm",
    kernel: "lpNorm",
    dims: [16, 768],
    options: () => ({ p: 2 }),
    forms: { fused: 17, decomposed: 17 },
  },
  {
    name: "local response norm",
    kernel: "localResponseNorm",
    dims: [2, 16, 12, 16],
    options: () => ({ size: 5, alpha: 0.5 }),
    forms: { fused: 17, decomposed: 17 },
  },
];

/** The forms of a case, the default first. */
export function formsOf({ forms }: GraphCase): AddNormForm[] {
  return Object.keys(forms) as AddNormForm[];
}

function affine(dims: number[], options: Record<string, unknown> = {}): Options {
  return (type) => ({ ...options, scale: positive(dims, 3, type), bias: noise(dims, { seed: 4, type }) });
}

function scaled(dims: number[], options: Record<string, unknown> = {}): Options {
  return (type) => ({ ...options, scale: positive(dims, 3, type) });
}

/** Numbers around 1. */
function positive(dims: number[], seed: number, type: DType): Tensor {
  const { data } = noise(dims, { seed, deviation: 0.2 });
  return cast({ type: "float32", dims, data: data.map((number) => Math.abs(1 + number)) }, type);
}

/** The model of a case in one form, or undefined for the default; it takes what {@linkcode graphInputs} gives. */
export function graphModel(
  one: GraphCase,
  form: AddNormForm | undefined,
  type: DType = "float32",
  opset: number = one.forms[form ?? formsOf(one)[0]] ?? 17,
): Model {
  const { kernel, dims, residual } = one;
  const normalize = (models as unknown as Record<string, (...args: unknown[]) => SymbolicResult>)[kernel];
  const given = Object.keys(one.inputs?.(0, type) ?? {}).map((name) => [name, name]);
  const options = { ...one.options(type), ...Object.fromEntries(given), ...running(one, type), form };
  const symbolic = ["N", ...dims.slice(1)];
  return modelOf(
    (...tensors: SymbolicTensor[]) => normalize(...tensors, options),
    residual ? { x: symbolic, residual: symbolic } : { x: symbolic },
    { name: one.name, type, opset },
  );
}

/** With momentum 0, running statistics are those of the batch. */
function running({ kernel, dims }: GraphCase, type: DType): Record<string, unknown> {
  if (kernel !== "batchNormTraining") return {};
  return { runningMean: noise([dims[1]], { type }), runningVariance: positive([dims[1]], 6, type), momentum: 0 };
}

/** The inputs of a case: x of this mean and deviation 1. */
export function graphInputs(one: GraphCase, mean: number, type: DType = "float32"): Record<string, Tensor> {
  const { dims, residual, inputs } = one;
  const x = noise(dims, { mean, type });
  return { x, ...(residual && { residual: noise(dims, { type, seed: 2 }) }), ...inputs?.(mean, type) };
}

/**
 * What a case should give for these inputs, in float64. A sum is normalized as float32 stores it, in which float16 is added.
 */
export function graphReference(one: GraphCase, inputs: Record<string, Tensor>): Outputs {
  const { x, residual, ...rest } = inputs, { kernel } = one, options = { ...one.options(x.type), ...rest };
  if (residual) {
    const exact = reference.addLayerNorm(x, residual).sum, sum = cast(exact, x.type === "float64" ? x.type : "float32");
    const normalize = kernel === "addLayerNorm" ? "layerNorm" : "rmsNorm";
    return { ...invoke(reference, { kernel: normalize, inputs: [sum], options }), sum };
  }
  const { y, mean, variance } = invoke(reference, { kernel, inputs: [x], options });
  return kernel === "batchNormTraining" ? { y, runningMean: mean, runningVariance: variance } : { y };
}

/**
 * The largest error of what a graph gave: of `y` and `sum` in units of themselves (see `maxScaledError`), of running
 * statistics in units of the deviation, 1, or of themselves where they are larger.
 */
export function graphError(got: Outputs, want: Outputs): number {
  const errors = Object.keys(got).map((name) =>
    name.startsWith("running") ? statisticError(got[name], want[name]) : maxScaledError(got[name], want[name])
  );
  return Math.max(...errors);
}

function statisticError(got: Tensor, want: Tensor): number {
  const error = (w: number, i: number) => Math.abs(got.data[i] - w) / Math.max(1, Math.abs(w));
  const largest = Math.max(...Array.from(want.data, error));
  return Number.isNaN(largest) ? Infinity : largest;
}
