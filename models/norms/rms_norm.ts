import { type NameList, OptionNames } from "../../kernels/option_names.ts";
import { checkNumber } from "../../kernels/check.ts";
import { activate, type Affine, affineNames, affineOf, type AffineOptions, applyAffine } from "../affine.ts";
import { axesOf, checkForm, checkSymbolic, refuseFused } from "../check.ts";
import type { Form } from "../form.ts";
import { checkTrailing } from "./layer_norm.ts";
import { meanSquare } from "./moments.ts";
import { filled } from "../parameter.ts";
import { type SymbolicTensor, widened } from "../symbolic_tensor.ts";
import { restored, viewFor } from "./view.ts";
import { RMSNorm } from "../../layers/norms/rms_norm.ts";
import { layerWriter } from "../writing.ts";

/** Options of {@linkcode rmsNorm}. `scale` and `bias` have the sizes of x along the normalized axes. */
export interface RmsNormOptions extends AffineOptions {
  /** The axes to normalize over, the last one by default; negative ones count from the back. */
  axes?: readonly number[];
  /** Is added to the mean square. Default: 1e-5. */
  epsilon?: number;
  /** How it is written. Default: `"robust"`. */
  form?: Form;
}

/** The names of {@linkcode RmsNormOptions}. */
export const rmsNormNames: NameList<RmsNormOptions> = { ...affineNames, axes: true, epsilon: true, form: true };
const rmsNormOptions = new OptionNames<RmsNormOptions>(rmsNormNames);

/**
 * Root mean square normalization (Zhang and Sennrich 2019) over the elements of each sample along `axes`,
 *
 *     y = activation(x / sqrt(mean(x^2) + epsilon) * scale + bias)
 *
 * The default is the robust form, in any opset. No form subtracts, so that all are right; the fused RMSNormalization, from opset 23
 * on, is no faster on either backend, errs by 3e-6 on WASM in rows of 768 where this errs by 2e-7, and by more than 2 ulp of
 * float16 on WebGPU.
 *
 * @param x A tensor of rank 1 or more.
 * @returns y, of x's type and dims, in x's graph.
 * @throws {TypeError | RangeError} If an argument does not fit, or the fused form cannot do what is asked, as below opset 23.
 *
 * @example
 * ```ts
 * import { modelOf, rmsNorm } from "@evenkeel/norm/models";
 *
 * const model = modelOf((x) => rmsNorm(x, { scale: "scale" }), { x: ["N", "T", 768] });
 * ```
 */
export function rmsNorm(x: SymbolicTensor, options: RmsNormOptions = {}): SymbolicTensor {
  rmsNormOptions.check("rmsNorm", options);
  const operation = "rmsNorm";
  checkSymbolic(operation, "x", x, 1);
  const { epsilon = 1e-5, form = "robust" } = options;
  checkNumber(operation, "epsilon", epsilon, 0);
  checkForm(operation, form);
  const axes = axesOf(operation, options.axes ?? [-1], x), affine = affineOf(operation, x, axes, options);
  if (form === "fused") return fusedRmsNorm(operation, x, axes, affine, epsilon);
  const wide = widened(x), view = viewFor(form, { x: wide, axes });
  const normalized = view.x.over(meanSquare(view.x, view.axes, form).plus(epsilon).sqrt());
  return applyAffine(restored(normalized, view, wide), axes, affine).cast(x.type);
}

/** ONNX's RMSNormalization goes along the axes from one on to the last, and has no bias. */
function fusedRmsNorm(
  operation: string,
  x: SymbolicTensor,
  axes: readonly number[],
  { scale, bias, activation }: Affine,
  epsilon: number,
): SymbolicTensor {
  refuseFused(operation, x.opset < 23 && `is RMSNormalization, which came with opset 23, and this is opset ${x.opset}`);
  checkTrailing(operation, x, axes);
  const parameter = scale?.cast(x.type) ?? filled(operation, x, "scale", x.dims.slice(axes[0]), 1);
  const y = x.op("RMSNormalization", [parameter], { axis: BigInt(axes[0] - x.dims.length), epsilon });
  return activate(bias ? y.plus(bias.cast(x.type)) : y, activation);
}

/** An RMSNorm layer as a graph. */
export const rmsNormWriter = layerWriter(
  RMSNorm,
  (x, { parameters, axes, epsilon, activation }, { options }) =>
    rmsNorm(x, { ...parameters, axes, epsilon, activation, ...options }),
);
