import { OptionNames } from "../../kernels/option_names.ts";
import { describe } from "../../kernels/tensor.ts";
import { checkLayer } from "../check_layer.ts";
import { checkRecord } from "../check_record.ts";
import { partOf, prefixed } from "../names.ts";
import type { Layer, Tensors } from "../layer.ts";
import { MultiHeadAttention } from "../blocks/multi_head_attention.ts";
import { GELU, ReLU, Sigmoid, SiLU, Tanh } from "../network/activation.ts";
import { Conv2d } from "../network/conv.ts";
import { Conv1d } from "../network/conv1d.ts";
import { ConvTranspose2d } from "../network/conv_transpose.ts";
import { Embedding } from "../network/embedding.ts";
import { LearnedPosition } from "../network/learned_position.ts";
import { Linear } from "../network/linear.ts";
import { AveragePool1d, AveragePool2d, MaxPool1d, MaxPool2d } from "../network/pool.ts";
import { Dropout } from "../network/dropout.ts";
import { Flatten } from "../network/reshaped.ts";
import { Residual } from "../network/residual.ts";
import { Sequential } from "../network/sequential.ts";
import { Softmax } from "../network/softmax.ts";
import { BatchNorm } from "../norms/batch_norm.ts";
import { GroupNorm } from "../norms/group_norm.ts";
import { InstanceNorm } from "../norms/instance_norm.ts";
import { LayerNorm } from "../norms/layer_norm.ts";
import { RMSNorm } from "../norms/rms_norm.ts";
import { GRU } from "../recurrent/gru.ts";
import { LSTM } from "../recurrent/lstm.ts";
import type { RecurrentLayer } from "../recurrent/recurrence.ts";
import { Recurrent } from "../recurrent/recurrent.ts";
import { RNN } from "../recurrent/rnn.ts";
import { type Conversion, convert, theirs } from "./conversion.ts";
import { checkFit, checkTensors, copyInto } from "./fit.ts";
import type { TorchClasses, TorchStackOptions } from "./torch_classes.ts";
import { torchNetwork } from "./torch_network.ts";
import { torchNorms } from "./torch_norms.ts";
import { recurrentParts, torchRecurrent } from "./torch_recurrent.ts";

const torchConversions: Readonly<Record<keyof TorchClasses, Conversion<never, Layer>>> = {
  ...torchNorms,
  ...torchNetwork,
  ...torchRecurrent,
};

/**
 * A layer with the weights, the options and the running statistics of one of PyTorch, by PyTorch's own names and with its defaults.
 * Conventions are converted: momentum becomes the weight of the old value, null the cumulative average, and running variances are
 * the unbiased ones. The tensors are copied; the layer is of float64 if the weight is, else of float32. Training goes on from the
 * layer's `state`.
 *
 * Sizes need not be given: the tensors tell them.
 *
 * @param name The name of the class in `torch.nn`.
 * @param tensors The tensors of its `state_dict()`, such as {@linkcode readSafetensors} gives; {@linkcode partOf} picks those of one layer
 * from those of a model.
 * @param options The options it was made with.
 * @throws {TypeError | RangeError} If the class or an option is not known, or an option does not fit.
 * @throws {WeightsError} If a tensor is missing, unexpected or of wrong dims; it lists them all.
 *
 * @example Batch norm, trained elsewhere
 * ```ts
 * import { fromTorch } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const ones = tensor(new Float32Array([1, 1])), zeros = tensor(new Float32Array([0, 0]));
 * const layer = fromTorch(
 *   "BatchNorm2d",
 *   { weight: ones, bias: zeros, running_mean: tensor(new Float32Array([5, 6])), running_var: ones },
 *   { momentum: 0.25 },
 * );
 * assertEquals(layer.running, { momentum: 0.75, unbiased: true });
 * assertEquals([...layer.state.mean.data], [5, 6]);
 * ```
 */
export function fromTorch<Name extends keyof TorchClasses>(
  name: Name,
  tensors: TorchClasses[Name]["tensors"],
  ...[options]: Record<never, never> extends TorchClasses[Name]["options"] ? [options?: TorchClasses[Name]["options"]]
    : [options: TorchClasses[Name]["options"]]
): TorchClasses[Name]["layer"];
/**
 * A recurrent network of several layers, or of both directions: a {@linkcode RecurrentStack}, a {@linkcode Bidirectional}, or one layer.
 *
 * @param name The name of the class in `torch.nn`.
 * @param tensors The tensors of its `state_dict()`.
 * @param options The options it was made with.
 * @throws {TypeError | RangeError} If an option is not known, or does not fit.
 * @throws {WeightsError} If a tensor is missing, unexpected or of wrong dims; it lists them all.
 *
 * @example
 * ```ts
 * import { fromTorch, LSTM, RecurrentStack, toTorch } from "@evenkeel/norm/layers";
 * import { assertEquals } from "@std/assert";
 *
 * const stateDict = toTorch(new RecurrentStack([new LSTM(2, 8), new LSTM(8, 8)]));
 * const layer = fromTorch("LSTM", stateDict, { num_layers: 2 });
 * assertEquals(Object.keys(layer.parameters)[4], "1.inputWeight");
 * ```
 */
