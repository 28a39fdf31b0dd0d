import { checkAxis, checkInput, checkNumber, outputOf, statisticsType } from "./check.ts";
import { affineNames, backwardNames, OptionNames } from "./option_names.ts";
import type { AffineOptions, BackwardOutputs, Gradients } from "./options.ts";
import { backward, forward, type Plan } from "./passes/pass.ts";
import { standardDeviation } from "./passes/statistics.ts";
import type { DType, Tensor } from "./tensor.ts";
import { channelAxes } from "./passes/view.ts";

/** Options of {@linkcode batchNormTraining}. `scale` and `bias` have one entry a channel. */
export interface BatchNormTrainingOptions extends AffineOptions {
  /** The axis of the channels, 1 by default (NC, NCHW); -1 for channels last. */
  axis?: number;
  /** Is added to the variance. Default: 1e-5. */
  epsilon?: number;
  /** Memory for the outputs. `y` may be x itself. */
  out?: { y?: Tensor; mean?: Tensor; variance?: Tensor };
}

/** Options of {@linkcode batchNorm}. `scale` and `bias` have one entry a channel. */
export interface BatchNormOptions extends Omit<BatchNormTrainingOptions, "out"> {
  /** The mean of each channel. */
  mean: Tensor;
  /** The variance of each channel. */
  variance: Tensor;
  /** Memory for the result, which may be x itself. */
  out?: { y?: Tensor };
}

/** Options of {@linkcode batchNormBackward}: those of the forward pass. */
export interface BatchNormBackwardOptions extends Omit<BatchNormOptions, "out"> {
  /** Memory for the gradients. */
  out?: BackwardOutputs;
}

/** Options of {@linkcode batchNormTrainingBackward}: those of the forward pass. */
export interface BatchNormTrainingBackwardOptions extends Omit<BatchNormTrainingOptions, "out"> {
  /** Memory for the gradients. */
  out?: BackwardOutputs;
}

/** What {@linkcode batchNormTraining} returns. */
export interface BatchNormTrainingResult<T extends DType = DType> {
  /** The result, of x's type and dims. */
  y: Tensor<T>;
  /** The mean of each channel of this batch, NaN if the batch is empty. */
  mean: Tensor;
  /** Its population variance. (Frameworks that keep the unbiased one multiply by n / (n - 1).) */
  variance: Tensor;
}

const trainingNames = { ...affineNames, axis: true, epsilon: true } as const;
const frozenNames = { ...trainingNames, mean: true, variance: true } as const;
/** The names of options of {@linkcode batchNorm}. */
export const batchNormOptionNames = new OptionNames<BatchNormOptions>({ ...frozenNames, out: { y: true } });
/** The names of options of {@linkcode batchNormBackward}. */
export const batchNormBackwardOptionNames = new OptionNames<BatchNormBackwardOptions>({
  ...frozenNames,
  out: backwardNames,
});
/** The names of options of {@linkcode batchNormTraining}. */
export const batchNormTrainingOptionNames = new OptionNames<BatchNormTrainingOptions>({
  ...trainingNames,
  out: { y: true, mean: true, variance: true },
});
/** The names of options of {@linkcode batchNormTrainingBackward}. */
export const batchNormTrainingBackwardOptionNames = new OptionNames<BatchNormTrainingBackwardOptions>({
  ...trainingNames,
  out: backwardNames,
});

/** What {@linkcode batchNormTraining} is made of. */
export function batchNormTrainingPlan(
  operation: string,
  x: Tensor,
  options: Omit<BatchNormTrainingOptions, "out">,
): Plan {
  checkInput(operation, x, 2);
  const { axis = 1, epsilon = 1e-5 } = options;
  checkNumber(operation, "epsilon", epsilon, 0);
  const channel = checkAxis(operation, "axis", axis, x.dims);
  const dims = [x.dims[channel]];
  return {
    operation,
    axes: channelAxes(x.dims, channel),
    measure: standardDeviation(epsilon),
    parameterDims: dims,
    parametersOf: `the size of axis ${axis} of x`,
    statisticDims: dims,
  };
}

/** What {@linkcode batchNorm} is made of. */
export function batchNormPlan(operation: string, x: Tensor, options: Omit<BatchNormOptions, "out">): Plan {
  const { mean, variance } = options ?? {};
  if (mean === undefined || variance === undefined) {
    throw new TypeError(
      `${operation}: mean and variance are needed. To normalize with those of the batch itself, call batchNormTraining.`,
    );
  }
  return { ...batchNormTrainingPlan(operation, x, options), given: { mean, variance }, frozen: true };
}

