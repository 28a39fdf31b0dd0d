import { type NameList, OptionNames } from "../../kernels/option_names.ts";
import { checkNumber } from "../../kernels/check.ts";
import { activate, type Affine, affineNames, affineOf, type AffineOptions, applyAffine } from "../affine.ts";
import { axesOf, checkForm, checkSymbolic, refuseFused } from "../check.ts";
import type { Form } from "../form.ts";
import { moments } from "./moments.ts";
import { filled } from "../parameter.ts";
import { type SymbolicTensor, widened } from "../symbolic_tensor.ts";
import { restored, viewFor } from "./view.ts";
import { LayerNorm } from "../../layers/norms/layer_norm.ts";
import { layerWriter } from "../writing.ts";

/** Options of {@linkcode layerNorm}. `scale` and `bias` have the sizes of x along the normalized axes. */
export interface LayerNormOptions extends AffineOptions {
  /** The axes to normalize over, the last one by default; negative ones count from the back. */
  axes?: readonly number[];
  /** Is added to the variance. Default: 1e-5. */
  epsilon?: number;
  /** If false, x is divided by its standard deviation without subtracting its mean first: Restormer's BiasFree form. Default: true. */
  subtractMean?: boolean;
  /** How it is written. Default: `"robust"`. */
  form?: Form;
}

/** The names of {@linkcode LayerNormOptions}. */
export const layerNormNames: NameList<LayerNormOptions> = {
  ...affineNames,
  axes: true,
  epsilon: true,
  subtractMean: "flag",
  form: true,
};
const layerNormOptions = new OptionNames<LayerNormOptions>(layerNormNames);

/**
 * Layer normalization (Ba, Kiros and Hinton 2016) over the elements of each sample along `axes`,
 *
 *     y = activation((x - mean) / sqrt(variance + epsilon) * scale + bias)
 *
 * with the population variance.
 *
 * The default is the robust form: right on both backends of onnxruntime-web 1.30, and on WASM the fastest. Largest error in
 * float32 of rows of 768 numbers of deviation 1, and time for 1024 such rows (WebGPU on a software device):
 *
 * | form | WASM at mean 1e2 | 1e6 | time | WebGPU at mean 1e2 | 1e6 | time |
 * |---|---|---|---|---|---|---|
 * | robust | 6e-7 | 4e-7 | 2.7 ms | 4e-7 | 4e-7 | 32 ms |
 * | decomposed | 7e-5 | 0.1 | 2.6 ms | 1e-5 | 0.05 | 40 ms |
 * | fused, LayerNormalization | 9e-5 | 0.5 | 4.6 ms | 2e-3 | NaN | 26 ms |
 *
 * @param x A tensor of rank 1 or more.
 * @returns y, of x's type and dims, in x's graph.
 * @throws {TypeError | RangeError} If an argument does not fit, or the fused form cannot do what is asked.
 *
 * @example A model whose scale and bias are inputs
 * ```ts
 * import { layerNorm, modelOf } from "@evenkeel/norm/models";
 * import { run } from "@evenkeel/norm/onnx";
 * import { tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const model = modelOf((x) => layerNorm(x, { scale: "scale", bias: "bias" }), { x: ["N", 5] });
 * const { y } = await run(model, {
 *   x: tensor(new Float32Array([2, 3, 5, 1, 4]), [1, 5]),
 *   scale: tensor(new Float32Array(5).fill(1)),
 *   bias: tensor(new Float32Array(5)),
 * });
 * assertAlmostEquals(Number(y.data[2]), Math.SQRT2, 1e-5);
 * ```
 */
export function layerNorm(x: SymbolicTensor, options: LayerNormOptions = {}): SymbolicTensor {
  layerNormOptions.check("layerNorm", options);
  const operation = "layerNorm";
  checkSymbolic(operation, "x", x, 1);
  const { epsilon = 1e-5, subtractMean = true, form = "robust" } = options;
  checkNumber(operation, "epsilon", epsilon, 0);
  checkForm(operation, form);
  const axes = axesOf(operation, options.axes ?? [-1], x), affine = affineOf(operation, x, axes, options);
  if (form === "fused") {
    refuseFused(operation, !subtractMean && "always subtracts the mean");
    return fusedLayerNorm(operation, x, axes, affine, epsilon);
  }
  const wide = widened(x), view = viewFor(form, { x: wide, axes });
  const { deviation, variance } = moments(view.x, view.axes, form);
  const normalized = (subtractMean ? deviation : view.x).over(variance.plus(epsilon).sqrt());
  return applyAffine(restored(normalized, view, wide), axes, affine).cast(x.type);
}

/** ONNX's LayerNormalization goes along the axes from one on to the last. */
function fusedLayerNorm(
  operation: string,
  x: SymbolicTensor,
  axes: readonly number[],
  { scale, bias, activation }: Affine,
  epsilon: number,
): SymbolicTensor {
  checkTrailing(operation, x, axes);
  const dims = x.dims.slice(axes[0]);
  const parameters = [scale?.cast(x.type) ?? filled(operation, x, "scale", dims, 1), bias?.cast(x.type)];
  return activate(
    x.op("LayerNormalization", parameters, { axis: BigInt(axes[0] - x.dims.length), epsilon }),
    activation,
  );
}

/** Throws unless the axes are the last ones, as the fused operators want them. */
export function checkTrailing(operation: string, { dims }: SymbolicTensor, axes: readonly number[]): void {
  refuseFused(
    operation,
    axes.length < dims.length - axes[0] && `goes along the last axes only, and axes is [${axes.join(", ")}]`,
  );
}

/** A LayerNorm layer as a graph. */
export const layerNormWriter = layerWriter(
  LayerNorm,
  (x, { parameters, axes, epsilon, subtractMean, activation }, { options }) =>
    layerNorm(x, { ...parameters, axes, epsilon, subtractMean, activation, ...options }),
);
