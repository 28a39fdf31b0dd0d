import { type NameList, OptionNames } from "../../kernels/option_names.ts";
import { checkContext, checkState } from "../check_pass.ts";
import {
  batchNorm,
  batchNormBackward,
  batchNormTraining,
  batchNormTrainingBackward,
} from "../../kernels/batch_norm.ts";
import { checkAlike, checkCount, checkNumber } from "../../kernels/check.ts";
import { type Tensor, zeros } from "../../kernels/tensor.ts";
import { type AffineInit, affineInitNames, affineParameters, affinePass } from "./affine.ts";
import { FrozenBatchNorm } from "./frozen_batch_norm.ts";
import type { Context, Layer, Pass, Tensors } from "../layer.ts";
import { MaskedRows } from "./mask.ts";
import { carryOn, type RunningInit, runningNames, type RunningRule, runningRule, runningState } from "./running.ts";
import { checkFeatures, checkWhole } from "../shape.ts";

/** How a {@linkcode BatchNorm} is made. */
export interface BatchNormInit extends AffineInit, RunningInit {
  /** The axis of the features, which is kept: 1 by default (NC, NCHW); -1 for channels last. */
  axis?: number;
  /** Is added to the variance. Default: 1e-5. */
  epsilon?: number;
  /**
   * Whether running statistics are kept, in the state, and used in evaluation. Without them there is no state, and evaluation too
   * uses the statistics of its batch. Default: true.
   */
  trackStatistics?: boolean;
  /**
   * Whether training too normalizes by the running statistics and leaves them as they are, while scale and bias are trained: for
   * fine-tuning, as PyTorch does where such a layer is in `eval()`. Default: false.
   */
  fixedStatistics?: boolean;
}

/** The names of {@linkcode BatchNormInit}. */
export const batchNormNames: NameList<BatchNormInit> = {
  ...affineInitNames,
  ...runningNames,
  axis: true,
  epsilon: true,
  trackStatistics: "flag",
  fixedStatistics: "flag",
};
const names = new OptionNames<BatchNormInit>(batchNormNames);

/**
 * Batch normalization (Ioffe and Szegedy 2015) with running statistics: in training
 *
 *     y = (x - mean) / sqrt(variance + epsilon) * scale + bias,  running = running * momentum + batch * (1 - momentum)
 *
 * with the mean and the population variance of each feature of the batch; in evaluation with the running ones. Parameters
 * `scale` and `bias`, and state `mean` and `variance` (float64), have one entry a feature; a cumulative average also has the number of
 * its `batches`.
 *
 * With a `mask` in the context, padding is neither counted nor normalized: y and dx are 0 there.
 *
 * @example Two batches, then evaluation
 * ```ts
 * import { BatchNorm } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const layer = new BatchNorm(1, { momentum: "cumulative" });
 * const batch = (...values: number[]) => tensor(new Float32Array(values), [values.length, 1]);
 * let { state } = layer.train(batch(1, 3), layer.state);
 * ({ state } = layer.train(batch(5, 7), state));
 * assertEquals(state.mean.data[0], 4);
 * const y = layer.evaluate(batch(4), state);
 * assertEquals(y.data[0], 0);
 * ```
 */
export class BatchNorm implements Layer {
  /** `scale` and `bias`, unless they were declined. */
  readonly parameters: Tensors;
  /** `mean` and `variance` before training, unless they were declined. */
  readonly state: Tensors;
  /** The axis of the features. */
  readonly axis: number;
  /** What is added to the variance. */
  readonly epsilon: number;
  /** How many features there are. */
  readonly features: number;
  /** How running statistics follow. */
  readonly running: Readonly<Required<RunningRule>>;
  /** Whether training too normalizes by the running statistics. */
  readonly fixedStatistics: boolean;

  /**
   * A layer before its training.
   *
   * @param features How many features there are.
   * @throws {TypeError | RangeError} If an option does not fit.
   */
  constructor(features: number, init: BatchNormInit = {}) {
    const operation = this.constructor.name;
    names.check(operation, init);
    const { axis = 1, epsilon = 1e-5, trackStatistics = true, fixedStatistics = false } = init;
    checkWhole(operation, "axis", axis);
    checkCount(operation, "features", features);
    checkNumber(operation, "epsilon", epsilon, 0);
    if (fixedStatistics && !trackStatistics) {
      throw new TypeError(`${operation}: fixedStatistics needs running statistics; leave trackStatistics out.`);
    }
    this.fixedStatistics = fixedStatistics;
    this.features = features;
    this.axis = axis;
    this.epsilon = epsilon;
    this.running = runningRule(operation, init);
    this.parameters = affineParameters(operation, init, [features]);
    this.state = runningState(operation, features, init, trackStatistics);
  }

