import { describe } from "../../kernels/tensor.ts";
import type { Layer, Tensors } from "../layer.ts";
import { MultiHeadAttention } from "../blocks/multi_head_attention.ts";
import { GELU, ReLU, Sigmoid, SiLU, Tanh } from "../network/activation.ts";
import { Conv2d } from "../network/conv.ts";
import { Conv1d } from "../network/conv1d.ts";
import { ConvTranspose2d } from "../network/conv_transpose.ts";
import { Embedding } from "../network/embedding.ts";
import { Linear } from "../network/linear.ts";
import { AveragePool1d, AveragePool2d, MaxPool1d, MaxPool2d } from "../network/pool.ts";
import { Dropout } from "../network/dropout.ts";
import { Flatten } from "../network/reshaped.ts";
import { Softmax } from "../network/softmax.ts";
import { BatchNorm } from "../norms/batch_norm.ts";
import { GroupNorm } from "../norms/group_norm.ts";
import { InstanceNorm } from "../norms/instance_norm.ts";
import { LayerNorm } from "../norms/layer_norm.ts";
import { RMSNorm } from "../norms/rms_norm.ts";
import { GRU } from "../recurrent/gru.ts";
import { LSTM } from "../recurrent/lstm.ts";
import { RNN } from "../recurrent/rnn.ts";
import { convert, theirs } from "./conversion.ts";
import { checkFit } from "./fit.ts";
import type { TorchClasses, TorchConversions } from "./torch_classes.ts";
import { torchNetwork } from "./torch_network.ts";
import { torchNorms } from "./torch_norms.ts";
import { torchRecurrent } from "./torch_recurrent.ts";

const torchConversions: TorchConversions<keyof TorchClasses> = { ...torchNorms, ...torchNetwork, ...torchRecurrent };

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
): TorchClasses[Name]["layer"] {
  const given = withEffect(name, options ?? {});
  return convert("fromTorch", torchConversions, name, tensors as Tensors, given) as TorchClasses[Name]["layer"];
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
function withEffect(name: keyof TorchClasses, options: object): object {
  const known: readonly string[] = torchConversions[name]?.options ?? [];
  return Object.fromEntries(
    Object.entries(options).filter(([option, value]) => known.includes(option) || !neutral[option]?.includes(value)),
  );
}

/**
 * The `state_dict` of a layer, by PyTorch's names: {@linkcode fromTorch} read backwards. Options, such as epsilon and momentum, are not
 * in it, nor in PyTorch's. The tensors are not copied.
 *
 * @param layer A layer such as fromTorch gives.
 * @param state The state that the last pass returned. Only layers that have none do without.
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
export function toTorch(layer: TorchClasses[keyof TorchClasses]["layer"], state: Tensors = {}): Tensors {
  const found = ours.find(([constructor]) => layer instanceof constructor);
  if (found === undefined) {
    const known = ours.map(([{ name }]) => name).join(", ");
    throw new TypeError(`toTorch: there is no way back from ${describe(layer)}; there is one from ${known}.`);
  }
  checkFit("toTorch, state", layer.state, state);
  const [, name] = found, { names } = torchConversions[name], tensors = { ...layer.parameters, ...state };
  const nameless = Object.keys(tensors).filter((tensor) => !Object.values(names).includes(tensor));
  if (nameless.length > 0) throw new TypeError(`toTorch: PyTorch's ${name} has no ${nameless.join(" or ")}.`);
  return theirs(names, tensors);
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
