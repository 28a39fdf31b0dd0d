/**
 * The models that are committed as .onnx files: every normalization in every form, and the blocks, with seeded weights.
 *
 * @module
 */
import { batchNormTable, foldTable } from "../layers/norms/batch_norm_table.ts";
import * as models from "../models/mod.ts";
import {
  type AddNormForm,
  applyTable,
  batchNorm,
  conv,
  gru,
  layerNormMlp,
  linearLayerNorm,
  lstm,
  modelOf,
  type ModelOfOptions,
  restormerLayerNorm,
  rnn,
  type SymbolicResult,
  type SymbolicTensor,
} from "../models/mod.ts";
import type { Dim, Model } from "../onnx/mod.ts";
import type { Tensor } from "../kernels/tensor.ts";
import { cast, noise } from "./judge/noise.ts";

/** A file and its model. */
export interface ModelFile {
  /** The path under models/files/. */
  path: string;
  /** What it holds. */
  model: Model;
}

/** Every file. The same call gives the same bytes. */
export function modelFiles(): ModelFile[] {
  return [...operators.flatMap(operatorFiles), ...blocks()];
}

/* ---- Operators: every parameter is an input, so that a file serves whoever has them ------------------------------- */

interface Operator {
  path: string;
  kernel: string;
  inputs: Record<string, readonly Dim[]>;
  options: Record<string, unknown>;
  /** The forms, with the opset of each. */
  forms: Partial<Record<AddNormForm, number>>;
  says: string;
}

const rows = { x: ["N", 768] }, sums = { x: ["N", "T", 768], residual: ["N", "T", 768] };
const images = { x: ["N", 32, "H", "W"] };
const affine = { scale: "scale", bias: "bias" }, scaled = { scale: "scale" };
const all = { robust: 17, decomposed: 17, fused: 17 }, two = { robust: 17, decomposed: 17 };
const standardized = "(x - mean) / sqrt(variance + 1e-5) * scale + bias";

const operators: Operator[] = [
  {
    path: "layer_norm",
    kernel: "layerNorm",
    inputs: rows,
    options: affine,
    forms: all,
    says: `Layer normalization of rows of 768: ${standardized}.`,
  },
  {
    path: "layer_norm_channels",
    kernel: "layerNorm",
    inputs: images,
    options: { ...affine, axes: [1] },
    forms: two,
    says: `Layer normalization over the 32 channels of each pixel: ${standardized}.`,
  },
  {
    path: "layer_norm_bias_free",
    kernel: "layerNorm",
    inputs: rows,
    options: { ...scaled, subtractMean: false },
    forms: two,
    says: "Restormer's BiasFree layer normalization of rows of 768: x / sqrt(variance + 1e-5) * scale.",
  },
  {
    path: "add_layer_norm",
    kernel: "addLayerNorm",
    inputs: sums,
    options: affine,
    forms: { ...all, skip: 17 },
    says: `sum = x + residual, and its layer normalization over 768 features: ${standardized}.`,
  },
  {
    path: "rms_norm",
    kernel: "rmsNorm",
    inputs: rows,
    options: scaled,
    forms: { ...two, fused: 23 },
    says: "RMS normalization of rows of 768: x / sqrt(mean(x^2) + 1e-5) * scale.",
  },
  {
    path: "add_rms_norm",
    kernel: "addRmsNorm",
    inputs: sums,
    options: scaled,
    forms: { ...two, fused: 23, skip: 17 },
    says: "sum = x + residual, and its RMS normalization over 768 features: sum / sqrt(mean(sum^2) + 1e-5) * scale.",
  },
  {
    path: "batch_norm",
    kernel: "batchNorm",
    inputs: images,
    options: { ...affine, mean: "mean", variance: "variance" },
    forms: { robust: 17, fused: 17 },
    says: `Batch normalization of 32 channels at inference: ${standardized}.`,
  },
  {
    path: "batch_norm_training",
    kernel: "batchNormTraining",
    inputs: images,
    options: { ...affine, runningMean: "running_mean", runningVariance: "running_variance" },
    forms: all,
    says: `Batch normalization of 32 channels in training: ${standardized}, running = 0.9 running + 0.1 batch.`,
  },
  {
    path: "group_norm",
    kernel: "groupNorm",
    inputs: images,
    options: { ...affine, groups: 8 },
    forms: { ...two, fused: 21 },
    says: `Group normalization of 32 channels in 8 groups: ${standardized}.`,
  },
  {
    path: "instance_norm",
    kernel: "instanceNorm",
    inputs: images,
    options: affine,
    forms: all,
    says: `Instance normalization of 32 channels: ${standardized}.`,
  },
  {
    path: "mean_variance_norm",
    kernel: "meanVarianceNorm",
    inputs: images,
    options: {},
    forms: all,
    says: "Mean and variance normalization of each channel over the batch: (x - mean) / (sqrt(variance) + 1e-9).",
  },
  {
    path: "l1_norm",
    kernel: "lpNorm",
    inputs: rows,
    options: { p: 1 },
    forms: { fused: 17, decomposed: 17 },
    says: "L1 normalization of rows of 768: x / sum(|x|).",
  },
  {
    path: "l2_norm",
    kernel: "lpNorm",
    inputs: rows,
    options: { p: 2 },
    forms: { fused: 17, decomposed: 17 },
    says: "L2 normalization of rows of 768: x / sqrt(sum(x^2)).",
  },
  {
    path: "local_response_norm",
    kernel: "localResponseNorm",
    inputs: images,
    options: { size: 5 },
    forms: { fused: 17, decomposed: 17 },
    says: "Local response normalization over windows of 5 channels: x / (1 + 1e-4 / 5 * sum(x^2))^0.75.",
  },
];

