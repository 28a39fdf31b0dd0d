/**
 * A batch norm layer in the style of Keras.
 *
 * @module
 */
import type { Tensor } from "../../kernels/tensor.ts";
import { BatchNorm } from "../../layers/norms/batch_norm.ts";
import { trainingBatches } from "./batches.ts";
import type { Comparison } from "./comparison.ts";
import { columnOf, mapped, statisticsOf } from "./plain.ts";

/**
 * What the listing does: gamma starts at zero, is given as the offset as well as the scale, and the moving statistics stay where
 * they start, since training never assigns them.
 */
export class LiteralKerasBatchNorm {
  /** The scale, and the offset too. */
  readonly gamma: Float64Array;
  /** The moving mean, all 0. */
  readonly movingMean: Float64Array;
  /** The moving variance, all 1. */
  readonly movingVariance: Float64Array;

  /** A layer over the last axis. */
  constructor(features: number) {
    this.gamma = new Float64Array(features);
    this.movingMean = new Float64Array(features);
    this.movingVariance = new Float64Array(features).fill(1);
  }

  /** By the statistics of the batch. */
  train(x: Tensor): Tensor<"float64"> {
    const statistics = Array.from(this.gamma, (_, c) => statisticsOf(columnOf(x, c)));
    return this.#normalized(x, statistics.map(({ mean }) => mean), statistics.map(({ variance }) => variance));
  }

  /** By the moving statistics. */
  evaluate(x: Tensor): Tensor<"float64"> {
    return this.#normalized(x, this.movingMean, this.movingVariance);
  }

  #normalized(x: Tensor, mean: ArrayLike<number>, variance: ArrayLike<number>): Tensor<"float64"> {
    const { gamma } = this, epsilon = 1e-5;
    return mapped(x, (value, _, c) => (value - mean[c]) / Math.sqrt(variance[c] + epsilon) * gamma[c] + gamma[c]);
  }
}

/** The listing beside {@linkcode BatchNorm}. */
export function compareKeras(): Comparison[] {
  const batches = trainingBatches(), [x] = batches;
  const literal = new LiteralKerasBatchNorm(4), right = new BatchNorm(4, { type: "float64", momentum: 0.9 });
  const ofFirst = (y: Tensor) => statisticsOf(columnOf(y, 0));

  const atStart = [literal.train(x), right.train(x, right.state).y].map((y) => ofFirst(y).variance);
  literal.gamma.fill(2);
  right.parameters.scale.data.fill(2);
  right.parameters.bias.data.fill(0.5);
  const learned = [literal.train(x), right.train(x, right.state).y].map((y) => ofFirst(y).mean);
  let { state } = right;
  for (const batch of batches) {
    literal.train(batch);
    ({ state } = right.train(batch, state));
  }
  const evaluated = [literal.evaluate(x), right.evaluate(x, state)].map((y) => ofFirst(y).variance);

  const row = (literally: string, number: string, [literal, right]: number[]): Comparison => {
    return { listing: "B3", literally, number, literal, right };
  };
  const still = "moving statistics are never updated";
  return [
    row("gamma starts at zero", "variance of a feature of y, at the start", atStart),
    row("gamma is the offset too", "mean of a feature of y, with gamma 2 and beta 0.5", learned),
    row(still, "moving mean after 100 batches around 3", [literal.movingMean[0], state.mean.data[0]]),
    row(still, "variance of a feature of y in evaluation, gamma 2", evaluated),
  ];
}
