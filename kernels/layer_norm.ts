import { checkAxes, checkInput, checkNumber } from "./check.ts";
import { affineNames, backwardNames, forwardNames, OptionNames, savedNames } from "./option_names.ts";
import type { AffineOptions, BackwardOutputs, ForwardOutputs, Gradients, SavedStatistics } from "./options.ts";
import { backward, forward, type Plan, planOver, withSaved } from "./passes/pass.ts";
import { standardDeviation } from "./passes/statistics.ts";
import type { DType, Tensor } from "./tensor.ts";

/** Options of {@linkcode layerNorm}. `scale` and `bias` have the dims of the normalized axes. */
export interface LayerNormOptions extends AffineOptions {
  /** The axes to normalize over, the last one by default; negative ones count from the back. */
  axes?: readonly number[];
  /** Is added to the variance. Default: 1e-5. */
  epsilon?: number;
  /** If false, x is divided by its standard deviation without subtracting its mean first: Restormer's BiasFree form. Default: true. */
  subtractMean?: boolean;
  /** Memory for the outputs. Statistics have x's dims with the normalized axes set to 1. */
  out?: ForwardOutputs;
}

/** Options of {@linkcode layerNormBackward}: those of the forward pass, and what it saved, if anything. */
export interface LayerNormBackwardOptions extends Omit<LayerNormOptions, "out">, SavedStatistics {
  /** Memory for the gradients. */
  out?: BackwardOutputs;
}

/** The names of all options but `out`. */
export const layerNormNames = { ...affineNames, axes: true, epsilon: true, subtractMean: "flag" } as const;
/** The names of options of {@linkcode layerNorm}. */
export const layerNormOptionNames = new OptionNames<LayerNormOptions>({ ...layerNormNames, out: forwardNames });
/** The names of options of {@linkcode layerNormBackward}. */
export const layerNormBackwardOptionNames = new OptionNames<LayerNormBackwardOptions>({
  ...layerNormNames,
  ...savedNames,
  out: backwardNames,
});

/** What {@linkcode layerNorm} is made of. */
export function layerNormPlan(operation: string, x: Tensor, options: Omit<LayerNormOptions, "out">): Plan {
  checkInput(operation, x, 1);
  const { epsilon = 1e-5, subtractMean = true } = options;
  checkNumber(operation, "epsilon", epsilon, 0);
  const axes = checkAxes(operation, options.axes, x.dims);
  return planOver(operation, x, axes, standardDeviation(epsilon, { subtractMean }));
}

/**
 * Layer normalization (Ba, Kiros and Hinton 2016): over the elements of each sample along `axes`,
 *
 *     y = activation((x - mean) / sqrt(variance + epsilon) * scale + bias)
 *
 * with the population variance. Mean and variance are right to the last bits at any offset of x.
 *
 * @param x A tensor of rank 1 or more.
 * @returns y, of x's type and dims: `out.y` if it was given.
 * @throws {TypeError | RangeError} If an argument does not fit; nothing is written then.
 *
 * @example One sample
 * ```ts
 * import { layerNorm, tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const y = layerNorm(tensor(new Float32Array([2, 3, 5, 1, 4]), [1, 5]));
 * assertAlmostEquals(y.data[2], Math.SQRT2, 1e-5);
 * ```
 */
export function layerNorm<T extends DType>(x: Tensor<T>, options: LayerNormOptions = {}): Tensor<T> {
  layerNormOptionNames.check("layerNorm", options);
  return forward(layerNormPlan("layerNorm", x, options), x, options, options.out).y;
}

/**
 * The gradients of {@linkcode layerNorm}. With h = dy * scale and means over the elements of each sample,
 *
 *     dx = (h - mean(h) - y mean(h y)) / sqrt(variance + epsilon),  dScale = sum(dy y),  dBias = sum(dy)
 *
 * where y is x normalized, before scale and bias. Statistics are computed again from x, unless they are given.
 *
 * @param x What was normalized.
 * @param dy The gradient with respect to the result, of x's type and dims.
 * @throws {TypeError | RangeError} If an argument does not fit; nothing is written then.
 *
 * @example The gradients of a sum of results: x has none, for a constant cannot move a normalized sample
 * ```ts
 * import { layerNormBackward, tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const x = tensor(new Float32Array([2, 3, 5, 1, 4]), [1, 5]);
 * const dy = tensor(new Float32Array(5).fill(1), [1, 5]);
 * const { dx } = layerNormBackward(x, dy);
 * assertAlmostEquals(dx.data[0], 0, 1e-6);
 * ```
 */
export function layerNormBackward<T extends DType>(
  x: Tensor<T>,
  dy: Tensor<T>,
  options: LayerNormBackwardOptions = {},
): Gradients<T> {
  layerNormBackwardOptionNames.check("layerNormBackward", options);
  const plan = withSaved(layerNormPlan("layerNormBackward", x, options), options);
  return backward(plan, x, dy, options, options.out);
}
