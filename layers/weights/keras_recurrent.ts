import { describe, type Tensor, zeros } from "../../kernels/tensor.ts";
import type { Tensors } from "../layer.ts";
import { partOf, prefixed } from "../names.ts";
import { permuted } from "../network/permuted.ts";
import { between } from "../../kernels/passes/slices.ts";
import { Bidirectional } from "../recurrent/bidirectional.ts";
import { GRU } from "../recurrent/gru.ts";
import { LSTM } from "../recurrent/lstm.ts";
import type { Recurrent, RecurrentInit } from "../recurrent/recurrent.ts";
import { RNN } from "../recurrent/rnn.ts";
import { checkOnly, checkOptions, type Conversion, dimsOf } from "./conversion.ts";
import { ownConfig } from "./keras_config.ts";
import type { KerasBidirectionalConfig, KerasClasses, KerasRecurrentConfig } from "./keras_classes.ts";

const names = { kernel: "inputWeight", recurrent_kernel: "hiddenWeight", bias: "inputBias", "bias[1]": "hiddenBias" };

const options = [
  "units",
  "activation",
  "recurrent_activation",
  "use_bias",
  "time_major",
  "return_sequences",
  "return_state",
  "go_backwards",
  "stateful",
  "unroll",
  "zero_output_for_mask",
  "unit_forget_bias",
  "dropout",
  "recurrent_dropout",
  "reset_after",
  "implementation",
  "seed",
] as const;

/** One layer, from the config and the weights that were arranged. */
type Make<L> = (config: KerasRecurrentConfig, weights: Tensors, init: RecurrentInit) => L;

/** How one of the three classes is converted, in either direction. */
interface Recurrence<L extends Recurrent> {
  /** Where each of our gates is among Keras's. */
  readonly gates: readonly number[];
  readonly make: Make<L>;
}

const recurrences: { SimpleRNN: Recurrence<RNN>; LSTM: Recurrence<LSTM>; GRU: Recurrence<GRU> } = {
  SimpleRNN: {
    gates: [0],
    make({ activation = "tanh", ...config }, weights, init) {
      if (activation !== "relu") checkOnly("fromKeras", "activation", activation, "tanh");
      return new RNN(...sizesOf(config, weights, 1), { ...init, activation: activation as "relu" | "tanh" });
    },
  },
  LSTM: {
    gates: [0, 1, 2, 3],
    make(config, weights, init) {
      checkGates(config);
      return new LSTM(...sizesOf(config, weights, 4), init);
    },
  },
  GRU: {
    gates: [1, 0, 2], // Keras has z before r
    make(config, weights, init) {
      checkGates(config);
      checkOnly("fromKeras", "reset_after", config.reset_after ?? true, true);
      return new GRU(...sizesOf(config, weights, 3), init);
    },
  },
};

/** Keras's recurrent networks. */
export const kerasRecurrent: {
  [Name in "SimpleRNN" | "LSTM" | "GRU" | "Bidirectional"]: Conversion<
    KerasClasses[Name]["config"],
    KerasClasses[Name]["layer"]
  >;
} = {
  SimpleRNN: conversion(recurrences.SimpleRNN),
  LSTM: conversion(recurrences.LSTM),
  GRU: conversion(recurrences.GRU),
  Bidirectional: {
    names: Object.fromEntries(
      ["forward", "backward"].flatMap((part) =>
        Object.entries(names).map(([their, our]) => [`${part}.${their}`, `${part}.${our}`])
      ),
    ),
    options: ["layer", "backward_layer", "merge_mode"],
    arrange(weights, config) {
      const { gates } = recurrenceIn(config),
        arrangedPart = (part: string) => prefixed(part, arranged(partOf(part, weights), gates));
      const others = Object.entries(weights).filter(([name]) => !/^(forward|backward)\./.test(name));
      return { ...arrangedPart("forward"), ...arrangedPart("backward"), ...Object.fromEntries(others) };
    },
    make(config, weights, type) {
      const { make } = recurrenceIn(config), { layer, backward_layer: second = layer, merge_mode = "concat" } = config;
      checkOnly("fromKeras", "merge_mode", merge_mode, "concat");
      checkOnly("fromKeras", "the class of backward_layer", second.class_name, layer.class_name);
      for (const { class_name, config } of [layer, second]) {
        checkOptions("fromKeras", class_name, ownConfig(config), options);
      }
      const { time_major } = layer.config, go_backwards = second === layer ? true : second.config.go_backwards;
      const reversed = { ...second.config, time_major, go_backwards };
      return new Bidirectional(
        make(layer.config, partOf("forward", weights), initOf(layer.config, type, "forward")),
        make(second.config, partOf("backward", weights), initOf(reversed, type, "reverse")),
      );
    },
  },
};

