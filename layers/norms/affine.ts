import type { NameList } from "../../kernels/option_names.ts";
import { checkDims } from "../../kernels/check.ts";
import { describe, type DType, type Tensor, zeros } from "../../kernels/tensor.ts";
import type { Gradients } from "../../kernels/options.ts";
import type { Pass, Tensors } from "../layer.ts";

/** The learned scale and bias of a normalization. */
export interface AffineInit {
  /** Whether there is a scale, which starts at 1; or the tensor that it starts from, which becomes the layer's own. Default: true. */
  scale?: boolean | Tensor;
  /** Whether there is a bias, which starts at 0; or the tensor that it starts from, which becomes the layer's own. Default: true. */
  bias?: boolean | Tensor;
  /** The type of parameters that start from 1 and 0. Default: `"float32"`. */
  type?: DType;
}

/** The names of {@linkcode AffineInit}. */
export const affineInitNames: NameList<AffineInit> = { scale: true, bias: true, type: true };

/** The parameters of a normalization, each of the given dims. */
export function affineParameters(
  operation: string,
  { scale = true, bias = true, type = "float32" }: AffineInit,
  dims: readonly number[],
): Tensors {
  const parameters: Record<string, Tensor> = {};
  for (const [name, given, start] of [["scale", scale, 1], ["bias", bias, 0]] as const) {
    if (given === false) continue;
    if (given === true) {
      parameters[name] = zeros(type, dims);
      parameters[name].data.fill(start);
    } else {
      if (typeof given !== "object") {
        throw new TypeError(`${operation}: ${name} is ${describe(given)}; it must be true, false or a tensor.`);
      }
      checkDims(operation, name, given, dims, "one for each feature");
      parameters[name] = given;
    }
  }
  return parameters;
}

/** The pass of a normalization without state, from its result and its kernel's backward pass. */
export function affinePass(y: Tensor, backward: (dy: Tensor) => Gradients, state: Tensors = {}): Pass {
  return {
    y,
    state,
    backward(dy) {
      const { dx, dScale, dBias } = backward(dy);
      return { dx, gradients: { ...dScale && { scale: dScale }, ...dBias && { bias: dBias } } };
    },
  };
}
