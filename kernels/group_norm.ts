import { checkAxis, checkCount, checkInput, checkNumber } from "./check.ts";
import { affineNames, backwardNames, forwardNames, OptionNames, savedNames } from "./option_names.ts";
import type { AffineOptions, BackwardOutputs, ForwardOutputs, Gradients, SavedStatistics } from "./options.ts";
import { backward, forward, type Plan, withSaved } from "./passes/pass.ts";
import { standardDeviation } from "./passes/statistics.ts";
import type { DType, Tensor } from "./tensor.ts";
import { groupAxes } from "./passes/view.ts";

/** Options of {@linkcode instanceNorm}. `scale` and `bias` have one entry a channel. */
export interface InstanceNormOptions extends AffineOptions {
  /** The axis of the channels, 1 by default (NCHW); -1 for channels last. It cannot be 0, the axis of samples. */
  axis?: number;
  /** Is added to the variance. Default: 1e-5. */
  epsilon?: number;
  /** Memory for the outputs. Statistics have dims [samples, channels]. */
  out?: ForwardOutputs;
}

/** Options of {@linkcode instanceNormBackward}: those of the forward pass, and what it saved, if anything. */
export interface InstanceNormBackwardOptions extends Omit<InstanceNormOptions, "out">, SavedStatistics {
  /** Memory for the gradients. */
  out?: BackwardOutputs;
}

/** Options of {@linkcode groupNorm}. `scale` and `bias` have one entry a channel. */
export interface GroupNormOptions extends InstanceNormOptions {
  /** How many groups of neighbouring channels to form; a divisor of their number. */
  groups: number;
  /** Memory for the outputs. Statistics have dims [samples, groups]. */
  out?: ForwardOutputs;
}

/** Options of {@linkcode groupNormBackward}: those of the forward pass, and what it saved, if anything. */
export interface GroupNormBackwardOptions extends Omit<GroupNormOptions, "out">, SavedStatistics {
  /** Memory for the gradients. */
  out?: BackwardOutputs;
}

const instanceNames = { ...affineNames, axis: true, epsilon: true } as const;
const groupNames = { ...instanceNames, groups: true } as const;
/** The names of options of {@linkcode instanceNorm}. */
export const instanceNormOptionNames = new OptionNames<InstanceNormOptions>({ ...instanceNames, out: forwardNames });
/** The names of options of {@linkcode groupNorm}. */
export const groupNormOptionNames = new OptionNames<GroupNormOptions>({ ...groupNames, out: forwardNames });
/** The names of options of {@linkcode instanceNormBackward}. */
export const instanceNormBackwardOptionNames = new OptionNames<InstanceNormBackwardOptions>({
  ...instanceNames,
  ...savedNames,
  out: backwardNames,
});
/** The names of options of {@linkcode groupNormBackward}. */
export const groupNormBackwardOptionNames = new OptionNames<GroupNormBackwardOptions>({
  ...groupNames,
  ...savedNames,
  out: backwardNames,
});

function planOf(
  operation: string,
  x: Tensor,
  options: Omit<InstanceNormOptions, "out">,
  groupsOf: (channels: number) => number,
): Plan {
  checkInput(operation, x, 2);
  const { axis = 1, epsilon = 1e-5 } = options;
  checkNumber(operation, "epsilon", epsilon, 0);
  const channel = checkAxis(operation, "axis", axis, x.dims);
  if (channel === 0) {
    throw new RangeError(
      `${operation}: axis is ${axis}, which is that of the samples; the channels need one of their own.`,
    );
  }
  const channels = x.dims[channel], groups = groupsOf(channels);
  return {
    operation,
    axes: groupAxes(x.dims, channel, groups),
    measure: standardDeviation(epsilon),
    parameterDims: [channels],
    parametersOf: `the size of axis ${axis} of x`,
    statisticDims: [x.dims[0], groups],
  };
}

/** What {@linkcode groupNorm} is made of. */
export function groupNormPlan(operation: string, x: Tensor, options: Omit<GroupNormOptions, "out">): Plan {
  const groups = options?.groups;
  checkCount(operation, "groups", groups);
  return planOf(operation, x, options, (channels) => {
    if (channels % groups !== 0) {
      throw new RangeError(`${operation}: groups is ${groups}, which does not divide the ${channels} channels of x.`);
    }
    return groups;
  });
}

