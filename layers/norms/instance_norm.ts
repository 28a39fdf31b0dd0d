import { OptionNames } from "../../kernels/option_names.ts";
import { checkContext, checkState, refuseMask } from "../check_pass.ts";
import { batchNorm } from "../../kernels/batch_norm.ts";
import { checkCount, checkNumber } from "../../kernels/check.ts";
import { instanceNorm, instanceNormBackward } from "../../kernels/group_norm.ts";
import { partialMoments } from "../../kernels/partial_batch_norm.ts";
import { between } from "../../kernels/passes/slices.ts";
import { type Tensor, zeros } from "../../kernels/tensor.ts";
import { type AffineInit, affineInitNames, affineParameters, affinePass } from "./affine.ts";
import type { Context, Layer, Pass, Tensors } from "../layer.ts";
import {
  type BatchStatistics,
  carryOn,
  type RunningInit,
  runningNames,
  type RunningRule,
  runningRule,
  runningState,
} from "./running.ts";
import { savedStatistics } from "./saved_statistics.ts";
import { checkFeatures, checkWhole } from "../shape.ts";

/** How an {@linkcode InstanceNorm} is made. */
export interface InstanceNormInit extends AffineInit, RunningInit {
  /** The axis of the channels, 1 by default; -1 for channels last. */
  axis?: number;
  /** Is added to the variance. Default: 1e-5. */
  epsilon?: number;
  /** Whether running statistics are kept, in the state, and used in evaluation. Default: false. */
  trackStatistics?: boolean;
}

const names = new OptionNames<InstanceNormInit>({
  ...affineInitNames,
  ...runningNames,
  axis: true,
  epsilon: true,
  trackStatistics: "flag",
});

/**
 * Instance normalization (Ulyanov, Vedaldi and Lempitsky 2016): each channel of each sample, over its positions,
 *
 *     y = (x - mean) / sqrt(variance + epsilon) * scale + bias
 *
 * With `trackStatistics` the average of a batch's means and variances carries on running ones, as in PyTorch, and evaluation uses
 * these. Parameters and state have one entry a channel.
 *
 * @example
 * ```ts
 * import { InstanceNorm } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const y = new InstanceNorm(2).evaluate(tensor(new Float32Array([1, 3, 10, 30]), [1, 2, 2]));
 * assertAlmostEquals(y.data[3], 1, 1e-5);
 * ```
 */
export class InstanceNorm implements Layer {
  /** `scale` and `bias`, unless they were declined. */
  readonly parameters: Tensors;
  /** `mean` and `variance` before training, if they are tracked. */
  readonly state: Tensors;
  /** How many channels there are. */
  readonly channels: number;
  /** The axis of the channels. */
  readonly axis: number;
  /** What is added to the variance. */
  readonly epsilon: number;
  /** How running statistics follow. */
  readonly running: Readonly<Required<RunningRule>>;

  /**
   * A layer before its training.
   *
   * @param channels How many channels there are.
   * @throws {TypeError | RangeError} If an option does not fit.
   */
  constructor(channels: number, init: InstanceNormInit = {}) {
    names.check("InstanceNorm", init);
    const { axis = 1, epsilon = 1e-5, trackStatistics = false } = init;
    checkWhole("InstanceNorm", "axis", axis);
    checkCount("InstanceNorm", "channels", channels);
    checkNumber("InstanceNorm", "epsilon", epsilon, 0);
    this.channels = channels;
    this.axis = axis;
    this.epsilon = epsilon;
    this.running = runningRule("InstanceNorm", init);
    this.parameters = affineParameters("InstanceNorm", init, [channels]);
    this.state = runningState("InstanceNorm", channels, init, trackStatistics);
  }

  /** What the kernels take. */
  get #options() {
    const { axis, epsilon } = this;
    return { ...this.parameters, axis, epsilon };
  }

  /** Normalizes by the instances' own statistics, and carries running ones on if they are tracked. */
  train(x: Tensor, state?: Tensors, context: Context = {}): Pass {
    const running = checkState("InstanceNorm.train", state, this.state);
    checkContext("InstanceNorm.train", context);
    refuseMask("InstanceNorm.train", context);
    checkFeatures("InstanceNorm.train", x, this.axis, this.channels);
    checkPositions("InstanceNorm.train", x);
    const options = this.#options, saved = savedStatistics([x.dims[0], this.channels]);
    const y = instanceNorm(x, { ...options, out: saved });
    return affinePass(
      y,
      (dy) => instanceNormBackward(x, dy, { ...options, ...saved }),
      this.state.mean ? carryOn(running, this.#average(x), this.running, context) : running,
    );
  }

  /** Normalizes by the running statistics if they are tracked, else by those of each instance. */
  evaluate(x: Tensor, state?: Tensors, context?: Context): Tensor {
    const { mean, variance } = checkState("InstanceNorm.evaluate", state, this.state);
    checkContext("InstanceNorm.evaluate", context);
    if (!this.state.mean) refuseMask("InstanceNorm.evaluate", context);
    checkFeatures("InstanceNorm.evaluate", x, this.axis, this.channels);
    if (!this.state.mean) checkPositions("InstanceNorm.evaluate", x);
    return this.state.mean ? batchNorm(x, { ...this.#options, mean, variance }) : instanceNorm(x, this.#options);
  }

  /** The average over the batch of each channel's mean and variance. */
  #average(x: Tensor): BatchStatistics {
    const { channels, epsilon } = this,
      samples = x.dims[0],
      axis = checkFeatures("InstanceNorm", x, this.axis, channels);
    const mean = zeros("float64", [channels]), variance = zeros("float64", [channels]);
    for (let n = 0; n < samples; n++) {
      const moments = partialMoments(between(x, n, n + 1), { axis, epsilon });
      for (let c = 0; c < channels; c++) {
        mean.data[c] += moments.mean[c] / samples;
        variance.data[c] += moments.variance(c) / samples;
      }
    }
    const positions = x.data.length / (samples * channels);
    return { mean, variance, count: samples === 0 ? 0 : positions };
  }
}

/** Throws if a channel of a sample is one number, which normalizes to 0 whatever it is. */
function checkPositions(operation: string, { dims }: Tensor): void {
  if (dims.length > 2) return;
  throw new RangeError(
    `${operation}: x has dims [${dims}], so that each channel of a sample is one number, and nothing would be left of it. Give it ` +
      `[samples, channels, ...] with positions, or take LayerNorm for rows of features.`,
  );
}
