import { checkAxes, checkInput, checkNumber } from "./check.ts";
import { affineNames, backwardNames, OptionNames } from "./option_names.ts";
import type { AffineOptions, BackwardOutputs, ForwardOutputs, Gradients, SavedStatistics } from "./options.ts";
import { backward, forward, type Plan, planOver } from "./passes/pass.ts";
import { standardDeviation } from "./passes/statistics.ts";
import type { DType, Tensor } from "./tensor.ts";

/** Options of {@linkcode rmsNorm}. `scale` and `bias` have the dims of the normalized axes. */
export interface RmsNormOptions extends AffineOptions {
  /** The axes to normalize over, the last one by default; negative ones count from the back. */
  axes?: readonly number[];
  /** Is added to the mean square. Default: 1e-5. */
  epsilon?: number;
  /** Memory for the outputs. `invStdDev` has x's dims with the normalized axes set to 1. */
  out?: Omit<ForwardOutputs, "mean">;
}

/** Options of {@linkcode rmsNormBackward}: those of the forward pass, and what it saved, if anything. */
export interface RmsNormBackwardOptions extends Omit<RmsNormOptions, "out">, Omit<SavedStatistics, "mean"> {
  /** Memory for the gradients. */
  out?: BackwardOutputs;
}

/** The names of all options but `out`. */
export const rmsNormNames = { ...affineNames, axes: true, epsilon: true } as const;
/** The names of options of {@linkcode rmsNorm}. */
export const rmsNormOptionNames = new OptionNames<RmsNormOptions>({
  ...rmsNormNames,
  out: { y: true, invStdDev: true },
});
/** The names of options of {@linkcode rmsNormBackward}. */
export const rmsNormBackwardOptionNames = new OptionNames<RmsNormBackwardOptions>({
  ...rmsNormNames,
  invStdDev: true,
  out: backwardNames,
});

/** What {@linkcode rmsNorm} is made of. */
export function rmsNormPlan(operation: string, x: Tensor, options: Omit<RmsNormOptions, "out">): Plan {
  checkInput(operation, x, 1);
  const { epsilon = 1e-5 } = options;
  checkNumber(operation, "epsilon", epsilon, 0);
  const axes = checkAxes(operation, options.axes, x.dims);
  return planOver(
    operation,
    x,
    axes,
    standardDeviation(epsilon, { aboutZero: true, subtractMean: false }),
  );
}

/** A plan that uses the root mean square which the forward pass saved, if it did. */
export function withSavedSquare(plan: Plan, { invStdDev }: RmsNormBackwardOptions): Plan {
  return invStdDev === undefined ? plan : { ...plan, given: { invStdDev } };
}

/**
 * Root mean square normalization (Zhang and Sennrich 2019): over the elements of each sample along `axes`,
 *
 *     y = activation(x / sqrt(mean(x^2) + epsilon) * scale + bias)
 *
 * @param x A tensor of rank 1 or more.
 * @returns y, of x's type and dims: `out.y` if it was given.
 * @throws {TypeError | RangeError} If an argument does not fit; nothing is written then.
 *
 * @example
 * ```ts
 * import { rmsNorm, tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const y = rmsNorm(tensor(new Float32Array([3, 4]), [1, 2]));
 * assertAlmostEquals(y.data[0], 3 / Math.sqrt(12.5), 1e-5);
 * ```
 */
export function rmsNorm<T extends DType>(x: Tensor<T>, options: RmsNormOptions = {}): Tensor<T> {
  rmsNormOptionNames.check("rmsNorm", options);
  return forward(rmsNormPlan("rmsNorm", x, options), x, options, options.out).y;
}

/**
 * The gradients of {@linkcode rmsNorm}. With h = dy * scale and means over the elements of each sample,
 *
 *     dx = (h - y mean(h y)) / sqrt(mean(x^2) + epsilon),  dScale = sum(dy y),  dBias = sum(dy)
 *
 * where y is x normalized, before scale and bias. The mean square is computed again from x, unless `invStdDev` is given.
 *
 * @param x What was normalized.
 * @param dy The gradient with respect to the result, of x's type and dims.
 * @throws {TypeError | RangeError} If an argument does not fit; nothing is written then.
 *
 * @example A gradient along x changes nothing: the result does not depend on the length of x
 * ```ts
 * import { rmsNormBackward, tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const x = tensor(new Float32Array([3, 4]), [1, 2]);
 * const { dx } = rmsNormBackward(x, x, { epsilon: 0 });
 * assertAlmostEquals(dx.data[0], 0, 1e-6);
 * ```
 */
export function rmsNormBackward<T extends DType>(
  x: Tensor<T>,
  dy: Tensor<T>,
  options: RmsNormBackwardOptions = {},
): Gradients<T> {
  rmsNormBackwardOptionNames.check("rmsNormBackward", options);
  const plan = withSavedSquare(rmsNormPlan("rmsNormBackward", x, options), options);
  return backward(plan, x, dy, options, options.out);
}
