import { checkNumber } from "../../kernels/check.ts";
import { describe } from "../../kernels/tensor.ts";
import { GELU, ReLU } from "../network/activation.ts";
import { BatchNorm } from "../norms/batch_norm.ts";
import { Conv2d } from "../network/conv.ts";
import { checkOnly, type Conversion, convert, dimsOf, namedPadding, pairOf, sizeFrom, theirs } from "./conversion.ts";
import { checkFit } from "./fit.ts";
import { GroupNorm } from "../norms/group_norm.ts";
import { InstanceNorm } from "../norms/instance_norm.ts";
import type { Layer, Tensors } from "../layer.ts";
import { LayerNorm } from "../norms/layer_norm.ts";
import { Linear } from "../network/linear.ts";
import { GRU } from "../recurrent/gru.ts";
import { LSTM } from "../recurrent/lstm.ts";
import { RNN } from "../recurrent/rnn.ts";
import { RMSNorm } from "../norms/rms_norm.ts";
import type {
  TorchBatchNormOptions,
  TorchClasses,
  TorchInstanceNormOptions,
  TorchRecurrentOptions,
} from "./torch_classes.ts";

const affineNames = { weight: "scale", bias: "bias" };
const trackedNames = { ...affineNames, running_mean: "mean", running_var: "variance", num_batches_tracked: "batches" };
const weightedNames = { weight: "weight", bias: "bias" };
const recurrentNames = {
  weight_ih_l0: "inputWeight",
  weight_hh_l0: "hiddenWeight",
  bias_ih_l0: "inputBias",
  bias_hh_l0: "hiddenBias",
};
const recurrentOptions = ["input_size", "hidden_size", "bias", "num_layers", "batch_first", "bidirectional"] as const;

const batchNorm: Conversion<TorchBatchNormOptions, BatchNorm> = {
  names: trackedNames,
  spare: ["num_batches_tracked"],
  options: ["num_features", "eps", "momentum", "affine", "bias", "track_running_stats"],
  make(
    { num_features, eps = 1e-5, momentum = 0.1, affine = true, bias = true, track_running_stats = true },
    tensors,
    type,
  ) {
    return new BatchNorm(sizeFrom("fromTorch", "num_features", num_features, tensors), {
      epsilon: eps,
      momentum: momentum === null ? "cumulative" : ofOldValue(momentum),
      unbiased: true,
      scale: affine,
      bias: affine && bias,
      trackStatistics: track_running_stats,
      type,
    });
  },
};

const instanceNorm: Conversion<TorchInstanceNormOptions, InstanceNorm> = {
  ...batchNorm,
  make(
    { num_features, eps = 1e-5, momentum = 0.1, affine = false, bias = true, track_running_stats = false },
    tensors,
    type,
  ) {
    return new InstanceNorm(sizeFrom("fromTorch", "num_features", num_features, tensors), {
      epsilon: eps,
      momentum: ofOldValue(momentum ?? 0),
      unbiased: true,
      scale: affine,
      bias: affine && bias,
      trackStatistics: track_running_stats,
      type,
    });
  },
};

