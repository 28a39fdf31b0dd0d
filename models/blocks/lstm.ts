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
import { LSTM } from "../../layers/recurrent/lstm.ts";
import { layerWriter } from "../writing.ts";

/** Options of {@linkcode lstm}. */
export interface LstmOptions extends RecurrentOptions {
  /** Multiplies the normalized projection of x, [4 * hidden]. Default: none. */
  inputScale?: Parameter;
  /** Multiplies the normalized projection of the hidden units, [4 * hidden]. Default: none. */
  hiddenScale?: Parameter;
  /** Multiplies the normalized cell, [hidden]. Default: none. */
  cellScale?: Parameter;
  /** Is added then, [hidden]. Default: none. */
  cellBias?: Parameter;
  /** What is carried into the first step, [N, hidden]. Default: 0. */
  initial?: { hidden?: Parameter; cell?: Parameter };
}

/** What {@linkcode lstm} gives. */
export interface LstmOutputs extends RecurrentOutputs {
  /** The cells after the last step, [N, hidden]. */
  cell: SymbolicTensor;
}

const lstmOptions = new OptionNames<LstmOptions>({
  ...recurrentNames,
  inputScale: true,
  hiddenScale: true,
  cellScale: true,
  cellBias: true,
});

/**
 * A long short-term memory, gates in the order i, f, g, o: ONNX's LSTM, or with norm `"layer"` the layer-normalized one (Ba, Kiros and
 * Hinton 2016, supplement), as a Scan over the steps:
 *
 *     i, f, g, o = LN(x[t] inputWeight^T) inputScale + inputBias + LN(h hiddenWeight^T) hiddenScale + hiddenBias
 *     c = sigmoid(f) c + sigmoid(i) tanh(g),  h = sigmoid(o) tanh(LN(c) cellScale + cellBias)
 *
 * @param x The sequence, [T, N, inputs].
 * @throws {TypeError | RangeError} If a parameter does not fit, or the network does not have it.
 *
 * @example A model that goes on where another run of it ended
 * ```ts
 * import { lstm, modelOf } from "@evenkeel/norm/models";
 *
 * const initial = { hidden: "hidden_before", cell: "cell_before" };
 * const options = { inputWeight: "w_ih", hiddenWeight: "w_hh", hidden: 16, initial };
 * const model = modelOf((x) => ({ ...lstm(x, options) }), { x: ["T", "N", 8] }); // outputs y, hidden and cell
 * ```
 */
export function lstm(x: SymbolicTensor, options: LstmOptions): LstmOutputs {
  lstmOptions.check("lstm", options);
  const network = new RecurrentGraph("lstm", x, options, 4), { hidden: units, carriedDims } = network;
  const { inputScale, hiddenScale, cellScale, cellBias } = options;
  const initial = (["hidden", "cell"] as const).map((name) =>
    network.optional(name, options.initial?.[name], carriedDims)
  );
  if (network.plain) {
    network.refuse({ inputScale, hiddenScale, cellScale, cellBias });
    const [y, hidden, cell] = operator(network, "LSTM", [0, 3, 1, 2], initial); // i, o, f, g
    return { y, hidden, cell };
  }
  const scales = [network.vector("inputScale", inputScale), network.vector("hiddenScale", hiddenScale)];
  const biases = [network.vector("inputBias", options.inputBias), network.vector("hiddenBias", options.hiddenBias)];
  const ofCell = [network.optional("cellScale", cellScale, [units]), network.optional("cellBias", cellBias, [units])];
  const projected = network.norm(project(x, transposed(network.weight("inputWeight"))), scales[0], biases[0]);
  const hiddenWeight = transposed(network.weight("hiddenWeight"));
  const [y, hidden, cell] = scan(network, [projected], initial, ([before, cell], [now]) => {
    const gates = now.plus(network.norm(project(before, hiddenWeight), scales[1], biases[1]));
    const [i, f, g, o] = parts(gates, [units, units, units, units]);
    const after = f.op("Sigmoid").times(cell).plus(i.op("Sigmoid").times(g.op("Tanh")));
    return [o.op("Sigmoid").times(network.norm(after, ofCell[0], ofCell[1]).op("Tanh")), after];
  });
  return { y, hidden, cell };
}

/** A layer of the class LSTM as a graph. */
export const lstmWriter = layerWriter(
  LSTM,
  (x, { parameters, norm, epsilon, direction }, { state: initial, options }) =>
    lstm(x, { ...parameters, norm, epsilon, direction, initial, ...options }).y,
);
