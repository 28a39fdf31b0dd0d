import type { NameList } from "../kernels/option_names.ts";
import type { Activation } from "../kernels/activation.ts";
import { checkActivation } from "../kernels/check.ts";
import { otherAxes } from "./check.ts";
import { type NamedOptions, optionalParameter, type Parameter } from "./parameter.ts";
import type { SymbolicTensor } from "./symbolic_tensor.ts";

/** What normalizations do after they have normalized, and how parameters are named. */
export interface AffineOptions extends NamedOptions {
  /** Multiplies the normalized values. Default: none. */
  scale?: Parameter;
  /** Is added after the scale. Default: none. */
  bias?: Parameter;
  /** Is applied last: `"relu"`, `"gelu"` (exact, by the error function) or `"silu"`. Default: none. */
  activation?: Activation;
}

/** The names of {@linkcode AffineOptions}. */
export const affineNames: NameList<AffineOptions> = { scale: true, bias: true, activation: true, name: true };

/** The parameters of a call in its graph. */
export interface Affine {
  readonly scale?: SymbolicTensor;
  readonly bias?: SymbolicTensor;
  readonly activation?: Activation;
}

/** Puts the scale and bias of a call into the graph; they have the sizes of x along these axes. */
export function affineOf(
  operation: string,
  x: SymbolicTensor,
  axes: readonly number[],
  options: AffineOptions,
): Affine {
  checkActivation(operation, options.activation);
  const dims = axes.map((axis) => x.dims[axis]);
  return {
    scale: optionalParameter(operation, x, "scale", options.scale, dims, options),
    bias: optionalParameter(operation, x, "bias", options.bias, dims, options),
    activation: options.activation,
  };
}

/** `activation(x * scale + bias)`, with scale and bias along these axes. */
export function applyAffine(x: SymbolicTensor, axes: readonly number[], affine: Affine): SymbolicTensor {
  let y = x;
  if (affine.scale) y = y.times(along(y, axes, affine.scale));
  if (affine.bias) y = y.plus(along(y, axes, affine.bias));
  return activate(y, affine.activation);
}

/** A parameter in x's type, with dims of 1 where x has other axes, so that it broadcasts to x. */
export function along(x: SymbolicTensor, axes: readonly number[], parameter: SymbolicTensor): SymbolicTensor {
  // Dims of 1 in front are ONNX's own broadcasting.
  return parameter.cast(x.type).unsqueeze(
    otherAxes(x, axes).filter((axis) => axis > axes[0]).map((axis) => axis - axes[0]),
  );
}

/** An activation in ONNX's operators; Gelu is one of them from opset 20 on. */
export function activate(z: SymbolicTensor, activation: Activation | undefined): SymbolicTensor {
  switch (activation) {
    case "relu":
      return z.op("Relu");
    case "gelu":
      if (z.opset >= 20 && z.type !== "float64") return z.op("Gelu");
      return z.times(0.5).times(z.over(Math.SQRT2).op("Erf").plus(1));
    case "silu":
      // onnxruntime makes z times Sigmoid(z) an operator of its own, which it has not for float64.
      if (z.type === "float64") return z.over(z.op("Neg").op("Exp").plus(1));
      return z.times(z.op("Sigmoid"));
    default:
      return z;
  }
}
