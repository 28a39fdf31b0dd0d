import type { Tensors } from "../layer.ts";
import { GRU } from "../recurrent/gru.ts";
import { LSTM } from "../recurrent/lstm.ts";
import { RNN } from "../recurrent/rnn.ts";
import { checkOnly, dimsOf } from "./conversion.ts";
import type { TorchConversions, TorchRecurrentOptions } from "./torch_classes.ts";

const recurrentNames = {
  weight_ih_l0: "inputWeight",
  weight_hh_l0: "hiddenWeight",
  bias_ih_l0: "inputBias",
  bias_hh_l0: "hiddenBias",
};
const recurrentOptions = ["input_size", "hidden_size", "bias", "num_layers", "batch_first", "bidirectional"] as const;

/** PyTorch's recurrent networks. */
export const torchRecurrent: TorchConversions<"RNN" | "LSTM" | "GRU"> = {
  RNN: {
    names: recurrentNames,
    options: [...recurrentOptions, "nonlinearity"],
    make({ nonlinearity = "tanh", ...options }, tensors, type) {
      const { inputs, hidden, bias } = recurrence(options, tensors, 1);
      return new RNN(inputs, hidden, { norm: "none", activation: nonlinearity, bias, type });
    },
  },
  LSTM: {
    names: recurrentNames,
    options: recurrentOptions,
    make(options, tensors, type) {
      const { inputs, hidden, bias } = recurrence(options, tensors, 4);
      return new LSTM(inputs, hidden, { norm: "none", bias, type });
    },
  },
  GRU: {
    names: recurrentNames,
    options: recurrentOptions,
    make(options, tensors, type) {
      const { inputs, hidden, bias } = recurrence(options, tensors, 3);
      return new GRU(inputs, hidden, { norm: "none", bias, type });
    },
  },
};

function recurrence(options: TorchRecurrentOptions, tensors: Tensors, gates: number) {
  const { num_layers = 1, batch_first = false, bidirectional = false, bias = true } = options;
  checkOnly("fromTorch", "num_layers", num_layers, 1);
  checkOnly("fromTorch", "batch_first", batch_first, false);
  checkOnly("fromTorch", "bidirectional", bidirectional, false);
  const [outputs, inputs] = dimsOf("fromTorch", "weight_ih_l0", tensors, 2);
  return { inputs: options.input_size ?? inputs, hidden: options.hidden_size ?? outputs / gates, bias };
}