export function fromTorch(
  name: "RNN" | "LSTM" | "GRU",
  tensors: Tensors,
  options: TorchStackOptions,
): RecurrentLayer;
/**
 * Copies the `state_dict` of a whole model of PyTorch into a model that was built here, and returns the state to go on from. Nothing is
 * written unless all fits.
 *
 * @param model A model of the same layers in the same places: parts of a {@linkcode Sequential} have their names, those of a residual
 * connection `norm` and `branch`.
 * @param tensors The whole `state_dict()`.
 * @param options.rename What PyTorch calls the tensor that would have this name if its modules had the names of our parts.
 * @throws {TypeError} If PyTorch has no layer such as one of the model.
 * @throws {WeightsError} If tensors are missing, unexpected or of wrong dims; it lists them all.
 *
 * @example
 * ```ts
 * import { BatchNorm, fromTorch, Linear, Sequential, toTorch } from "@evenkeel/norm/layers";
 * import { assertEquals } from "@std/assert";
 *
 * const make = () => new Sequential({ hidden: new Linear(3, 4), norm: new BatchNorm(4) });
 * const rename = (name: string) => name.replace("hidden.", "fc1.").replace("norm.", "bn1.");
 * const there = make(), stateDict = toTorch(there, there.state, { rename });
 * assertEquals(Object.keys(stateDict)[0], "fc1.weight");
 *
 * const here = make(), state = fromTorch(here, stateDict, { rename });
 * assertEquals(here.parameters["hidden.weight"], there.parameters["hidden.weight"]);
 * ```
 */
export function fromTorch(model: Layer, tensors: Tensors, options?: TorchModelOptions): Tensors;
export function fromTorch(given: string | Layer, tensors: Tensors, options: object = {}): Layer | Tensors {
  checkRecord("fromTorch", "what gives the options", options);
  if (typeof given !== "object" || given === null) {
    return convert("fromTorch", torchConversions, given, tensors, withEffect(given, options));
  }
  checkLayer("fromTorch", "the first argument", given, "Give the name of a class, or a model.");
  checkTensors("fromTorch", tensors);
  checkModelOptions("fromTorch", options);
  const state = copied(given.state), places = toTorch(given, state, options);
  copyInto("fromTorch", places, withoutCounts(tensors, places));
  return state;
}

/** Tensors with memory of their own. */
function copied(tensors: Tensors): Tensors {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() }]),
  );
}

/** PyTorch's options that say nothing of what a layer computes, or nothing at this value. */
const neutral: Readonly<Record<string, readonly unknown[]>> = {
  inplace: [false, true],
  device: [null],
  dtype: [null],
  dropout: [0],
  proj_size: [0],
};

/** The options that have an effect, or that the class knows. */
function withEffect(name: string, options: object): object {
  const known: readonly string[] = torchConversions[name as keyof TorchClasses]?.options ?? [];
  return Object.fromEntries(
    Object.entries(options).filter(([option, value]) => known.includes(option) || !neutral[option]?.includes(value)),
  );
}

/** Options of whole models to and from PyTorch. */
export interface TorchModelOptions {
  /** What PyTorch calls the tensor that would have this name if its modules had the names of our parts. Default: the same. */
  rename?: (name: string) => string;
}

const modelOptionNames = new OptionNames<TorchModelOptions>({ rename: true });

function checkModelOptions(operation: string, options: TorchModelOptions): void {
  modelOptionNames.check(operation, options);
  const { rename } = options;
  if (rename === undefined || typeof rename === "function") return;
  throw new TypeError(
    `${operation}: rename is ${
      describe(rename)
    }; it must be a function, as in (name) => name.replace("hidden.", "fc1.").`,
  );
}

