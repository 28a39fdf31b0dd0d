import { OptionNames } from "../../kernels/option_names.ts";
import { batchNorm, batchNormTraining, batchNormTrainingBackward } from "../../kernels/batch_norm.ts";
import { checkNumber } from "../../kernels/check.ts";
import { type Tensor, zeros } from "../../kernels/tensor.ts";
import { BatchNorm, type BatchNormInit, batchNormNames } from "./batch_norm.ts";
import { tensorLike } from "../gradients.ts";
import type { Context, Pass, Tensors } from "../layer.ts";

/** How a {@linkcode BatchRenorm} is made. */
export interface BatchRenormInit extends BatchNormInit {
  /** How far the batch's deviation may be corrected: r is from 1 / maxScale to maxScale. Default: 3. */
  maxScale?: number;
  /** How many running deviations its mean may be corrected by: d is from -maxShift to maxShift. Default: 5. */
  maxShift?: number;
}

const names = new OptionNames<BatchRenormInit>({ ...batchNormNames, maxScale: true, maxShift: true });

/**
 * Batch renormalization (Ioffe 2017): batch normalization that in training, too, normalizes by the running statistics, up to a limit,
 * so that small batches and evaluation agree:
 *
 *     y = ((x - mean) / sigma * r + d) * scale + bias
 *     r = clip(sigma / sigma_running, 1 / maxScale, maxScale),  d = clip((mean - mean_running) / sigma_running, -maxShift, maxShift)
 *
 * with sigma = sqrt(variance + epsilon). No gradient flows through r and d. The paper begins with maxScale = 1 and maxShift = 0, which is batch
 * normalization, until running statistics are good, and goes to 3 and 5; needs `trackStatistics`.
 *
 * @example Where running statistics are those of the batch, it is batch normalization
 * ```ts
 * import { BatchRenorm } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const layer = new BatchRenorm(1);
 * const { y } = layer.train(tensor(new Float32Array([-1, 1]), [2, 1]), layer.state);
 * assertAlmostEquals(y.data[1], 1, 1e-5);
 * ```
 */
export class BatchRenorm extends BatchNorm {
  /** The limit of r. */
  readonly maxScale: number;
  /** The limit of d. */
  readonly maxShift: number;

  /**
   * A layer before its training.
   *
   * @param features How many features there are.
   * @throws {TypeError | RangeError} If an option does not fit.
   */
  constructor(features: number, init: BatchRenormInit = {}) {
    names.check("BatchRenorm", init);
    const { maxScale = 3, maxShift = 5, ...others } = init, { trackStatistics = true } = others;
    super(features, others);
    checkNumber("BatchRenorm", "maxScale", maxScale, 1);
    checkNumber("BatchRenorm", "maxShift", maxShift, 0);
    if (!trackStatistics) {
      throw new RangeError(
        "BatchRenorm: trackStatistics is false; it corrects towards running statistics. Use BatchNorm.",
      );
    }
    this.maxScale = maxScale;
    this.maxShift = maxShift;
  }

  /** The pass over a tensor without padding. */
  protected override trainRows(x: Tensor, state: Tensors, context: Context, axis: number): Pass {
    if (x.data.length === 0) return super.trainRows(x, state, context, axis); // there is nothing to correct
    const { epsilon } = this, { scale, bias } = this.parameters, statistics = this.statisticsOf();
    batchNormTraining(x, { axis, epsilon, out: statistics });
    const { r, d } = this.#corrections(statistics, state);
    const table = (entry: (c: number) => number) => filled(zeros("float64", [this.features]), entry);
    const options = {
      axis,
      epsilon,
      scale: table((c) => r[c] * (scale?.data[c] ?? 1)),
      bias: table((c) => d[c] * (scale?.data[c] ?? 1) + (bias?.data[c] ?? 0)),
    };
    return {
      y: batchNorm(x, { ...options, ...statistics }),
      state: this.carryOn(state, { ...statistics, count: x.data.length / this.features }, context),
      backward(dy) {
        // With z normalized by the batch, y = (z r + d) scale + bias: scale's gradient is r sum(dy z) + d sum(dy).
        const { dx, dScale, dBias } = batchNormTrainingBackward(x, dy, options);
        return {
          dx,
          gradients: {
            ...scale && { scale: filled(scale, (c) => r[c] * dScale!.data[c] + d[c] * dBias!.data[c]) },
            ...bias && { bias: tensorLike(bias, dBias!.data) },
          },
        };
      },
    };
  }

  #corrections(
    { mean, variance }: { mean: Tensor; variance: Tensor },
    state: Tensors,
  ): Record<"r" | "d", Float64Array> {
    const { maxScale, maxShift, epsilon, features } = this,
      r = new Float64Array(features),
      d = new Float64Array(features);
    for (let c = 0; c < features; c++) {
      const deviation = Math.sqrt(state.variance.data[c] + epsilon);
      const ratio = Math.sqrt(variance.data[c] + epsilon) / deviation;
      const shift = (mean.data[c] - state.mean.data[c]) / deviation;
      r[c] = Math.min(Math.max(ratio, 1 / maxScale), maxScale);
      d[c] = Math.min(Math.max(shift, -maxShift), maxShift);
    }
    return { r, d };
  }
}

/** A tensor like another, of other entries. */
function filled(like: Tensor, entry: (channel: number) => number): Tensor {
  const result = zeros(like.type, like.dims);
  for (let c = 0; c < result.data.length; c++) result.data[c] = entry(c);
  return result;
}