function operatorFiles({ path, kernel, inputs, options, forms, says }: Operator): ModelFile[] {
  const normalize = (models as unknown as Record<string, (...args: unknown[]) => SymbolicResult>)[kernel];
  return Object.entries(forms).map(([form, opset]) => ({
    path: `operators/${path}_${form}.onnx`,
    model: described((...tensors) => normalize(...tensors, { ...options, form }), inputs, {
      name: `${path}_${form}`,
      opset,
      docString: `${says} Written in its ${form} form.`,
      metadata: { normalization: kernel, form },
    }),
  }));
}

/* ---- Blocks: weights are stored, and small -------------------------------------------------------------------------- */

function blocks(): ModelFile[] {
  return [linearModel(), mlp(), ...recurrent(), ...restormer(), ...batchNormFolded()];
}

function linearModel(): ModelFile {
  const norm = { scale: positive([50], 3), bias: small([50], 4), name: "norm" };
  return block(
    "linear_layer_norm",
    "Linear from 100 to 50 features, then LayerNorm over the 50.",
    { x: ["N", 100] },
    (x) => linearLayerNorm(x, { linear: layer(100, 50, 1, "linear"), norm }),
  );
}

function mlp(): ModelFile {
  const sizes = [100, 64, 32];
  const hidden = sizes.slice(1).map((outputs, i) => ({
    linear: layer(sizes[i], outputs, 10 * i + 1, `linear${i + 1}`),
    norm: { scale: positive([outputs], 10 * i + 3), bias: small([outputs], 10 * i + 4), name: `norm${i + 1}` },
  }));
  const says = "An MLP of 100 inputs, hidden layers of 64 and 32, each Linear, LayerNorm, ReLU, and 10 outputs.";
  return block(
    "layer_norm_mlp",
    says,
    { x: ["N", 100] },
    (x) => layerNormMlp(x, { hidden, output: layer(32, 10, 21, "output") }),
  );
}

function recurrent(): ModelFile[] {
  const inputs = { x: ["T", "N", 8] }, name = "layer";
  const weights = (gates: number) => ({
    inputWeight: drawn([gates * 16, 8], 1),
    hiddenWeight: drawn([gates * 16, 16], 2),
  });
  const affine = { scale: positive([16], 3), bias: small([16], 4) };
  const affines = (gates: number) => ({
    inputScale: positive([gates * 16], 3),
    hiddenScale: positive([gates * 16], 4),
    inputBias: small([gates * 16], 5),
    hiddenBias: small([gates * 16], 6),
  });
  const cell = { cellScale: positive([16], 7), cellBias: small([16], 8) };
  const norm = "layer" as const;
  const says = (kind: string) =>
    `A layer-normalized ${kind} of 8 inputs and 16 hidden units over T steps (Ba, Kiros and Hinton 2016).`;
  return [
    block("layer_norm_rnn", says("RNN"), inputs, (x) => ({ ...rnn(x, { ...weights(1), ...affine, norm, name }) })),
    block(
      "layer_norm_lstm",
      says("LSTM"),
      inputs,
      (x) => ({ ...lstm(x, { ...weights(4), ...affines(4), ...cell, norm, name }) }),
    ),
    block("layer_norm_gru", says("GRU"), inputs, (x) => ({ ...gru(x, { ...weights(3), ...affines(3), norm, name }) })),
  ];
}

