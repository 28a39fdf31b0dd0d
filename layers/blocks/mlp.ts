import { checkCount } from "../../kernels/check.ts";
import { OptionNames } from "../../kernels/option_names.ts";
import { describe } from "../../kernels/tensor.ts";
import { ReLU } from "../network/activation.ts";
import type { Layer } from "../layer.ts";
import { LayerNorm } from "../norms/layer_norm.ts";
import { checkRandom, shared } from "../network/random.ts";
import { Linear } from "../network/linear.ts";
import { Sequential } from "../network/sequential.ts";

/** The sizes of a {@linkcode layerNormMlp}. */
export interface LayerNormMlpInit {
  /** The features of x. */
  inputs: number;
  /** The sizes of the hidden layers, first to last. */
  hidden: readonly number[];
  /** The size of the result. */
  outputs: number;
  /** What draws the weights. Default: as for {@linkcode Linear}. */
  random?: () => number;
}

const names = new OptionNames<LayerNormMlpInit>({ inputs: true, hidden: true, outputs: true, random: true });

/**
 * A multilayer perceptron whose hidden layers are Linear, LayerNorm, ReLU, and whose last is Linear. It has been called "deep norm";
 * DeepNet's DeepNorm (Wang et al. 2022) is {@linkcode deepNetResidual}.
 *
 * @example 100 inputs, hidden layers of 64 and 32, 10 outputs
 * ```ts
 * import { layerNormMlp } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const model = layerNormMlp({ inputs: 100, hidden: [64, 32], outputs: 10 });
 * const y = model.evaluate(tensor(new Float32Array(32 * 100), [32, 100]));
 * assertEquals(y.dims, [32, 10]);
 * ```
 */
export function layerNormMlp(init: LayerNormMlpInit): Sequential {
  names.check("layerNormMlp", init);
  const { inputs, hidden, outputs, random = shared } = init ?? {};
  checkRandom("layerNormMlp", random);
  checkCount("layerNormMlp", "inputs", inputs);
  checkCount("layerNormMlp", "outputs", outputs);
  if (!Array.isArray(hidden)) {
    throw new TypeError(`layerNormMlp: hidden is ${describe(hidden)}; it must be a list of sizes, as in [64, 64].`);
  }
  const layers: Layer[] = [];
  let features = inputs;
  for (const size of hidden) {
    layers.push(new Linear(features, size, { random }), new LayerNorm(size), new ReLU());
    features = size;
  }
  return new Sequential([...layers, new Linear(features, outputs, { random })]);
}