  /**
   * Normalizes by the statistics of the batch, and carries the running ones on, unless they are fixed.
   *
   * @throws {TypeError | RangeError} If x does not fit, or the state is missing.
   */
  train(x: Tensor, state?: Tensors, context: Context = {}): Pass {
    const operation = `${this.constructor.name}.train`, running = checkState(operation, state, this.state);
    checkContext(operation, context);
    const axis = checkFeatures(operation, x, this.axis, this.features), rows = rowsOf(operation, x, axis, context);
    const pass = (x: Tensor, axis: number) =>
      this.fixedStatistics ? this.#fixedRows(x, running, axis) : this.trainRows(x, running, context, axis);
    return rows
      ? throughRows(`${this.constructor.name}.backward`, x, rows, (compact) => pass(compact, 1))
      : pass(x, axis);
  }

  /** The pass by the running statistics, which stay. */
  #fixedRows(x: Tensor, state: Tensors, axis: number): Pass {
    const { mean, variance } = state, options = { ...this.parameters, mean, variance, axis, epsilon: this.epsilon };
    return affinePass(batchNorm(x, options), (dy) => batchNormBackward(x, dy, options), state);
  }

  /** The pass over a tensor without padding. */
  protected trainRows(x: Tensor, state: Tensors, context: Context, axis: number): Pass {
    const options = { ...this.parameters, axis, epsilon: this.epsilon };
    const { y, ...statistics } = batchNormTraining(x, { ...options, out: this.statisticsOf() });
    return affinePass(
      y,
      (dy) => batchNormTrainingBackward(x, dy, options),
      this.carryOn(state, { ...statistics, count: x.data.length / this.features }, context),
    );
  }

  /** Memory for the statistics of a batch, in float64. */
  protected statisticsOf(): { mean: Tensor; variance: Tensor } {
    return { mean: zeros("float64", [this.features]), variance: zeros("float64", [this.features]) };
  }

  /** The state after a batch. */
  protected carryOn(
    state: Tensors,
    statistics: { mean: Tensor; variance: Tensor; count: number },
    context: Context,
  ): Tensors {
    return this.state.mean ? carryOn(state, statistics, this.running, context) : state;
  }

  /** Normalizes by the running statistics; without any, by those of the batch. */
  evaluate(x: Tensor, state?: Tensors, context: Context = {}): Tensor {
    const operation = `${this.constructor.name}.evaluate`, running = checkState(operation, state, this.state);
    checkContext(operation, context);
    if (!this.state.mean) return this.train(x, {}, context).y;
    const axis = checkFeatures(operation, x, this.axis, this.features), rows = rowsOf(operation, x, axis, context);
    const { mean, variance } = running, options = { ...this.parameters, mean, variance, epsilon: this.epsilon };
    return rows ? rows.scatter(batchNorm(rows.gather(x), options)) : batchNorm(x, { ...options, axis });
  }

  /**
   * The layer as one multiplication and one addition for each element, with the running statistics as they are now: what
   * inference needs.
   *
   * @throws {TypeError} If the layer keeps no running statistics, or the state is missing.
   */
  freeze(state: Tensors): FrozenBatchNorm {
    const operation = `${this.constructor.name}.freeze`;
    if (!this.state.mean) {
      throw new TypeError(
        `${operation}: the layer keeps no running statistics to freeze; make it with trackStatistics.`,
      );
    }
    const { mean, variance } = checkState(operation, state, this.state);
    return FrozenBatchNorm.of({ ...this.parameters, mean, variance, epsilon: this.epsilon }, { axis: this.axis });
  }
}

/** The positions that a mask lets through; undefined without a mask. */
function rowsOf(operation: string, x: Tensor, axis: number, { mask }: Context): MaskedRows | undefined {
  return mask && new MaskedRows(operation, x, axis, mask);
}

/** A pass over those positions alone. */
function throughRows(operation: string, x: Tensor, rows: MaskedRows, train: (rows: Tensor) => Pass): Pass {
  const { y, state, backward } = train(rows.gather(x));
  return {
    y: rows.scatter(y),
    state,
    backward(dy) {
      checkAlike(operation, "dy", dy, x);
      const { dx, gradients } = backward(rows.gather(dy));
      return { dx: rows.scatter(dx), gradients };
    },
  };
}
