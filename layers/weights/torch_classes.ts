import type { Tensor } from "../../kernels/tensor.ts";
import type { GELU, ReLU } from "../network/activation.ts";
import type { BatchNorm } from "../norms/batch_norm.ts";
import type { Conv2d } from "../network/conv.ts";
import type { GroupNorm } from "../norms/group_norm.ts";
import type { InstanceNorm } from "../norms/instance_norm.ts";
import type { Layer } from "../layer.ts";
import type { LayerNorm } from "../norms/layer_norm.ts";
import type { Linear } from "../network/linear.ts";
import type { GRU } from "../recurrent/gru.ts";
import type { LSTM } from "../recurrent/lstm.ts";
import type { RNN } from "../recurrent/rnn.ts";
import type { RMSNorm } from "../norms/rms_norm.ts";

/** Tensors by the names of a `state_dict`. Which of them must be there depends on the options. */
export type TorchTensors<Name extends string> = { readonly [name in Name]?: Tensor };

/** Options of BatchNorm1d, 2d and 3d and of SyncBatchNorm. */
export interface TorchBatchNormOptions {
  /** Default: what the tensors say. */
  num_features?: number;
  /** Default: 1e-5. */
  eps?: number;
  /** The weight of the NEW value, or null for the cumulative average. Default: 0.1. */
  momentum?: number | null;
  /** Default: true. */
  affine?: boolean;
  /** Default: true. */
  bias?: boolean;
  /** Default: true. */
  track_running_stats?: boolean;
}

/** Options of InstanceNorm1d, 2d and 3d. */
export interface TorchInstanceNormOptions {
  /** Needed where there is no tensor to tell it. */
  num_features?: number;
  /** Default: 1e-5. */
  eps?: number;
  /** The weight of the NEW value; null, as PyTorch has it here, leaves running statistics as they are. Default: 0.1. */
  momentum?: number | null;
  /** Default: false. */
  affine?: boolean;
  /** Default: true. */
  bias?: boolean;
  /** Default: false. */
  track_running_stats?: boolean;
}

/** Options of LayerNorm. */
export interface TorchLayerNormOptions {
  /** Default: the dims of the weight. */
  normalized_shape?: number | readonly number[];
  /** Default: 1e-5. */
  eps?: number;
  /** Default: true. */
  elementwise_affine?: boolean;
  /** Default: true. */
  bias?: boolean;
}

/** Options of RMSNorm. */
export interface TorchRMSNormOptions {
  /** Default: the dims of the weight. */
  normalized_shape?: number | readonly number[];
  /** Default: null, the machine epsilon of the weight's type: 2^-23 for float32. */
  eps?: number | null;
  /** Default: true. */
  elementwise_affine?: boolean;
}

/** Options of GroupNorm. */
export interface TorchGroupNormOptions {
  /** How many groups there are. */
  num_groups: number;
  /** Default: what the weight says. */
  num_channels?: number;
  /** Default: 1e-5. */
  eps?: number;
  /** Default: true. */
  affine?: boolean;
  /** Default: true. */
  bias?: boolean;
}

/** Options of Linear. */
export interface TorchLinearOptions {
  /** Default: what the weight says. */
  in_features?: number;
  /** Default: what the weight says. */
  out_features?: number;
  /** Default: true. */
  bias?: boolean;
}

/** Options of Conv2d. Images are [samples, channels, height, width], as in PyTorch. */
export interface TorchConv2dOptions {
  /** Default: what the weight says. */
  in_channels?: number;
  /** Default: what the weight says. */
  out_channels?: number;
  /** Default: what the weight says. */
  kernel_size?: number | readonly [number, number];
  /** Default: 1. */
  stride?: number | readonly [number, number];
  /** Zeros on each side; `"same"` where they are as many on both. Default: 0. */
  padding?: number | readonly [number, number] | "same" | "valid";
  /** Default: 1. */
  dilation?: number | readonly [number, number];
  /** Default: 1. */
  groups?: number;
  /** Default: true. */
  bias?: boolean;
  /** Only zeros. */
  padding_mode?: "zeros";
}

