import { checkCount } from "../../kernels/check.ts";
import type { Layer, Tensors } from "../layer.ts";
import { Bidirectional } from "../recurrent/bidirectional.ts";
import { GRU } from "../recurrent/gru.ts";
import { LSTM } from "../recurrent/lstm.ts";
import type { RecurrentLayer } from "../recurrent/recurrence.ts";
import type { Recurrent, RecurrentInit } from "../recurrent/recurrent.ts";
import { RecurrentStack } from "../recurrent/recurrent_stack.ts";
import { RNN } from "../recurrent/rnn.ts";
import { checkOnly, type Conversion, dimsOf } from "./conversion.ts";
import type { TorchStackOptions } from "./torch_classes.ts";

const ofFirst = namesIn(0, false, "");
const recurrentOptions = [
  "input_size",
  "hidden_size",
  "bias",
  "num_layers",
  "batch_first",
  "bidirectional",
  "dropout",
] as const;

/** PyTorch's recurrent networks, of any number of layers. */
export const torchRecurrent: Readonly<Record<"RNN" | "LSTM" | "GRU", Conversion<TorchStackOptions, RecurrentLayer>>> = {
  RNN: {
    names: ofFirst,
    namesOf: recurrentNames,
    options: [...recurrentOptions, "nonlinearity"],
    make: ({ nonlinearity: activation, ...options }, tensors, type) =>
      network(options, tensors, 1, (inputs, hidden, init) => new RNN(inputs, hidden, { ...init, activation, type })),
  },
  LSTM: {
    names: ofFirst,
    namesOf: recurrentNames,
    options: recurrentOptions,
    make: (options, tensors, type) =>
      network(options, tensors, 4, (inputs, hidden, init) => new LSTM(inputs, hidden, { ...init, type })),
  },
  GRU: {
    names: ofFirst,
    namesOf: recurrentNames,
    options: recurrentOptions,
    make: (options, tensors, type) =>
      network(options, tensors, 3, (inputs, hidden, init) => new GRU(inputs, hidden, { ...init, type })),
  },
};

/** One layer in one direction, or as many as the options say. */
function network(
  { num_layers = 1, batch_first = false, bidirectional = false, bias, dropout = 0, ...sizes }: TorchStackOptions,
  tensors: Tensors,
  gates: number,
  make: (inputs: number, hidden: number, init: RecurrentInit) => Recurrent,
): RecurrentLayer {
  checkOnly("fromTorch", "batch_first", batch_first, false);
  checkOnly("fromTorch", "dropout", dropout, 0);
  checkCount("fromTorch", "num_layers", num_layers);
  const [outputs, columns] = dimsOf("fromTorch", "weight_ih_l0", tensors, 2);
  const { input_size: inputs = columns, hidden_size: hidden = outputs / gates } = sizes;
  const layers = Array.from({ length: num_layers }, (_, i) => {
    const below = i === 0 ? inputs : bidirectional ? 2 * hidden : hidden, forward = make(below, hidden, { bias });
    return bidirectional ? new Bidirectional(forward, make(below, hidden, { bias, direction: "reverse" })) : forward;
  });
  return layers.length === 1 ? layers[0] : new RecurrentStack(layers);
}

/** PyTorch's names of one layer's tensors, in one direction; ours with a part in front. */
function namesIn(layer: number, reverse: boolean, part: string): Record<string, string> {
  const end = `l${layer}${reverse ? "_reverse" : ""}`;
  return {
    [`weight_ih_${end}`]: `${part}inputWeight`,
    [`weight_hh_${end}`]: `${part}hiddenWeight`,
    [`bias_ih_${end}`]: `${part}inputBias`,
    [`bias_hh_${end}`]: `${part}hiddenBias`,
  };
}

/** The names of all tensors of a recurrent network. */
function recurrentNames(network: Layer, layer = 0, part = ""): Readonly<Record<string, string>> {
  if (network instanceof RecurrentStack) {
    return Object.assign({}, ...network.layers.map((inner, i) => recurrentNames(inner, i, `${i}.`)));
  }
  if (!(network instanceof Bidirectional)) return namesIn(layer, false, part);
  return { ...namesIn(layer, false, `${part}forward.`), ...namesIn(layer, true, `${part}backward.`) };
}

/** The layers of a recurrent network, which is of one class in PyTorch; any other layer is its own part. */
export function recurrentParts(network: Layer): readonly Layer[] {
  if (network instanceof RecurrentStack) return network.layers.flatMap(recurrentParts);
  return network instanceof Bidirectional ? [network.forward, network.backward] : [network];
}
