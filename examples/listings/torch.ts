/**
 * A batch norm layer in the style of PyTorch.
 *
 * @module
 */
import { type Tensor, tensor } from "../../kernels/tensor.ts";
import { BatchNorm } from "../../layers/norms/batch_norm.ts";
import { trainingBatches } from "./batches.ts";
import type { Comparison } from "./comparison.ts";
import { columnOf, mapped, rowOf, statisticsOf } from "./plain.ts";

/**
 * What the listing does: each sample by its own mean and variance, epsilon added to the variance and to its root; and the running mean
 * follows the weight.
 */
export class LiteralTorchBatchNorm {
  /** The scale, all 1. */
  readonly weight: Float64Array;
  /** The running mean, all 0 at first. */
  readonly runningMean: Float64Array;

  /** A layer over the last axis. */
  constructor(features: number) {
    this.weight = new Float64Array(features).fill(1);
    this.runningMean = new Float64Array(features);
  }

  /** The pass of training; momentum is PyTorch's, the weight of the new value. */
  train(x: Tensor, momentum = 0.1): Tensor<"float64"> {
    const { weight, runningMean } = this, epsilon = 1e-5;
    weight.forEach((value, c) => runningMean[c] = (1 - momentum) * runningMean[c] + momentum * value);
    const statistics = Array.from({ length: x.dims[0] }, (_, row) => statisticsOf(rowOf(x, row)));
    return mapped(x, (value, row, c) => {
      const { mean, variance } = statistics[row];
      return (value - mean) / (Math.sqrt(variance + epsilon) + epsilon) * weight[c];
    });
  }
}

/** Two samples of two features whose variances, of a row or a column, are all 1e-8: far less than epsilon. */
export function faintSamples(): Tensor<"float64"> {
  return tensor(Float64Array.of(1e-4, -1e-4, -1e-4, 1e-4), [2, 2]);
}

/** The listing beside {@linkcode BatchNorm}. */
export function compareTorch(): Comparison[] {
  const batches = trainingBatches(), faint = faintSamples();
  const layers = (features: number) =>
    [
      new LiteralTorchBatchNorm(features),
      new BatchNorm(features, { type: "float64", momentum: 1 - 0.1, unbiased: true }),
    ] as const;
  const [literal, right] = layers(4), [literalFaint, rightFaint] = layers(2);
  const means = [literal.train(batches[0]), right.train(batches[0], right.state).y].map((y) => columnOf(y, 0)).map(
    (feature) => statisticsOf(feature).mean,
  );
  let { state } = right;
  for (const batch of batches) ({ state } = right.train(batch, state));
  for (const batch of batches.slice(1)) literal.train(batch);

  const row = (literally: string, number: string, [literal, right]: number[]): Comparison => {
    return { listing: "B4", literally, number, literal, right };
  };
  const running = [literal.runningMean[0], state.mean.data[0]];
  const faintly = [literalFaint.train(faint), rightFaint.train(faint, rightFaint.state).y].map(({ data }) => data[0]);
  return [
    row("the running mean follows the weight", "running mean after 100 batches around 3", running),
    row("each sample by its own statistics", "mean of a feature of y over the batch", means),
    row("divides by sqrt(variance + epsilon) + epsilon", "y of a deviation, where the variance is 1e-8", faintly),
  ];
}
