import { checkActivation } from "../../kernels/check.ts";
import { OptionNames } from "../../kernels/option_names.ts";
import { describe } from "../../kernels/tensor.ts";
import { activate, type AffineOptions } from "../affine.ts";
import { checkSymbolic } from "../check.ts";
import { layerNorm, type LayerNormOptions } from "../norms/layer_norm.ts";
import type { SymbolicTensor } from "../symbolic_tensor.ts";
import { linear, type LinearOptions } from "./linear.ts";

/** A linear layer and the layer norm after it. */
export interface LinearLayerNormOptions {
  /** The linear layer. */
  linear: LinearOptions;
  /** The layer norm over its outputs. */
  norm?: LayerNormOptions;
}

const linearLayerNormOptions = new OptionNames<LinearLayerNormOptions>({ linear: true, norm: true });

/**
 * A linear layer, then layer norm over its outputs, then an activation if the norm's options name one.
 *
 * @throws {TypeError | RangeError} If a parameter does not fit x.
 *
 * @example A hundred features to fifty
 * ```ts
 * import { linearLayerNorm, modelOf } from "@evenkeel/norm/models";
 *
 * const model = modelOf(
 *   (x) => linearLayerNorm(x, { linear: { weight: "weight", outputs: 50 }, norm: { activation: "relu" } }),
 *   { x: ["N", 100] },
 * );
 * ```
 */
export function linearLayerNorm(x: SymbolicTensor, options: LinearLayerNormOptions): SymbolicTensor {
  linearLayerNormOptions.check("linearLayerNorm", options);
  if (options?.linear === undefined) {
    throw new TypeError("linearLayerNorm: linear is needed: the options of the linear layer, as in { weight, bias }.");
  }
  return layerNorm(linear(x, options.linear), options.norm);
}

/** Options of {@linkcode layerNormMlp}. */
export interface LayerNormMlpOptions {
  /** The hidden layers, first to last. */
  hidden: readonly LinearLayerNormOptions[];
  /** The layer that gives the outputs: linear, with neither norm nor activation. */
  output: LinearOptions;
  /** The activation after each hidden layer's norm. Default: `"relu"`. */
  activation?: AffineOptions["activation"];
}

const layerNormMlpOptions = new OptionNames<LayerNormMlpOptions>({ hidden: true, output: true, activation: true });

/**
 * A multilayer perceptron whose hidden layers are Linear, LayerNorm, ReLU.
 *
 * This is not DeepNet's DeepNorm (Wang et al. 2022), LN(alpha x + f(x)), though both have been called "deep norm".
 *
 * @throws {TypeError | RangeError} If a parameter does not fit.
 *
 * @example 100 inputs, hidden layers of 64 and 32, 10 outputs
 * ```ts
 * import { layerNormMlp, modelOf } from "@evenkeel/norm/models";
 *
 * const hidden = [64, 32].map((outputs) => ({ linear: { weight: `weight${outputs}`, outputs } }));
 * const model = modelOf((x) => layerNormMlp(x, { hidden, output: { weight: "weight10", outputs: 10 } }), {
 *   x: ["N", 100],
 * });
 * ```
 */
export function layerNormMlp(x: SymbolicTensor, options: LayerNormMlpOptions): SymbolicTensor {
  layerNormMlpOptions.check("layerNormMlp", options);
  checkSymbolic("layerNormMlp", "x", x, 1);
  if (!Array.isArray(options?.hidden)) {
    throw new TypeError(
      `layerNormMlp: hidden is ${
        describe(options?.hidden)
      }; it must be a list of layers, as in [{ linear: { weight } }].`,
    );
  }
  const { hidden, output, activation = "relu" } = options;
  checkActivation("layerNormMlp", activation);
  const features = hidden.reduce((h, layer) => activate(linearLayerNorm(h, layer), activation), x);
  return linear(features, output);
}
