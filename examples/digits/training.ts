/**
 * Training of classifiers on the digits.
 *
 * @module
 */
import { type Tensor, tensor } from "../../kernels/tensor.ts";
import {
  BatchNorm,
  type Layer,
  LayerNorm,
  Linear,
  type Optimizer,
  random,
  ReLU,
  RMSNorm,
  Sequential,
  SGD,
  softmaxCrossEntropy,
  type Tensors,
} from "../../layers/mod.ts";
import { type LabelledDigits, shuffled } from "./digits.ts";

/** The normalizations that are compared; `"none"` is no layer at all. */
export const norms = {
  none: () => [],
  batch: (features: number) => [new BatchNorm(features)],
  layer: (features: number) => [new LayerNorm(features)],
  RMS: (features: number) => [new RMSNorm(features)],
} satisfies Record<string, (features: number) => Layer[]>;

/** The name of one of them. */
export type NormName = keyof typeof norms;

/** A multilayer perceptron for digits: 784, 128, 64, 10, with a norm before each ReLU. The same seed gives the same weights. */
export function digitMlp(norm: NormName, seed = 1): Sequential {
  const uniform = random(seed), layers: Layer[] = [];
  let inputs = 784;
  for (const size of [128, 64]) {
    layers.push(new Linear(inputs, size, { random: uniform }), ...norms[norm](size), new ReLU());
    inputs = size;
  }
  return new Sequential([...layers, new Linear(inputs, 10, { random: uniform })]);
}

/** How a model is trained. */
export interface TrainingOptions {
  /** The samples in a batch; a last one that is smaller is left out. */
  batch: number;
  /** How many steps. */
  steps: number;
  /** What draws the order of samples. Default: 1. */
  seed?: number;
  /** Takes the steps. Default: SGD of momentum 0.9 and a rate of 0.05 for batches of 64, in proportion for others (Goyal et al. 2017). */
  optimizer?: Optimizer;
  /** The rate of each step. Default: the optimizer's own for all. */
  rateOf?: (step: number) => number;
}

/** What training gives. */
export interface Trained {
  /** The running statistics at its end. */
  state: Tensors;
  /** The loss of the batch at each step. */
  losses: number[];
  /** How long it took, in seconds. */
  seconds: number;
}

/** Trains a model in place. */
export function train(model: Layer, { x, labels }: LabelledDigits, options: TrainingOptions): Trained {
  const { batch, steps, seed = 1 } = options, uniform = random(seed), losses: number[] = [];
  const optimizer = options.optimizer ?? new SGD(model.parameters, { rate: 0.05 * batch / 64, momentum: 0.9 });
  let { state } = model, order: number[] = [];
  const start = performance.now();
  for (let step = 0; step < steps; step++) {
    if (order.length < batch) order = shuffled([...labels.keys()], uniform);
    const chosen = order.splice(-batch);
    const pass = model.train(rowsOf(x, chosen), state);
    const { loss, dx } = softmaxCrossEntropy(pass.y, chosen.map((i) => labels[i]));
    if (options.rateOf) optimizer.rate = options.rateOf(step);
    optimizer.step(pass.backward(dx).gradients);
    state = pass.state;
    losses.push(loss);
  }
  return { state, losses, seconds: (performance.now() - start) / 1000 };
}

/** The share of digits that a model knows, in evaluation. */
export function accuracy(model: Layer, state: Tensors, { x, labels }: LabelledDigits): number {
  const { data, dims: [, classes] } = model.evaluate(x, state);
  let right = 0;
  labels.forEach((label, i) => {
    const row = data.subarray(i * classes, (i + 1) * classes);
    if (row.indexOf(Math.max(...row)) === label) right++;
  });
  return right / labels.length;
}

/** Some rows of a matrix. */
export function rowsOf({ data, dims: [, width] }: Tensor<"float32">, rows: readonly number[]): Tensor<"float32"> {
  const result = new Float32Array(rows.length * width);
  rows.forEach((row, i) => result.set(data.subarray(row * width, (row + 1) * width), i * width));
  return tensor(result, [rows.length, width]);
}
