import { checkAxes, checkInput } from "./check.ts";
import { OptionNames } from "./option_names.ts";
import { backward, forward, type Plan, planOver } from "./passes/pass.ts";
import type { Measure } from "./engines/measure.ts";
import type { DType, Tensor } from "./tensor.ts";

/** Options of {@linkcode meanVarianceNorm}. */
export interface MeanVarianceNormOptions {
  /** The axes to normalize over. Default: [0, 2, 3], all but the channels of NCHW. */
  axes?: readonly number[];
  /** Memory for the result, which may be x itself. */
  out?: { y?: Tensor };
}

/** Options of {@linkcode meanVarianceNormBackward}. */
export interface MeanVarianceNormBackwardOptions extends Omit<MeanVarianceNormOptions, "out"> {
  /** Memory for the gradient, which may be x or dy itself. */
  out?: { dx?: Tensor };
}

/** The names of options of {@linkcode meanVarianceNorm}. */
export const meanVarianceNormOptionNames = new OptionNames<MeanVarianceNormOptions>({ axes: true, out: { y: true } });
/** The names of options of {@linkcode meanVarianceNormBackward}. */
export const meanVarianceNormBackwardOptionNames = new OptionNames<MeanVarianceNormBackwardOptions>({
  axes: true,
  out: { dx: true },
});

/** ONNX adds its epsilon to the deviation, not to the variance. */
const measure: Measure = {
  aboutZero: false,
  subtractMean: true,
  factor: 1,
  inside: 0,
  outside: 1e-9,
  ofNothing: Infinity,
};

/** What {@linkcode meanVarianceNorm} is made of. */
export function meanVarianceNormPlan(
  operation: string,
  x: Tensor,
  options: Omit<MeanVarianceNormOptions, "out">,
): Plan {
  checkInput(operation, x, 1);
  const { axes = [0, 2, 3] } = options;
  return planOver(operation, x, checkAxes(operation, axes, x.dims), measure);
}

/**
 * ONNX MeanVarianceNormalization-13: over the elements along `axes`, with the population variance,
 *
 *     y = (x - mean) / (sqrt(variance) + 1e-9)
 *
 * @param x A tensor of rank 1 or more.
 * @returns y, of x's type and dims: `out.y` if it was given.
 * @throws {TypeError | RangeError} If an argument does not fit; nothing is written then.
 *
 * @example
 * ```ts
 * import { meanVarianceNorm, tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const y = meanVarianceNorm(tensor(new Float32Array([1, 3]), [2, 1]), { axes: [0] });
 * assertEquals([...y.data], [-1, 1]);
 * ```
 */
export function meanVarianceNorm<T extends DType>(x: Tensor<T>, options: MeanVarianceNormOptions = {}): Tensor<T> {
  meanVarianceNormOptionNames.check("meanVarianceNorm", options);
  return forward(meanVarianceNormPlan("meanVarianceNorm", x, options), x, {}, options.out).y;
}

/**
 * The gradient of {@linkcode meanVarianceNorm}. With z = x - mean, s = sqrt(variance) and r = 1 / (s + 1e-9),
 *
 *     dx = r (dy - mean(dy)) - r^2 z mean(dy z) / s
 *
 * @param x What was normalized.
 * @param dy The gradient with respect to the result, of x's type and dims.
 * @throws {TypeError | RangeError} If an argument does not fit; nothing is written then.
 *
 * @example
 * ```ts
 * import { meanVarianceNormBackward, tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const x = tensor(new Float32Array([1, 3]), [2, 1]), dy = tensor(new Float32Array([5, 7]), [2, 1]);
 * const { dx } = meanVarianceNormBackward(x, dy, { axes: [0] });
 * assertAlmostEquals(dx.data[0], 0, 1e-6);
 * ```
 */
export function meanVarianceNormBackward<T extends DType>(
  x: Tensor<T>,
  dy: Tensor<T>,
  options: MeanVarianceNormBackwardOptions = {},
): { dx: Tensor<T> } {
  meanVarianceNormBackwardOptionNames.check("meanVarianceNormBackward", options);
  return backward(meanVarianceNormPlan("meanVarianceNormBackward", x, options), x, dy, {}, options.out);
}
