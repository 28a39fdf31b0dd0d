import { checkAlike, checkAxis, checkInput, checkOverlap, outputLike } from "./check.ts";
import { OptionNames } from "./option_names.ts";
import { panelsOf } from "./passes/panels.ts";
import { backward, forward, type Plan, planOver } from "./passes/pass.ts";
import { perform } from "./passes/perform.ts";
import type { DType, Tensor } from "./tensor.ts";

/** Options of {@linkcode lpNorm}. */
export interface LpNormOptions {
  /** The axis along which vectors lie, the last one by default. */
  axis?: number;
  /** 1 for the sum of magnitudes, 2 for the Euclidean length. Default: 2. */
  p?: 1 | 2;
  /** Memory for the result, which may be x itself. */
  out?: { y?: Tensor };
}

/** Options of {@linkcode lpNormBackward}. */
export interface LpNormBackwardOptions extends Omit<LpNormOptions, "out"> {
  /** Memory for the gradient, which may be x or dy itself. */
  out?: { dx?: Tensor };
}

const forwardOptions = new OptionNames<LpNormOptions>({ axis: true, p: true, out: { y: true } });
const backwardOptions = new OptionNames<LpNormBackwardOptions>({ axis: true, p: true, out: { dx: true } });

function axisOf(operation: string, x: Tensor, options: Omit<LpNormOptions, "out">): number {
  checkInput(operation, x, 1);
  const { axis = -1, p = 2 } = options;
  if (p !== 1 && p !== 2) throw new RangeError(`${operation}: p is ${String(p)}; it must be 1 or 2.`);
  return checkAxis(operation, "axis", axis, x.dims);
}

function euclidean(operation: string, x: Tensor, axis: number): Plan {
  const length = { aboutZero: true, subtractMean: false, factor: x.dims[axis], inside: 0, outside: 0, ofNothing: 0 };
  return planOver(operation, x, [axis], length);
}

/**
 * ONNX LpNormalization-22: each vector along `axis` divided by its norm,
 *
 *     y = x / sum(|x|)  or  y = x / sqrt(sum(x^2))
 *
 * A vector of zeros stays one.
 *
 * @param x A tensor of rank 1 or more.
 * @returns y, of x's type and dims: `out.y` if it was given.
 * @throws {TypeError | RangeError} If an argument does not fit; nothing is written then.
 *
 * @example
 * ```ts
 * import { lpNorm, tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const y = lpNorm(tensor(new Float32Array([3, 4])));
 * assertAlmostEquals(y.data[0], 0.6, 1e-7);
 * ```
 */
export function lpNorm<T extends DType>(x: Tensor<T>, options: LpNormOptions = {}): Tensor<T> {
  forwardOptions.check("lpNorm", options);
  const axis = axisOf("lpNorm", x, options);
  if (options.p !== 1) return forward(euclidean("lpNorm", x, axis), x, {}, options.out).y;
  const y = outputLike("lpNorm", "y", options.out?.y, x);
  checkOverlap("lpNorm", { y }, { x });
  return perform(y, () => ({ x, y }), () => divideByMagnitudes(x, y, axis));
}

function divideByMagnitudes(x: Tensor, y: Tensor, axis: number): void {
  const { outer, length, width } = panelsOf(x.dims, axis), from = x.data, to = y.data;
  for (let panel = 0; panel < outer; panel++) {
    for (let j = 0; j < width; j++) {
      const first = panel * length * width + j, end = first + length * width;
      let norm = 0;
      for (let i = first; i < end; i += width) norm += Math.abs(from[i]);
      for (let i = first; i < end; i += width) to[i] = norm === 0 ? 0 : from[i] / norm;
    }
  }
}

/**
 * The gradient of {@linkcode lpNorm}, where n is the norm of each vector:
 *
 *     dx = dy / n - sign(x) sum(dy x) / n^2  for p = 1,  dx = dy / n - x sum(dy x) / n^3  for p = 2
 *
 * It is 0 for a vector of zeros, and sign(0) is 0.
 *
 * @param x What was normalized.
 * @param dy The gradient with respect to the result, of x's type and dims.
 * @throws {TypeError | RangeError} If an argument does not fit; nothing is written then.
 *
 * @example A gradient along x changes nothing: the result does not depend on the length of x
 * ```ts
 * import { lpNormBackward, tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const x = tensor(new Float32Array([3, 4]));
 * assertAlmostEquals(lpNormBackward(x, x).dx.data[0], 0, 1e-6);
 * ```
 */
export function lpNormBackward<T extends DType>(
  x: Tensor<T>,
  dy: Tensor<T>,
  options: LpNormBackwardOptions = {},
): { dx: Tensor<T> } {
  backwardOptions.check("lpNormBackward", options);
  const axis = axisOf("lpNormBackward", x, options);
  if (options.p !== 1) return backward(euclidean("lpNormBackward", x, axis), x, dy, {}, options.out);
  checkAlike("lpNormBackward", "dy", dy, x);
  const dx = outputLike("lpNormBackward", "dx", options.out?.dx, x);
  checkOverlap("lpNormBackward", { dx }, { x, dy });
  return perform({ dx }, () => ({ x, dy, dx }), () => differentiateMagnitudes(x, dy, dx, axis));
}

function differentiateMagnitudes(x: Tensor, dy: Tensor, dx: Tensor, axis: number): void {
  const { outer, length, width } = panelsOf(x.dims, axis), from = x.data, gradient = dy.data, to = dx.data;
  for (let panel = 0; panel < outer; panel++) {
    for (let j = 0; j < width; j++) {
      const first = panel * length * width + j, end = first + length * width;
      let norm = 0, product = 0;
      for (let i = first; i < end; i += width) {
        norm += Math.abs(from[i]);
        product += gradient[i] * from[i];
      }
      const inverse = norm === 0 ? 0 : 1 / norm, slope = product * inverse * inverse;
      for (let i = first; i < end; i += width) to[i] = gradient[i] * inverse - Math.sign(from[i]) * slope;
    }
  }
}
