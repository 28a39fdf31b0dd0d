import { OptionNames } from "../../kernels/option_names.ts";
import { checkNumber } from "../../kernels/check.ts";
import { activate, type Affine, affineOf } from "../affine.ts";
import { axesOf, checkSymbolic, refuseFused } from "../check.ts";
import type { Form } from "../form.ts";
import { checkTrailing, layerNorm, layerNormNames, type LayerNormOptions } from "./layer_norm.ts";
import { filled } from "../parameter.ts";
import { rmsNorm, rmsNormNames, type RmsNormOptions } from "./rms_norm.ts";
import { checkComputable, type SymbolicTensor, widened } from "../symbolic_tensor.ts";

/** `"skip"` is onnxruntime's own fused operator, in its domain com.microsoft: no other runtime has it. */
export type AddNormForm = Form | "skip";

/** Options of {@linkcode addLayerNorm}. */
export interface AddLayerNormOptions extends Omit<LayerNormOptions, "form"> {
  /** How it is written. Default: `"robust"`. */
  form?: AddNormForm;
}

/** Options of {@linkcode addRmsNorm}. */
export interface AddRmsNormOptions extends Omit<RmsNormOptions, "form"> {
  /** How it is written. Default: `"robust"`. */
  form?: AddNormForm;
}

/** What {@linkcode addLayerNorm} and {@linkcode addRmsNorm} give. */
export interface AddNormResult {
  /** The sum, normalized. */
  y: SymbolicTensor;
  /** The sum, as x's type stores it. */
  sum: SymbolicTensor;
}

const addLayerNormOptions = new OptionNames<AddLayerNormOptions>({ ...layerNormNames });

/**
 * Layer normalization of a residual sum: `sum = x + residual`, `y = layerNorm(sum)`. Defaults and options are those of
 * {@linkcode layerNorm}.
 *
 * Float16 is added in float32, and what is normalized is that sum before it is rounded for the output: onnxruntime's WASM drops
 * a rounding between two Casts anyway. SkipLayerNormalization loses as many digits as the fused form, and is written on request
 * only, as `form: "skip"`; onnxruntime makes it of the fused form by itself.
 *
 * @param residual A tensor of x's type and dims.
 * @throws {TypeError | RangeError} If an argument does not fit, or the form cannot do what is asked.
 *
 * @example
 * ```ts
 * import { addLayerNorm, modelOf } from "@evenkeel/norm/models";
 *
 * const dims = ["N", "T", 768];
 * const model = modelOf((x, residual) => ({ ...addLayerNorm(x, residual) }), { x: dims, residual: dims });
 * ```
 */
export function addLayerNorm(
  x: SymbolicTensor,
  residual: SymbolicTensor,
  options: AddLayerNormOptions = {},
): AddNormResult {
  addLayerNormOptions.check("addLayerNorm", options);
  const { form, ...rest } = options;
  if (form === "skip") return skip("addLayerNorm", "SkipLayerNormalization", x, residual, options);
  return addThen("addLayerNorm", x, residual, rest, (sum, affine) => layerNorm(sum, { ...rest, ...affine, form }));
}

const addRmsNormOptions = new OptionNames<AddRmsNormOptions>({ ...rmsNormNames });

/**
 * Root mean square normalization of a residual sum: `sum = x + residual`, `y = rmsNorm(sum)`. Defaults and options are those of
 * {@linkcode rmsNorm}, and float16 is added as in {@linkcode addLayerNorm}. `form: "skip"` is onnxruntime's
 * SkipSimplifiedLayerNormalization.
 *
 * @param residual A tensor of x's type and dims.
 * @throws {TypeError | RangeError} If an argument does not fit, or the form cannot do what is asked.
 *
 * @example
 * ```ts
 * import { addRmsNorm, modelOf } from "@evenkeel/norm/models";
 *
 * const dims = ["N", "T", 768];
 * const model = modelOf((x, residual) => ({ ...addRmsNorm(x, residual) }), { x: dims, residual: dims });
 * ```
 */
export function addRmsNorm(
  x: SymbolicTensor,
  residual: SymbolicTensor,
  options: AddRmsNormOptions = {},
): AddNormResult {
  addRmsNormOptions.check("addRmsNorm", options);
  const { form, ...rest } = options;
  if (form === "skip") return skip("addRmsNorm", "SkipSimplifiedLayerNormalization", x, residual, options);
  return addThen("addRmsNorm", x, residual, rest, (sum, affine) => rmsNorm(sum, { ...rest, ...affine, form }));
}

/**
 * Adds in float32 what is float16, and normalizes that: onnxruntime's WASM drops a rounding to float16 between two Casts, so
 * that the sum as stored is not what it would go on with, however the graph is written.
 */
function addThen(
  operation: string,
  x: SymbolicTensor,
  residual: SymbolicTensor,
  options: RmsNormOptions,
  normalize: (sum: SymbolicTensor, affine: Affine) => SymbolicTensor,
): AddNormResult {
  checkSymbolic(operation, "x", x, 1);
  checkSymbolic(operation, "residual", residual, 1);
  if (residual.type !== x.type) {
    throw new TypeError(`${operation}: residual is ${residual.type}, but x is ${x.type}. Convert one of them.`);
  }
  const affine = affineOf(operation, x, axesOf(operation, options.axes ?? [-1], x), options);
  const sum = widened(x).plus(widened(residual));
  return { y: normalize(sum, affine).cast(x.type), sum: sum.cast(x.type) };
}

/** The second and third outputs are statistics, the fourth is the sum. */
function skip(
  operation: string,
  opType: "SkipLayerNormalization" | "SkipSimplifiedLayerNormalization",
  x: SymbolicTensor,
  residual: SymbolicTensor,
  options: AddLayerNormOptions,
): AddNormResult {
  checkSymbolic(operation, "x", x, 2);
  checkSymbolic(operation, "residual", residual, 2);
  const { axes: [...given] = [-1], epsilon = 1e-5, subtractMean = true, activation } = options;
  checkNumber(operation, "epsilon", epsilon, 0);
  const axes = axesOf(operation, given, x);
  checkTrailing(operation, x, axes);
  const simplified = opType === "SkipSimplifiedLayerNormalization";
  refuseFused(operation, axes.length > 1 && "of com.microsoft goes along the last axis only");
  refuseFused(operation, !subtractMean && "of com.microsoft always subtracts the mean");
  refuseFused(operation, simplified && options.bias !== undefined && "of com.microsoft has no bias");
  const affine = affineOf(operation, x, axes, options);
  const scale = affine.scale?.cast(x.type) ?? filled(operation, x, "scale", x.dims.slice(-1), 1);
  const inputs = [x, residual, scale, affine.bias?.cast(x.type)].map((input) => input?.value);
  checkComputable(opType, x.type);
  const [y, sum] = x.graph.ops(opType, inputs, { epsilon }, [true, false, false, true], { domain: "com.microsoft" });
  return { y: activate(x.of(y), activation), sum: x.of(sum) };
}
