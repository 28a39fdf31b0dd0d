import { OptionNames } from "../../kernels/option_names.ts";
import type { Parameter } from "../parameter.ts";
import type { SymbolicTensor } from "../symbolic_tensor.ts";
import {
  operator,
  project,
  RecurrentGraph,
  recurrentNames,
  type RecurrentOptions,
  type RecurrentOutputs,
  scan,
} from "./recurrent.ts";
import { transposed } from "./transposed.ts";
import { RNN } from "../../layers/recurrent/rnn.ts";
import { layerWriter } from "../writing.ts";

/** Options of {@linkcode rnn}; the normalized one has `scale` and `bias` in place of `inputBias` and `hiddenBias`. */
export interface RnnOptions extends RecurrentOptions {
  /** Multiplies the normalized sums, [hidden]. Default: none. */
  scale?: Parameter;
  /** Is added then, [hidden]. Default: none. */
  bias?: Parameter;
  /** What the hidden units apply to their sums. Default: `"tanh"`. */
  activation?: "tanh" | "relu";
}

const rnnOptions = new OptionNames<RnnOptions>({ ...recurrentNames, scale: true, bias: true, activation: true });

/**
 * A recurrent network: ONNX's RNN, or with norm `"layer"` the layer-normalized one (Ba, Kiros and Hinton 2016, equation 4), as a Scan
 * over the steps:
 *
 *     a = x[t] inputWeight^T + h hiddenWeight^T,  h = activation((a - mean) / sqrt(variance + epsilon) * scale + bias)
 *
 * with the mean and the variance over the hidden units of one sample at one step.
 *
 * @param x The sequence, [T, N, inputs].
 * @throws {TypeError | RangeError} If a parameter does not fit, or the network does not have it.
 *
 * @example A layer as a graph
 * ```ts
 * import { RNN } from "@evenkeel/norm/layers";
 * import { modelOf, rnn } from "@evenkeel/norm/models";
 *
 * const { parameters, norm, activation } = new RNN(8, 16);
 * const model = modelOf((x) => ({ ...rnn(x, { ...parameters, norm, activation }) }), { x: ["T", "N", 8] });
 * ```
 */
export function rnn(x: SymbolicTensor, options: RnnOptions): RecurrentOutputs {
  rnnOptions.check("rnn", options);
  const network = new RecurrentGraph("rnn", x, options, 1);
  const { inputBias, hiddenBias, scale, bias, activation = "tanh" } = options;
  if (activation !== "tanh" && activation !== "relu") {
    throw new RangeError(`rnn: activation is ${JSON.stringify(activation)}; it must be "tanh" or "relu".`);
  }
  const initial = [network.optional("hidden", options.initial?.hidden, network.carriedDims)];
  const f = activation === "tanh" ? "Tanh" : "Relu";
  if (network.plain) {
    network.refuse({ scale, bias });
    const [y, hidden] = operator(network, "RNN", [0], initial, { activations: [f] });
    return { y, hidden };
  }
  network.refuse({ inputBias, hiddenBias });
  const units = [network.hidden];
  const affine = [network.optional("scale", scale, units), network.optional("bias", bias, units)] as const;
  const projected = project(x, transposed(network.weight("inputWeight")));
  const hiddenWeight = transposed(network.weight("hiddenWeight"));
  const [y, hidden] = scan(network, [projected], initial, ([before], [now]) => [
    network.norm(now.plus(project(before, hiddenWeight)), ...affine).op(f),
  ]);
  return { y, hidden };
}

/** A layer of the class RNN as a graph. */
export const rnnWriter = layerWriter(
  RNN,
  (x, { parameters, norm, epsilon, direction, activation }, { state: initial, options }) =>
    rnn(x, { ...parameters, norm, epsilon, direction, activation, initial, ...options }).y,
);
