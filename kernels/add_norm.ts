import { checkAlike } from "./check.ts";
import { type LayerNormBackwardOptions, layerNormNames, type LayerNormOptions, layerNormPlan } from "./layer_norm.ts";
import { backwardNames, forwardNames, OptionNames, savedNames } from "./option_names.ts";
import type { ForwardOutputs, Gradients } from "./options.ts";
import { backward, forward, type Plan, withSaved } from "./passes/pass.ts";
import {
  type RmsNormBackwardOptions,
  rmsNormNames,
  type RmsNormOptions,
  rmsNormPlan,
  withSavedSquare,
} from "./rms_norm.ts";
import type { DType, Tensor } from "./tensor.ts";

/** Memory for the outputs of a fused addition and normalization. `sum` may be x or the residual, `y` the other. */
export interface AddNormOutputs extends ForwardOutputs {
  /** x + residual. */
  sum?: Tensor;
}

/** Options of {@linkcode addLayerNorm}. */
export interface AddLayerNormOptions extends Omit<LayerNormOptions, "out"> {
  /** Memory for the outputs. */
  out?: AddNormOutputs;
}

/** Options of {@linkcode addRmsNorm}. */
export interface AddRmsNormOptions extends Omit<RmsNormOptions, "out"> {
  /** Memory for the outputs. */
  out?: Omit<AddNormOutputs, "mean">;
}

/** What a fused addition and normalization returns. */
export interface AddNormResult<T extends DType = DType> {
  /** The normalized sum. */
  y: Tensor<T>;
  /** The sum, which goes on along the residual connection. */
  sum: Tensor<T>;
}

/** Options of {@linkcode addLayerNormBackward}. */
export interface AddLayerNormBackwardOptions extends LayerNormBackwardOptions {
  /** The gradient that reaches the sum along the residual connection; `out.dx` may not be it. Default: none. */
  dSum?: Tensor;
}

/** Options of {@linkcode addRmsNormBackward}. */
export interface AddRmsNormBackwardOptions extends RmsNormBackwardOptions {
  /** The gradient that reaches the sum along the residual connection; `out.dx` may not be it. Default: none. */
  dSum?: Tensor;
}

/** The names of options of {@linkcode addLayerNorm}. */
export const addLayerNormOptionNames = new OptionNames<AddLayerNormOptions>({
  ...layerNormNames,
  out: { ...forwardNames, sum: true },
});
/** The names of options of {@linkcode addRmsNorm}. */
export const addRmsNormOptionNames = new OptionNames<AddRmsNormOptions>({
  ...rmsNormNames,
  out: { y: true, sum: true, invStdDev: true },
});
/** The names of options of {@linkcode addLayerNormBackward}. */
export const addLayerNormBackwardOptionNames = new OptionNames<AddLayerNormBackwardOptions>({
  ...layerNormNames,
  ...savedNames,
  dSum: true,
  out: backwardNames,
});
/** The names of options of {@linkcode addRmsNormBackward}. */
export const addRmsNormBackwardOptionNames = new OptionNames<AddRmsNormBackwardOptions>({
  ...rmsNormNames,
  invStdDev: true,
  dSum: true,
  out: backwardNames,
});

/**
 * A residual connection and the layer normalization after it, in one pass over memory: sum = x + residual, y = layerNorm(sum).
 *
 * @param x A tensor of rank 1 or more.
 * @param residual What is added to it, of its type and dims.
 * @throws {TypeError | RangeError} If an argument does not fit; nothing is written then.
 *
 * @example
 * ```ts
 * import { addLayerNorm, tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const x = tensor(new Float32Array([1, 2, 3])), residual = tensor(new Float32Array([1, 1, 2]));
 * const { sum } = addLayerNorm(x, residual);
 * assertEquals([...sum.data], [2, 3, 5]);
 * ```
 */
export function addLayerNorm<T extends DType>(
  x: Tensor<T>,
  residual: Tensor<T>,
  options: AddLayerNormOptions = {},
): AddNormResult<T> {
  addLayerNormOptionNames.check("addLayerNorm", options);
  return addNorm(layerNormPlan("addLayerNorm", x, options), x, residual, options);
}