/** Options of LSTM and GRU, of one layer in one direction. Sequences are [steps, batch, features], as PyTorch has them by default. */
export interface TorchRecurrentOptions {
  /** Default: what the weights say. */
  input_size?: number;
  /** Default: what the weights say. */
  hidden_size?: number;
  /** Default: true. */
  bias?: boolean;
  /** Only 1: convert each layer by itself, with its tensors renamed to those of layer 0. */
  num_layers?: 1;
  /** Only false: transpose x. */
  batch_first?: false;
  /** Only false: convert each direction by itself. */
  bidirectional?: false;
}

/** Options of RNN. */
export interface TorchRNNOptions extends TorchRecurrentOptions {
  /** Default: `"tanh"`. */
  nonlinearity?: "tanh" | "relu";
}

/** Options of GELU. */
export interface TorchGELUOptions {
  /** Only the exact one. */
  approximate?: "none";
}

/** A class of PyTorch: what it takes, and what becomes of it. */
export interface TorchClass<Name extends string, Options, L extends Layer> {
  /** Its tensors. */
  tensors: TorchTensors<Name>;
  /** Its options. */
  options: Options;
  /** Our layer. */
  layer: L;
}

/** The tensors of a layer with weight and bias. */
export type TorchAffine = "weight" | "bias";

/** The tensors of a layer with running statistics. */
export type TorchTracked = TorchAffine | "running_mean" | "running_var" | "num_batches_tracked";

/** The tensors of a recurrent network. */
export type TorchRecurrence = "weight_ih_l0" | "weight_hh_l0" | "bias_ih_l0" | "bias_hh_l0";

/** The classes of PyTorch that {@linkcode fromTorch} knows, by name. */
export interface TorchClasses {
  /** [batch, features] or [batch, features, length]. */
  BatchNorm1d: TorchClass<TorchTracked, TorchBatchNormOptions, BatchNorm>;
  /** [batch, features, height, width]. */
  BatchNorm2d: TorchClass<TorchTracked, TorchBatchNormOptions, BatchNorm>;
  /** [batch, features, depth, height, width]. */
  BatchNorm3d: TorchClass<TorchTracked, TorchBatchNormOptions, BatchNorm>;
  /** Becomes the layer of one process. */
  SyncBatchNorm: TorchClass<TorchTracked, TorchBatchNormOptions, BatchNorm>;
  /** Over the last axes. */
  LayerNorm: TorchClass<TorchAffine, TorchLayerNormOptions, LayerNorm>;
  /** Over the last axes. */
  RMSNorm: TorchClass<"weight", TorchRMSNormOptions, RMSNorm>;
  /** [batch, channels, ...]. */
  GroupNorm: TorchClass<TorchAffine, TorchGroupNormOptions, GroupNorm>;
  /** [batch, channels, length]. */
  InstanceNorm1d: TorchClass<TorchTracked, TorchInstanceNormOptions, InstanceNorm>;
  /** [batch, channels, height, width]. */
  InstanceNorm2d: TorchClass<TorchTracked, TorchInstanceNormOptions, InstanceNorm>;
  /** [batch, channels, depth, height, width]. */
  InstanceNorm3d: TorchClass<TorchTracked, TorchInstanceNormOptions, InstanceNorm>;
  /** The weight is [out_features, in_features]. */
  Linear: TorchClass<TorchAffine, TorchLinearOptions, Linear>;
  /** The weight is [out_channels, in_channels / groups, height, width]. */
  Conv2d: TorchClass<TorchAffine, TorchConv2dOptions, Conv2d>;
  /** The plain network, without normalization. */
  RNN: TorchClass<TorchRecurrence, TorchRNNOptions, RNN>;
  /** The plain network, without normalization. */
  LSTM: TorchClass<TorchRecurrence, TorchRecurrentOptions, LSTM>;
  /** The plain network, without normalization. */
  GRU: TorchClass<TorchRecurrence, TorchRecurrentOptions, GRU>;
  /** Has no tensors. */
  ReLU: TorchClass<never, Record<never, never>, ReLU>;
  /** Has no tensors. */
  GELU: TorchClass<never, TorchGELUOptions, GELU>;
}
