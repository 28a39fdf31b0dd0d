import { batchNorm } from "../../kernels/batch_norm.ts";
import {
  type GradientSums,
  partialGradient,
  partialGradientSums,
  partialMoments,
} from "../../kernels/partial_batch_norm.ts";
import { describe, type Tensor, tensor } from "../../kernels/tensor.ts";
import type { Communicator } from "../../statistics/ranks/communicator.ts";
import { mergeMomentsAcross } from "../../statistics/ranks/merge_across.ts";
import { sumAcross } from "../../statistics/ranks/sum_across.ts";
import { affinePass } from "./affine.ts";
import { BatchNorm, type BatchNormInit } from "./batch_norm.ts";
import { tensorLike } from "../gradients.ts";
import type { Context, Pass, Tensors } from "../layer.ts";

/**
 * Batch normalization of a batch that is spread over ranks: {@linkcode BatchNorm} with the mean and variance of the whole batch, of
 * which each rank has a share. Shares may differ in size, and some may have no samples at all.
 *
 * A step takes two messages: forward, the moments of each channel, which are merged with their counts; backward, the
 * sums of dy and dy (x - mean). Running statistics are the same on all ranks, to the last bit. The gradients of `scale` and
 * `bias`, like those of any other layer in data parallel training, are this rank's share: `sumAcross` adds them up.
 *
 * All ranks must call it in the same order, and go back in the same order.
 *
 * @example One rank alone: the same as `BatchNorm`
 * ```ts
 * import { BatchNorm, SyncBatchNorm } from "@evenkeel/norm/layers";
 * import { alone } from "@evenkeel/norm/statistics";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const x = tensor(new Float32Array([1, 10, 3, 30]), [2, 2]);
 * const synced = new SyncBatchNorm(2, alone), layer = new BatchNorm(2);
 * assertEquals(synced.train(x, synced.state).state, layer.train(x, layer.state).state);
 * ```
 */
export class SyncBatchNorm extends BatchNorm {
  /** What joins the ranks. */
  readonly communicator: Communicator;

  /**
   * A layer before its training.
   *
   * @param features How many features there are.
   * @param communicator What joins the ranks, from a `WorkerPool` or `run` of `@evenkeel/norm/mpi`; `alone` for one.
   * @throws {TypeError | RangeError} If an option does not fit.
   */
  constructor(features: number, communicator: Communicator, init: BatchNormInit = {}) {
    super(features, init);
    if (typeof communicator?.allReduce !== "function") {
      throw new TypeError(
        `SyncBatchNorm: communicator is ${
          describe(communicator)
        }; it must be what joins the ranks, \`alone\` for one. Options come third.`,
      );
    }
    this.communicator = communicator;
  }

  /** The pass over this rank's share, without padding. */
  protected override trainRows(x: Tensor, state: Tensors, context: Context, axis: number): Pass {
    const { communicator, epsilon } = this, part = { axis, epsilon };
    const moments = partialMoments(x, part);
    mergeMomentsAcross(communicator, moments);
    const { mean } = moments, variance = mean.map((_, c) => moments.variance(c)), count = moments.count[0];
    const statistics = { mean: tensor(mean), variance: tensor(variance), count };
    return affinePass(
      batchNorm(x, { ...this.parameters, ...part, mean: statistics.mean, variance: statistics.variance }),
      (dy) => {
        const sums = partialGradientSums(x, dy, { ...part, mean });
        const gradients = this.#ofParameters(sums, variance);
        sumAcross(communicator, [sums.sum, sums.product]);
        const { scale } = this.parameters;
        return { dx: partialGradient(x, dy, { ...part, mean, variance, count, sums, scale }), ...gradients };
      },
      this.carryOn(state, statistics, context),
    );
  }

  /** This rank's share of the gradients of scale, sum(dy (x - mean)) / sqrt(variance + epsilon), and bias, sum(dy); 0 of nothing. */
  #ofParameters({ sum, product }: GradientSums, variance: Float64Array): { dScale?: Tensor; dBias?: Tensor } {
    const { scale, bias } = this.parameters;
    const ofScale = product.map((p, c) => p && p / Math.sqrt(variance[c] + this.epsilon));
    return {
      ...scale && { dScale: tensorLike(scale, ofScale) },
      ...bias && { dBias: tensorLike(bias, sum) },
    };
  }
}