/**
 * A residual connection and the root mean square normalization after it, in one pass over memory: sum = x + residual,
 * y = rmsNorm(sum).
 *
 * @param x A tensor of rank 1 or more.
 * @param residual What is added to it, of its type and dims.
 * @throws {TypeError | RangeError} If an argument does not fit; nothing is written then.
 *
 * @example
 * ```ts
 * import { addRmsNorm, tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const x = tensor(new Float32Array([1, 2])), residual = tensor(new Float32Array([2, 2]));
 * const { y } = addRmsNorm(x, residual);
 * assertAlmostEquals(y.data[0], 3 / Math.sqrt(12.5), 1e-5);
 * ```
 */
export function addRmsNorm<T extends DType>(
  x: Tensor<T>,
  residual: Tensor<T>,
  options: AddRmsNormOptions = {},
): AddNormResult<T> {
  addRmsNormOptionNames.check("addRmsNorm", options);
  return addNorm(rmsNormPlan("addRmsNorm", x, options), x, residual, options);
}

function addNorm<T extends DType>(
  plan: Plan,
  x: Tensor<T>,
  residual: Tensor<T>,
  options: AddLayerNormOptions,
): AddNormResult<T> {
  checkAlike(plan.operation, "residual", residual, x);
  const { y, sum } = forward(plan, x, options, options.out, residual);
  return { y, sum: sum! };
}

/**
 * The gradients of {@linkcode addLayerNorm}. `dx` is the gradient with respect to x and to the residual alike: that of
 * layerNorm(sum), plus `dSum`.
 *
 * @param sum The sum that the forward pass returned.
 * @param dy The gradient with respect to y, of the sum's type and dims.
 * @throws {TypeError | RangeError} If an argument does not fit; nothing is written then.
 *
 * @example What reaches the sum directly is handed on
 * ```ts
 * import { addLayerNormBackward, tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const sum = tensor(new Float32Array([2, 3, 5])), dy = tensor(new Float32Array(3).fill(1));
 * const { dx } = addLayerNormBackward(sum, dy, { dSum: tensor(new Float32Array([7, 8, 9])) });
 * assertAlmostEquals(dx.data[0], 7, 1e-6);
 * ```
 */
export function addLayerNormBackward<T extends DType>(
  sum: Tensor<T>,
  dy: Tensor<T>,
  options: AddLayerNormBackwardOptions = {},
): Gradients<T> {
  addLayerNormBackwardOptionNames.check("addLayerNormBackward", options);
  const plan = withSaved(layerNormPlan("addLayerNormBackward", sum, options), options);
  return backward(plan, sum, dy, options, options.out, options.dSum);
}

/**
 * The gradients of {@linkcode addRmsNorm}. `dx` is the gradient with respect to x and to the residual alike: that of
 * rmsNorm(sum), plus `dSum`.
 *
 * @param sum The sum that the forward pass returned.
 * @param dy The gradient with respect to y, of the sum's type and dims.
 * @throws {TypeError | RangeError} If an argument does not fit; nothing is written then.
 *
 * @example What reaches the sum directly is handed on
 * ```ts
 * import { addRmsNormBackward, tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const sum = tensor(new Float32Array([3, 4]));
 * const { dx } = addRmsNormBackward(sum, sum, { dSum: tensor(new Float32Array([7, 8])) });
 * assertAlmostEquals(dx.data[0], 7, 1e-5);
 * ```
 */
export function addRmsNormBackward<T extends DType>(
  sum: Tensor<T>,
  dy: Tensor<T>,
  options: AddRmsNormBackwardOptions = {},
): Gradients<T> {
  addRmsNormBackwardOptionNames.check("addRmsNormBackward", options);
  const plan = withSavedSquare(rmsNormPlan("addRmsNormBackward", sum, options), options);
  return backward(plan, sum, dy, options, options.out, options.dSum);
}