function conversion<L extends Recurrent>({ gates, make }: Recurrence<L>): Conversion<KerasRecurrentConfig, L> {
  return {
    names,
    options,
    arrange: (weights) => arranged(weights, gates),
    make: (config, weights, type) => make(config, weights, initOf(config, type, "forward")),
  };
}

function recurrenceIn({ layer }: KerasBidirectionalConfig): Recurrence<RNN | LSTM | GRU> {
  const name = layer?.class_name;
  if (Object.hasOwn(recurrences, name ?? "")) return recurrences[name];
  throw new RangeError(
    `fromKeras: layer is ${describe(name)}; give { class_name, config } of one of ${
      Object.keys(recurrences).join(", ")
    }.`,
  );
}

/** What all classes have in common, checked. */
function initOf(
  config: KerasRecurrentConfig,
  type: "float32" | "float64",
  direction: "forward" | "reverse",
): RecurrentInit {
  const { use_bias: bias = true, stateful = false, go_backwards = false, dropout = 0, recurrent_dropout = 0 } = config;
  if (config.time_major !== true) {
    throw new RangeError(
      `fromKeras: time_major is ${
        describe(config.time_major)
      }. Our sequences are [steps, batch, features]: transpose them, and say ` +
        `time_major: true. The weights are the same for both.`,
    );
  }
  if (config.return_sequences !== true) {
    throw new RangeError(
      `fromKeras: return_sequences is ${
        describe(config.return_sequences)
      }. Our layers give all steps: say return_sequences: true, and ` +
        `take what is carried at the end from run(x, {}).final.`,
    );
  }
  checkOnly("fromKeras", "go_backwards", go_backwards, direction === "reverse");
  checkOnly("fromKeras", "dropout", dropout, 0);
  checkOnly("fromKeras", "recurrent_dropout", recurrent_dropout, 0);
  return { bias, stateful, direction, type };
}

function checkGates({ activation = "tanh", recurrent_activation = "sigmoid" }: KerasRecurrentConfig): void {
  checkOnly("fromKeras", "activation", activation, "tanh");
  checkOnly("fromKeras", "recurrent_activation", recurrent_activation, "sigmoid");
}

function sizesOf(
  { units }: KerasRecurrentConfig,
  { kernel }: Tensors,
  gates: number,
): [inputs: number, hidden: number] {
  const [outputs, inputs] = kernel.dims;
  return [inputs, units ?? outputs / gates];
}

/**
 * Weights transposed, with gates in our order. Keras's bias is a row for each projection, or one row for both, which becomes that of
 * x beside a bias of 0.
 */
function arranged({ kernel, recurrent_kernel, bias, ...others }: Tensors, gates: readonly number[]): Tensors {
  dimsOf("fromKeras", "kernel", { kernel }, 2);
  dimsOf("fromKeras", "recurrent_kernel", { recurrent_kernel }, 2);
  const rows = (matrix: Tensor) => ordered(permuted(matrix, [1, 0]), gates);
  return {
    kernel: rows(kernel),
    recurrent_kernel: rows(recurrent_kernel),
    ...bias?.dims.length === 2 && {
      bias: ordered(vector(between(bias, 0, 1)), gates),
      "bias[1]": ordered(vector(between(bias, 1, 2)), gates),
    },
    ...bias?.dims.length === 1 && { bias: ordered(bias, gates), "bias[1]": zeros(bias.type, bias.dims) },
    ...others,
  };
}

function vector({ type, data }: Tensor): Tensor {
  return { type, dims: [data.length], data };
}

/** A tensor with its gates, the equal parts of its first axis, in another order. */
function ordered({ type, dims, data }: Tensor, gates: readonly number[]): Tensor {
  const result = zeros(type, dims), size = data.length / gates.length;
  gates.forEach((gate, i) => result.data.set(data.subarray(gate * size, (gate + 1) * size), i * size));
  return result;
}
