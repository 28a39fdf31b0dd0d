import { checkAlike, checkAxis, checkCount, checkInput, checkNumber, checkOverlap, outputLike } from "./check.ts";
import type { Data } from "./engines/tile.ts";
import { OptionNames } from "./option_names.ts";
import { panelsOf } from "./passes/panels.ts";
import { perform } from "./passes/perform.ts";
import type { DType, Tensor } from "./tensor.ts";

/** Options of {@linkcode localResponseNorm}. */
export interface LocalResponseNormOptions {
  /** How many neighbouring channels to sum over, at least 1. */
  size: number;
  /** Weighs the sum of squares, together with 1 / size. Default: 1e-4. */
  alpha?: number;
  /** The exponent. Default: 0.75. */
  beta?: number;
  /** Is added to the weighed sum. Default: 1. */
  bias?: number;
  /** The axis of the channels. Default: 1. */
  axis?: number;
  /** Memory for the result, which may be x itself. */
  out?: { y?: Tensor };
}

/** Options of {@linkcode localResponseNormBackward}. */
export interface LocalResponseNormBackwardOptions extends Omit<LocalResponseNormOptions, "out"> {
  /** Memory for the gradient, which may be x or dy itself. */
  out?: { dx?: Tensor };
}

const names = { size: true, alpha: true, beta: true, bias: true, axis: true } as const;
const forwardOptions = new OptionNames<LocalResponseNormOptions>({ ...names, out: { y: true } });
const backwardOptions = new OptionNames<LocalResponseNormBackwardOptions>({ ...names, out: { dx: true } });

/** So many positions at most are worked on together, in buffers of their own: results may replace what they come from. */
const POSITIONS = 256;

function planOf(operation: string, x: Tensor, options: Omit<LocalResponseNormOptions, "out">) {
  checkInput(operation, x, 2);
  const { size, alpha = 1e-4, beta = 0.75, bias = 1, axis = 1 } = options ?? {};
  checkCount(operation, "size", size);
  checkNumber(operation, "alpha", alpha);
  checkNumber(operation, "beta", beta);
  checkNumber(operation, "bias", bias);
  const below = Math.floor((size - 1) / 2), above = size - 1 - below;
  return {
    ...panelsOf(x.dims, checkAxis(operation, "axis", axis, x.dims)),
    weight: alpha / size,
    beta,
    bias,
    below,
    above,
  };
}

type LrnPlan = ReturnType<typeof planOf>;

/** Runs over all blocks of neighbouring positions: `at` is where the first position's first channel stands. */
function forEachBlock({ outer, length, width }: LrnPlan, visit: (at: number, positions: number) => void): void {
  for (let panel = 0; panel < outer; panel++) {
    for (let first = 0; first < width; first += POSITIONS) {
      visit(panel * length * width + first, Math.min(POSITIONS, width - first));
    }
  }
}

/** A block's channels, one after the other. */
function readBlock(data: Data, at: number, positions: number, { length, width }: LrnPlan, block: Float64Array): void {
  for (let c = 0; c < length; c++) block.set(data.subarray(at + c * width, at + c * width + positions), c * positions);
}

/** Writes it back. */
function writeBlock(block: Float64Array, data: Data, at: number, positions: number, { length, width }: LrnPlan): void {
  for (let c = 0; c < length; c++) data.set(block.subarray(c * positions, (c + 1) * positions), at + c * width);
}

/** to[c] = sum of f[j] over the channels j from c - below to c + above, for each position. */
function sumWindows(
  f: Float64Array,
  positions: number,
  { length }: LrnPlan,
  below: number,
  above: number,
  to: Float64Array,
): void {
  for (let c = 0; c < length; c++) {
    const row = c * positions, first = Math.max(c - below, 0), last = Math.min(c + above, length - 1);
    for (let i = 0; i < positions; i++) {
      let sum = 0;
      for (let j = first * positions + i; j <= last * positions + i; j += positions) sum += f[j];
      to[row + i] = sum;
    }
  }
}

/** s^-beta; for the usual exponent by square roots, which are faster. */
function inversePower(s: number, beta: number): number {
  return beta === 0.75 ? 1 / (Math.sqrt(s) * Math.sqrt(Math.sqrt(s))) : s ** -beta;
}