/**
 * Batch normalization as it is at inference (Ioffe and Szegedy 2015), with statistics from elsewhere: for each channel,
 *
 *     y = activation((x - mean) / sqrt(variance + epsilon) * scale + bias)
 *
 * @param x A tensor of rank 2 or more.
 * @returns y, of x's type and dims: `out.y` if it was given.
 * @throws {TypeError | RangeError} If an argument does not fit; nothing is written then.
 *
 * @example
 * ```ts
 * import { batchNorm, tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const mean = tensor(new Float32Array([10, 20])), variance = tensor(new Float32Array([4, 9]));
 * const y = batchNorm(tensor(new Float32Array([12, 23]), [1, 2]), { mean, variance });
 * assertAlmostEquals(y.data[1], 1, 1e-5);
 * ```
 */
export function batchNorm<T extends DType>(x: Tensor<T>, options: BatchNormOptions): Tensor<T> {
  batchNormOptionNames.check("batchNorm", options);
  return forward(batchNormPlan("batchNorm", x, options), x, options, options.out).y;
}

/**
 * Batch normalization as it is in training (Ioffe and Szegedy 2015): for each channel, with the mean and the population
 * variance of all its elements,
 *
 *     y = activation((x - mean) / sqrt(variance + epsilon) * scale + bias)
 *
 * @param x A tensor of rank 2 or more.
 * @returns y and the statistics of the batch, in memory from `out` where it was given.
 * @throws {TypeError | RangeError} If an argument does not fit; nothing is written then.
 *
 * @example
 * ```ts
 * import { batchNormTraining, tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const { mean, variance } = batchNormTraining(tensor(new Float32Array([1, 10, 3, 30]), [2, 2]));
 * assertEquals([...mean.data], [2, 20]);
 * assertEquals([...variance.data], [1, 100]);
 * ```
 */
export function batchNormTraining<T extends DType>(
  x: Tensor<T>,
  options: BatchNormTrainingOptions = {},
): BatchNormTrainingResult<T> {
  batchNormTrainingOptionNames.check("batchNormTraining", options);
  const plan = batchNormTrainingPlan("batchNormTraining", x, options),
    { out = {} } = options,
    type = statisticsType(x.type);
  const mean = outputOf(plan.operation, "mean", out.mean, type, plan.statisticDims);
  const variance = outputOf(plan.operation, "variance", out.variance, type, plan.statisticDims);
  const { y } = forward(plan, x, options, { y: out.y, mean, variance });
  return { y, mean, variance };
}

/**
 * The gradients of {@linkcode batchNorm}, whose statistics do not depend on x:
 *
 *     dx = dy * scale / sqrt(variance + epsilon),  dScale = sum(dy (x - mean)) / sqrt(variance + epsilon),  dBias = sum(dy)
 *
 * @param x What was normalized.
 * @param dy The gradient with respect to the result, of x's type and dims.
 * @throws {TypeError | RangeError} If an argument does not fit; nothing is written then.
 *
 * @example
 * ```ts
 * import { batchNormBackward, tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const mean = tensor(new Float32Array([10, 20])), variance = tensor(new Float32Array([4, 9]));
 * const x = tensor(new Float32Array([12, 23]), [1, 2]), dy = tensor(new Float32Array([1, 1]), [1, 2]);
 * const { dx } = batchNormBackward(x, dy, { mean, variance });
 * assertAlmostEquals(dx.data[0], 0.5, 1e-5);
 * ```
 */
export function batchNormBackward<T extends DType>(
  x: Tensor<T>,
  dy: Tensor<T>,
  options: BatchNormBackwardOptions,
): Gradients<T> {
  batchNormBackwardOptionNames.check("batchNormBackward", options);
  return backward(batchNormPlan("batchNormBackward", x, options), x, dy, options, options.out);
}

/**
 * The gradients of {@linkcode batchNormTraining}, through the statistics too. With h = dy * scale and means over the elements
 * of each channel,
 *
 *     dx = (h - mean(h) - y mean(h y)) / sqrt(variance + epsilon),  dScale = sum(dy y),  dBias = sum(dy)
 *
 * where y is x normalized, before scale and bias. Statistics are computed again from x.
 *
 * @param x What was normalized.
 * @param dy The gradient with respect to the result, of x's type and dims.
 * @throws {TypeError | RangeError} If an argument does not fit; nothing is written then.
 *
 * @example A batch of two: each is normalized to 1 or -1, so nothing that is near changes them
 * ```ts
 * import { batchNormTrainingBackward, tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const x = tensor(new Float32Array([1, 3]), [2, 1]), dy = tensor(new Float32Array([5, 7]), [2, 1]);
 * const { dx } = batchNormTrainingBackward(x, dy);
 * assertAlmostEquals(dx.data[0], 0, 1e-4);
 * ```
 */
export function batchNormTrainingBackward<T extends DType>(
  x: Tensor<T>,
  dy: Tensor<T>,
  options: BatchNormTrainingBackwardOptions = {},
): Gradients<T> {
  batchNormTrainingBackwardOptionNames.check("batchNormTrainingBackward", options);
  return backward(batchNormTrainingPlan("batchNormTrainingBackward", x, options), x, dy, options, options.out);
}
