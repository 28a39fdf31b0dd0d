import { OptionNames } from "../../kernels/option_names.ts";
import type { Parameter } from "../parameter.ts";
import type { SymbolicTensor } from "../symbolic_tensor.ts";
import {
  operator,
  parts,
  project,
  RecurrentGraph,
  recurrentNames,
  type RecurrentOptions,
  type RecurrentOutputs,
  scan,
} from "./recurrent.ts";
import { transposed } from "./transposed.ts";
import { GRU } from "../../layers/recurrent/gru.ts";
import { layerWriter } from "../writing.ts";

/** Options of {@linkcode gru}. */
export interface GruOptions extends RecurrentOptions {
  /** Multiplies the normalized projection of x, [3 * hidden]. Default: none. */
  inputScale?: Parameter;
  /** Multiplies the normalized projection of the hidden units, [3 * hidden]. Default: none. */
  hiddenScale?: Parameter;
}

const gruOptions = new OptionNames<GruOptions>({ ...recurrentNames, inputScale: true, hiddenScale: true });

/**
 * A gated recurrent unit, gates in the order r, z, n: ONNX's GRU with linear_before_reset, or with norm `"layer"` the layer-normalized
 * one (Ba, Kiros and Hinton 2016, supplement), as a Scan over the steps:
 *
 *     p = LN(x[t] inputWeight^T) inputScale + inputBias,  q = LN(h hiddenWeight^T) hiddenScale + hiddenBias
 *     r = sigmoid(p_r + q_r),  z = sigmoid(p_z + q_z),  n = tanh(p_n + r q_n),  h = (1 - z) n + z h
 *
 * with LN over r and z together and over n by itself.
 *
 * @param x The sequence, [T, N, inputs].
 * @throws {TypeError | RangeError} If a parameter does not fit, or the network does not have it.
 *
 * @example
 * ```ts
 * import { gru, modelOf } from "@evenkeel/norm/models";
 *
 * const options = { inputWeight: "w_ih", hiddenWeight: "w_hh", hidden: 16 };
 * const model = modelOf((x) => ({ ...gru(x, options) }), { x: ["T", "N", 8] });
 * ```
 */
export function gru(x: SymbolicTensor, options: GruOptions): RecurrentOutputs {
  gruOptions.check("gru", options);
  const network = new RecurrentGraph("gru", x, options, 3), units = network.hidden;
  const { inputScale, inputBias, hiddenScale, hiddenBias } = options;
  const initial = [network.optional("hidden", options.initial?.hidden, network.carriedDims)];
  if (network.plain) {
    network.refuse({ inputScale, hiddenScale });
    const [y, hidden] = operator(network, "GRU", [1, 0, 2], initial, { linear_before_reset: 1n }); // z, r, n
    return { y, hidden };
  }
  const together = [2 * units, units];
  const split = (vector: SymbolicTensor | undefined) => vector ? parts(vector, together) : [];
  const ofInput = [network.vector("inputScale", inputScale), network.vector("inputBias", inputBias)].map(split);
  const ofHidden = [network.vector("hiddenScale", hiddenScale), network.vector("hiddenBias", hiddenBias)].map(split);
  const normalized = (sums: SymbolicTensor, [scales, biases]: SymbolicTensor[][]) =>
    parts(sums, together).map((part, i) => network.norm(part, scales[i], biases[i]));
  const projected = normalized(project(x, transposed(network.weight("inputWeight"))), ofInput);
  const hiddenWeight = transposed(network.weight("hiddenWeight"));
  const [y, hidden] = scan(network, projected, initial, ([before], [gates, candidate]) => {
    const [fromHidden, past] = normalized(project(before, hiddenWeight), ofHidden);
    const [r, z] = parts(gates.plus(fromHidden).op("Sigmoid"), [units, units]);
    const n = candidate.plus(r.times(past)).op("Tanh");
    return [n.plus(z.times(before.minus(n)))]; // (1 - z) n + z h
  });
  return { y, hidden };
}

/** A layer of the class GRU as a graph. */
export const gruWriter = layerWriter(
  GRU,
  (x, { parameters, norm, epsilon, direction }, { state: initial, options }) =>
    gru(x, { ...parameters, norm, epsilon, direction, initial, ...options }).y,
);