/** What {@linkcode instanceNorm} is made of. */
export function instanceNormPlan(operation: string, x: Tensor, options: Omit<InstanceNormOptions, "out">): Plan {
  return planOf(operation, x, options, (channels) => channels);
}

/**
 * Group normalization (Wu and He 2018): over each sample's elements in each group of channels,
 *
 *     y = activation((x - mean) / sqrt(variance + epsilon) * scale + bias)
 *
 * with the population variance and a scale and bias for each channel, as in ONNX GroupNormalization-21.
 *
 * @param x A tensor of rank 2 or more, samples along axis 0.
 * @returns y, of x's type and dims: `out.y` if it was given.
 * @throws {TypeError | RangeError} If an argument does not fit; nothing is written then.
 *
 * @example Four channels in two groups
 * ```ts
 * import { groupNorm, tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const y = groupNorm(tensor(new Float32Array([1, 3, 10, 30]), [1, 4, 1]), { groups: 2 });
 * assertAlmostEquals(y.data[3], 1, 1e-5);
 * ```
 */
export function groupNorm<T extends DType>(x: Tensor<T>, options: GroupNormOptions): Tensor<T> {
  groupNormOptionNames.check("groupNorm", options);
  return forward(groupNormPlan("groupNorm", x, options), x, options, options.out).y;
}

/**
 * The gradients of {@linkcode groupNorm}: those of layer normalization over each sample's groups, with dScale and dBias summed
 * for each channel.
 *
 * @param x What was normalized.
 * @param dy The gradient with respect to the result, of x's type and dims.
 * @throws {TypeError | RangeError} If an argument does not fit; nothing is written then.
 *
 * @example
 * ```ts
 * import { groupNormBackward, tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const x = tensor(new Float32Array([1, 2, 4, 8]), [1, 4, 1]), dy = tensor(new Float32Array(4).fill(1), [1, 4, 1]);
 * const { dx } = groupNormBackward(x, dy, { groups: 2 });
 * assertAlmostEquals(dx.data[0], 0, 1e-6);
 * ```
 */
export function groupNormBackward<T extends DType>(
  x: Tensor<T>,
  dy: Tensor<T>,
  options: GroupNormBackwardOptions,
): Gradients<T> {
  groupNormBackwardOptionNames.check("groupNormBackward", options);
  return backward(withSaved(groupNormPlan("groupNormBackward", x, options), options), x, dy, options, options.out);
}

/**
 * Instance normalization (Ulyanov, Vedaldi and Lempitsky 2016): group normalization with a group for each channel.
 *
 * @param x A tensor of rank 2 or more, samples along axis 0.
 * @returns y, of x's type and dims: `out.y` if it was given.
 * @throws {TypeError | RangeError} If an argument does not fit; nothing is written then.
 *
 * @example Two channels of two pixels
 * ```ts
 * import { instanceNorm, tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const y = instanceNorm(tensor(new Float32Array([1, 3, 10, 30]), [1, 2, 2]));
 * assertAlmostEquals(y.data[3], 1, 1e-5);
 * ```
 */
export function instanceNorm<T extends DType>(x: Tensor<T>, options: InstanceNormOptions = {}): Tensor<T> {
  instanceNormOptionNames.check("instanceNorm", options);
  return forward(instanceNormPlan("instanceNorm", x, options), x, options, options.out).y;
}

/**
 * The gradients of {@linkcode instanceNorm}: those of layer normalization over each sample's channels, with dScale and dBias
 * summed for each channel.
 *
 * @param x What was normalized.
 * @param dy The gradient with respect to the result, of x's type and dims.
 * @throws {TypeError | RangeError} If an argument does not fit; nothing is written then.
 *
 * @example
 * ```ts
 * import { instanceNormBackward, tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const x = tensor(new Float32Array([1, 2, 4, 8]), [1, 2, 2]), dy = tensor(new Float32Array(4).fill(1), [1, 2, 2]);
 * const { dx } = instanceNormBackward(x, dy);
 * assertAlmostEquals(dx.data[0], 0, 1e-6);
 * ```
 */
export function instanceNormBackward<T extends DType>(
  x: Tensor<T>,
  dy: Tensor<T>,
  options: InstanceNormBackwardOptions = {},
): Gradients<T> {
  instanceNormBackwardOptionNames.check("instanceNormBackward", options);
  const plan = withSaved(instanceNormPlan("instanceNormBackward", x, options), options);
  return backward(plan, x, dy, options, options.out);
}