const conversions: {
  [Name in keyof TorchClasses]: Conversion<TorchClasses[Name]["options"], TorchClasses[Name]["layer"]>;
} = {
  BatchNorm1d: batchNorm,
  BatchNorm2d: batchNorm,
  BatchNorm3d: batchNorm,
  SyncBatchNorm: batchNorm,
  LayerNorm: {
    names: affineNames,
    options: ["normalized_shape", "eps", "elementwise_affine", "bias"],
    make({ normalized_shape, eps = 1e-5, elementwise_affine = true, bias = true }, tensors, type) {
      const shape = shapeFrom(normalized_shape, tensors);
      return new LayerNorm(shape, { epsilon: eps, scale: elementwise_affine, bias: elementwise_affine && bias, type });
    },
  },
  RMSNorm: {
    names: { weight: "scale" },
    options: ["normalized_shape", "eps", "elementwise_affine"],
    make({ normalized_shape, eps, elementwise_affine = true }, tensors, type) {
      const epsilon = eps ?? (type === "float64" ? 2 ** -52 : 2 ** -23);
      return new RMSNorm(shapeFrom(normalized_shape, tensors), { epsilon, scale: elementwise_affine, type });
    },
  },
  GroupNorm: {
    names: affineNames,
    options: ["num_groups", "num_channels", "eps", "affine", "bias"],
    make({ num_groups, num_channels, eps = 1e-5, affine = true, bias = true }, tensors, type) {
      const channels = sizeFrom("fromTorch", "num_channels", num_channels, tensors);
      return new GroupNorm(num_groups, channels, { epsilon: eps, scale: affine, bias: affine && bias, type });
    },
  },
  InstanceNorm1d: instanceNorm,
  InstanceNorm2d: instanceNorm,
  InstanceNorm3d: instanceNorm,
  Linear: {
    names: weightedNames,
    options: ["in_features", "out_features", "bias"],
    make({ in_features, out_features, bias = true }, tensors, type) {
      const [outputs, inputs] = dimsOf("fromTorch", "weight", tensors, 2);
      return new Linear(in_features ?? inputs, out_features ?? outputs, { bias, type });
    },
  },
  Conv2d: {
    names: weightedNames,
    options: [
      "in_channels",
      "out_channels",
      "kernel_size",
      "stride",
      "padding",
      "dilation",
      "groups",
      "bias",
      "padding_mode",
    ],
    make(
      { stride = 1, padding = 0, dilation = 1, groups = 1, bias = true, padding_mode = "zeros", ...sizes },
      tensors,
      type,
    ) {
      checkOnly("fromTorch", "padding_mode", padding_mode, "zeros");
      const [outputs, inputs, height, width] = dimsOf("fromTorch", "weight", tensors, 4);
      const { in_channels = inputs * groups, out_channels = outputs, kernel_size = [height, width] } = sizes;
      const kernel = pairOf(kernel_size);
      return new Conv2d(in_channels, out_channels, kernel, {
        stride,
        padding: typeof padding === "string" ? namedPadding("fromTorch", padding, kernel, pairOf(dilation)) : padding,
        dilation,
        groups,
        bias,
        type,
      });
    },
  },
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
  ReLU: { names: {}, options: [], make: () => new ReLU() },
  GELU: {
    names: {},
    options: ["approximate"],
    make({ approximate = "none" }) {
      checkOnly("fromTorch", "approximate", approximate, "none");
      return new GELU();
    },
  },
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
): TorchClasses[Name]["layer"] {
  return convert("fromTorch", conversions, name, tensors as Tensors, options ?? {}) as TorchClasses[Name]["layer"];
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
  const [, name] = found, { names } = conversions[name], tensors = { ...layer.parameters, ...state };
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
  [Conv2d, "Conv2d"],
  [RNN, "RNN"],
  [LSTM, "LSTM"],
  [GRU, "GRU"],
  [ReLU, "ReLU"],
  [GELU, "GELU"],
];

/** Momentum as the weight of the old value. */
function ofOldValue(momentum: number): number {
  checkNumber("fromTorch", "momentum", momentum, 0);
  return 1 - momentum;
}

function shapeFrom(given: number | readonly number[] | undefined, tensors: Tensors): number | readonly number[] {
  const shape = given ?? tensors.weight?.dims;
  if (shape === undefined) {
    throw new TypeError("fromTorch: normalized_shape is missing, and there is no weight to tell it.");
  }
  return shape;
}

function recurrence(options: TorchRecurrentOptions, tensors: Tensors, gates: number) {
  const { num_layers = 1, batch_first = false, bidirectional = false, bias = true } = options;
  checkOnly("fromTorch", "num_layers", num_layers, 1);
  checkOnly("fromTorch", "batch_first", batch_first, false);
  checkOnly("fromTorch", "bidirectional", bidirectional, false);
  const [outputs, inputs] = dimsOf("fromTorch", "weight_ih_l0", tensors, 2);
  return { inputs: options.input_size ?? inputs, hidden: options.hidden_size ?? outputs / gates, bias };
}