/**
 * The `state_dict` of a layer or of a whole model, by PyTorch's names: {@linkcode fromTorch} read backwards. Options, such as epsilon and
 * momentum, are not in it, nor in PyTorch's. The tensors are not copied.
 *
 * @param layer A layer such as fromTorch gives, or layers in {@linkcode Sequential} and residual connections.
 * @param state The state that the last pass returned. Only layers that have none do without.
 * @param options.rename What PyTorch calls the tensor that would have this name if its modules had the names of our parts.
 * @throws {TypeError} If PyTorch has no such layer, or has no name for one of its tensors.
 * @throws {WeightsError} If it is not the state of this layer.
 *
 * @example
 * ```ts
 * import { LayerNorm, toTorch, writeSafetensors } from "@evenkeel/norm/layers";
 * import { assertEquals } from "@std/assert";
 *
 * const tensors = toTorch(new LayerNorm(4));
 * assertEquals(Object.keys(tensors), ["weight", "bias"]);
 * const file = writeSafetensors(tensors, { format: "pt" });
 * ```
 */
export function toTorch(layer: Layer, state: Tensors = {}, options: TorchModelOptions = {}): Tensors {
  checkModelOptions("toTorch", options);
  const { rename = (name) => name } = options;
  checkFit("toTorch, state", layer?.state ?? {}, state);
  return Object.fromEntries(Object.entries(torchTensors(layer, state)).map(([name, tensor]) => [rename(name), tensor]));
}

/** The tensors of a layer, or of all parts of a container, by PyTorch's names. */
function torchTensors(layer: Layer, state: Tensors): Tensors {
  const parts = partsOf(layer);
  if (parts === undefined) return leafTensors(layer, state);
  const ofParts = Object.entries(parts).map(([name, part]) => prefixed(name, torchTensors(part, partOf(name, state))));
  return Object.assign({}, ...ofParts);
}

function partsOf(layer: Layer): Readonly<Record<string, Layer>> | undefined {
  if (layer instanceof Sequential) return layer.layers;
  return layer instanceof Residual ? { norm: layer.norm, branch: layer.branch } : undefined;
}

function leafTensors(layer: Layer, state: Tensors): Tensors {
  if (Object.keys({ ...layer?.parameters, ...state }).length === 0 && typeof layer?.train === "function") return {};
  const kinds = recurrentParts(layer),
    found = ours.find(([constructor]) => kinds.every((kind) => kind instanceof constructor));
  if (found === undefined) {
    const known = ours.map(([{ name }]) => name).join(", ");
    throw new TypeError(`toTorch: there is no way back from ${describe(layer)}; there is one from ${known}.`);
  }
  if (layer instanceof Recurrent && layer.direction === "reverse") {
    throw new TypeError(
      "toTorch: PyTorch reads from the end only where it also reads from the beginning: Bidirectional.",
    );
  }
  const [, name] = found, tensors = { ...layer.parameters, ...state };
  const { names: usual, namesOf = () => usual } = torchConversions[name], names = namesOf(layer);
  // PyTorch's dropout keeps its random numbers elsewhere.
  const nameless = Object.keys(tensors).filter((tensor) => !Object.values(names).includes(tensor));
  if (nameless.length > 0 && !(layer instanceof Dropout)) {
    throw new TypeError(`toTorch: PyTorch's ${name} has no ${nameless.join(" or ")}.`);
  }
  return theirs(names, tensors);
}

/** Tensors without counts of batches that have no place: only a cumulative average needs them, and PyTorch always has them. */
function withoutCounts(tensors: Tensors, places: Tensors): Tensors {
  const spare = (name: string) => /(^|\.)num_batches_tracked$/.test(name) && !Object.hasOwn(places, name);
  return Object.fromEntries(Object.entries(tensors).filter(([name]) => !spare(name)));
}

/** Our classes, and what PyTorch calls them. */
const ours: readonly (readonly [new (...args: never[]) => Layer, keyof TorchClasses])[] = [
  [BatchNorm, "BatchNorm2d"],
  [LayerNorm, "LayerNorm"],
  [RMSNorm, "RMSNorm"],
  [GroupNorm, "GroupNorm"],
  [InstanceNorm, "InstanceNorm2d"],
  [Linear, "Linear"],
  [Conv1d, "Conv1d"],
  [Conv2d, "Conv2d"],
  [ConvTranspose2d, "ConvTranspose2d"],
  [Embedding, "Embedding"],
  [LearnedPosition, "Embedding"], // its rows, by their number
  [MultiHeadAttention, "MultiheadAttention"],
  [RNN, "RNN"],
  [LSTM, "LSTM"],
  [GRU, "GRU"],
  [ReLU, "ReLU"],
  [GELU, "GELU"],
  [SiLU, "SiLU"],
  [Tanh, "Tanh"],
  [Sigmoid, "Sigmoid"],
  [Softmax, "Softmax"],
  [Dropout, "Dropout"],
  [Flatten, "Flatten"],
  [MaxPool1d, "MaxPool1d"],
  [MaxPool2d, "MaxPool2d"],
  [AveragePool1d, "AvgPool1d"],
  [AveragePool2d, "AvgPool2d"],
];