/**
 * Local response normalization (Krizhevsky, Sutskever and Hinton 2012), as ONNX LRN-13 has it: with s the sum of squares of
 * the `size` channels around each one (those that exist),
 *
 *     y = x / (bias + alpha / size * s)^beta
 *
 * @param x A tensor of rank 2 or more.
 * @returns y, of x's type and dims: `out.y` if it was given.
 * @throws {TypeError | RangeError} If an argument does not fit; nothing is written then.
 *
 * @example
 * ```ts
 * import { localResponseNorm, tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const x = tensor(new Float32Array([3, 4]), [1, 2]);
 * const y = localResponseNorm(x, { size: 3, alpha: 3, beta: 1, bias: 0 });
 * assertAlmostEquals(y.data[0], 3 / 25, 1e-7);
 * ```
 */
export function localResponseNorm<T extends DType>(x: Tensor<T>, options: LocalResponseNormOptions): Tensor<T> {
  forwardOptions.check("localResponseNorm", options);
  const plan = planOf("localResponseNorm", x, options), { length, width, weight, beta, bias, below, above } = plan;
  const y = outputLike("localResponseNorm", "y", options.out?.y, x);
  checkOverlap("localResponseNorm", { y }, { x });
  const values = new Float64Array(length * Math.min(width, POSITIONS)), squares = values.slice(), sums = values.slice();
  const normalizeBlock = (at: number, positions: number) => {
    const size = length * positions;
    readBlock(x.data, at, positions, plan, values);
    for (let k = 0; k < size; k++) squares[k] = values[k] * values[k];
    sumWindows(squares, positions, plan, below, above, sums);
    for (let k = 0; k < size; k++) values[k] *= inversePower(bias + weight * sums[k], beta);
    writeBlock(values, y.data, at, positions, plan);
  };
  return perform(y, () => ({ x, y }), () => forEachBlock(plan, normalizeBlock));
}

/**
 * The gradient of {@linkcode localResponseNorm}. With t = bias + alpha / size * s, and the sum over the channels j whose
 * window holds channel i,
 *
 *     dx_i = dy_i t_i^-beta - 2 alpha beta / size * x_i * sum(dy_j x_j t_j^(-beta - 1))
 *
 * @param x What was normalized.
 * @param dy The gradient with respect to the result, of x's type and dims.
 * @throws {TypeError | RangeError} If an argument does not fit; nothing is written then.
 *
 * @example
 * ```ts
 * import { localResponseNormBackward, tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const x = tensor(new Float32Array([0, 0]), [1, 2]), dy = tensor(new Float32Array([1, 2]), [1, 2]);
 * assertAlmostEquals(localResponseNormBackward(x, dy, { size: 3 }).dx.data[1], 2, 1e-7);
 * ```
 */
export function localResponseNormBackward<T extends DType>(
  x: Tensor<T>,
  dy: Tensor<T>,
  options: LocalResponseNormBackwardOptions,
): { dx: Tensor<T> } {
  const operation = "localResponseNormBackward";
  backwardOptions.check(operation, options);
  const plan = planOf(operation, x, options), { length, width, weight, beta, bias, below, above } = plan;
  checkAlike(operation, "dy", dy, x);
  const dx = outputLike(operation, "dx", options.out?.dx, x);
  checkOverlap(operation, { dx }, { x, dy });
  const values = new Float64Array(length * Math.min(width, POSITIONS));
  const gradients = values.slice(), terms = values.slice(), sums = values.slice();
  const differentiateBlock = (at: number, positions: number) => {
    const size = length * positions;
    readBlock(x.data, at, positions, plan, values);
    readBlock(dy.data, at, positions, plan, gradients);
    for (let k = 0; k < size; k++) terms[k] = values[k] * values[k];
    sumWindows(terms, positions, plan, below, above, sums);
    for (let k = 0; k < size; k++) {
      const t = bias + weight * sums[k], power = inversePower(t, beta);
      terms[k] = gradients[k] * values[k] * power / t;
      gradients[k] *= power;
    }
    sumWindows(terms, positions, plan, above, below, sums);
    for (let k = 0; k < size; k++) gradients[k] -= 2 * weight * beta * values[k] * sums[k];
    writeBlock(gradients, dx.data, at, positions, plan);
  };
  return perform({ dx }, () => ({ x, dy, dx }), () => forEachBlock(plan, differentiateBlock));
}