function restormer(): ModelFile[] {
  const images = { x: ["N", 48, "H", "W"] }, scale = positive([48], 3), bias = small([48], 4);
  const says = (formula: string) => `Restormer's layer norm over 48 channels, through to_3d and to_4d: ${formula}.`;
  return [
    block(
      "restormer_with_bias",
      says("(x - mean) / sqrt(variance + 1e-5) * weight + bias"),
      images,
      (x) => restormerLayerNorm(x, { kind: "WithBias", scale, bias, name: "norm" }),
    ),
    block(
      "restormer_bias_free",
      says("x / sqrt(variance + 1e-5) * weight"),
      images,
      (x) => restormerLayerNorm(x, { kind: "BiasFree", scale, name: "norm" }),
    ),
  ];
}

function batchNormFolded(): ModelFile[] {
  const images = { x: ["N", 3, "H", "W"] };
  const weights = { weight: small([8, 3, 3, 3], 1), bias: small([8], 2) };
  const norm = { scale: positive([8], 3), bias: small([8], 4), mean: small([8], 5), variance: positive([8], 6) };
  const table = batchNormTable(norm), folded = foldTable(weights, table);
  const slope = cast(table.slope, "float32"), shift = cast(table.shift, "float32");
  return [
    block(
      "conv_batch_norm",
      "A convolution, then batch normalization at inference.",
      images,
      (x) => batchNorm(conv(x, { ...weights, name: "conv" }), { ...norm, form: "fused", name: "norm" }),
    ),
    block(
      "conv_batch_norm_table",
      "A convolution, then batch normalization as its table: x * slope + shift.",
      images,
      (x) => applyTable(conv(x, { ...weights, name: "conv" }), { slope, shift, name: "table" }),
    ),
    block(
      "conv_batch_norm_folded",
      "A convolution that batch normalization is folded into.",
      images,
      (x) => conv(x, { ...folded, name: "conv" }),
    ),
  ];
}

function block(
  name: string,
  docString: string,
  inputs: Record<string, readonly Dim[]>,
  compute: (x: SymbolicTensor) => SymbolicResult,
): ModelFile {
  const metadata = { block: name, weights: "seeded, not trained" };
  return { path: `blocks/${name}.onnx`, model: described(compute, inputs, { name, docString, metadata }) };
}

function described(
  compute: (...inputs: SymbolicTensor[]) => SymbolicResult,
  inputs: Record<string, readonly Dim[]>,
  { metadata, ...options }: ModelOfOptions,
): Model {
  return modelOf(compute, inputs, { opset: 17, ...options, metadata: { ...metadata, license: "MIT" } });
}

/** Weights for sums of about the size of the inputs (Glorot and Bengio 2010). */
function layer(inputs: number, outputs: number, seed: number, name: string) {
  return { weight: small([outputs, inputs], seed), bias: small([outputs], seed + 1), name };
}

/** Weights of outputs by inputs. */
function drawn(dims: number[], seed: number): Tensor<"float32"> {
  return noise(dims, { seed, deviation: 1 / Math.sqrt(dims[1]) });
}

function small(dims: number[], seed: number): Tensor<"float32"> {
  const fanIn = dims.length === 4 ? dims[1] * dims[2] * dims[3] : dims.length === 2 ? dims[0] : 25;
  return noise(dims, { seed, deviation: 1 / Math.sqrt(fanIn) });
}

function positive(dims: number[], seed: number): Tensor<"float32"> {
  const tensor = noise(dims, { seed, deviation: 0.2 });
  return { ...tensor, data: tensor.data.map((number) => Math.abs(1 + number)) };
}
