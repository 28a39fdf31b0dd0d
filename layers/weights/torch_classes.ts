import type { Tensor } from "../../kernels/tensor.ts";
import type { GELU, ReLU, Sigmoid, SiLU, Tanh } from "../network/activation.ts";
import type { MultiHeadAttention } from "../blocks/multi_head_attention.ts";
import type { BatchNorm } from "../norms/batch_norm.ts";
import type { Conv2d } from "../network/conv.ts";
import type { Conv1d } from "../network/conv1d.ts";
import type { ConvTranspose2d } from "../network/conv_transpose.ts";
import type { Dropout } from "../network/dropout.ts";
import type { Embedding } from "../network/embedding.ts";
import type { AveragePool1d, AveragePool2d, MaxPool1d, MaxPool2d } from "../network/pool.ts";
import type { Flatten } from "../network/reshaped.ts";
import type { Softmax } from "../network/softmax.ts";
import type { Conversion } from "./conversion.ts";
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

/** Options of Conv1d. Sequences are [samples, channels, length], as in PyTorch. */
export interface TorchConv1dOptions {
  /** Default: what the weight says. */
  in_channels?: number;
  /** Default: what the weight says. */
  out_channels?: number;
  /** Default: what the weight says. */
  kernel_size?: number;
  /** Default: 1. */
  stride?: number;
  /** Zeros on each side; `"same"` where they are as many on both. Default: 0. */
  padding?: number | "same" | "valid";
  /** Default: 1. */
  dilation?: number;
  /** Default: 1. */
  groups?: number;
  /** Default: true. */
  bias?: boolean;
  /** Only zeros. */
  padding_mode?: "zeros";
}

/** Options of ConvTranspose2d. */
export interface TorchConvTranspose2dOptions extends Omit<TorchConv2dOptions, "padding"> {
  /** What is taken off each side. Default: 0. */
  padding?: number | readonly [number, number];
  /** What is added at the end. Default: 0. */
  output_padding?: number | readonly [number, number];
}

/** Options of Embedding. */
export interface TorchEmbeddingOptions {
  /** Default: what the weight says. */
  num_embeddings?: number;
  /** Default: what the weight says. */
  embedding_dim?: number;
}

/** Options of MultiheadAttention, called as self-attention. */
export interface TorchMultiheadAttentionOptions {
  /** Default: what the weights say. */
  embed_dim?: number;
  /** How many heads there are. */
  num_heads: number;
  /** Default: true. */
  bias?: boolean;
  /** Only true: transpose x. */
  batch_first: true;
  /** An option of PyTorch's call, where it comes with a mask. Default: false. */
  is_causal?: boolean;
}

/** Options of Dropout. */
export interface TorchDropoutOptions {
  /** Default: 0.5. */
  p?: number;
}

/** Options of Flatten. */
export interface TorchFlattenOptions {
  /** Default: 1. */
  start_dim?: number;
  /** Default: -1. */
  end_dim?: number;
}

/** Options of Softmax. */
export interface TorchSoftmaxOptions {
  /** The axis; PyTorch's default, a guess from x's rank, is not offered. */
  dim: number;
}

/** Options of MaxPool1d and MaxPool2d; `Size` is a number or, for images, also [height, width]. */
export interface TorchPoolOptions<Size> {
  /** The size of the window. */
  kernel_size: Size;
  /** Default: that of the window. */
  stride?: Size;
  /** Default: 0. */
  padding?: Size;
}

/** Options of AvgPool1d and AvgPool2d. */
export interface TorchAveragePoolOptions<Size> extends TorchPoolOptions<Size> {
  /** Default: true. */
  count_include_pad?: boolean;
}

/** Options of LSTM and GRU. Sequences are [steps, batch, features], as PyTorch has them by default. */
export interface TorchRecurrentOptions {
  /** Default: what the weights say. */
  input_size?: number;
  /** Default: what the weights say. */
  hidden_size?: number;
  /** Default: true. */
  bias?: boolean;
  /** How many layers there are. More than 1 become a {@linkcode RecurrentStack}. Default: 1. */
  num_layers?: 1;
  /** Only false: transpose x. */
  batch_first?: false;
  /** Whether layers read the sequence from both ends. They become {@linkcode Bidirectional}. Default: false. */
  bidirectional?: false;
  /** Only 0: leave it out, since it counts between layers and in training alone. */
  dropout?: 0;
}

/** Options of RNN. */
export interface TorchRNNOptions extends TorchRecurrentOptions {
  /** Default: `"tanh"`. */
  nonlinearity?: "tanh" | "relu";
}

/** Options of RNN, LSTM and GRU of any number of layers, in one direction or both. */
export interface TorchStackOptions extends Omit<TorchRNNOptions, "num_layers" | "bidirectional"> {
  /** How many layers there are, one on top of the other. Default: 1. */
  num_layers?: number;
  /** Whether each layer reads the sequence from both ends. Default: false. */
  bidirectional?: boolean;
}

/** Options of GELU. */
export interface TorchGELUOptions {
  /** Default: `"none"`. */
  approximate?: "none" | "tanh";
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

/** The tensors of a recurrent network of one layer. */
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
  /** The weight is [out_channels, in_channels / groups, length]. */
  Conv1d: TorchClass<TorchAffine, TorchConv1dOptions, Conv1d>;
  /** The weight is [in_channels, out_channels / groups, height, width]. */
  ConvTranspose2d: TorchClass<TorchAffine, TorchConvTranspose2dOptions, ConvTranspose2d>;
  /** The weight is [num_embeddings, embedding_dim]. */
  Embedding: TorchClass<"weight", TorchEmbeddingOptions, Embedding>;
  /** Self-attention, [samples, steps, features]. */
  MultiheadAttention: TorchClass<
    "in_proj_weight" | "in_proj_bias" | "out_proj.weight" | "out_proj.bias",
    TorchMultiheadAttentionOptions,
    MultiHeadAttention
  >;
  /** Has no tensors. */
  Dropout: TorchClass<never, TorchDropoutOptions, Dropout>;
  /** Has no tensors. */
  Flatten: TorchClass<never, TorchFlattenOptions, Flatten>;
  /** Has no tensors. */
  Softmax: TorchClass<never, TorchSoftmaxOptions, Softmax>;
  /** Has no tensors. */
  MaxPool1d: TorchClass<never, TorchPoolOptions<number>, MaxPool1d>;
  /** Has no tensors. */
  MaxPool2d: TorchClass<never, TorchPoolOptions<number | readonly [number, number]>, MaxPool2d>;
  /** Has no tensors. */
  AvgPool1d: TorchClass<never, TorchAveragePoolOptions<number>, AveragePool1d>;
  /** Has no tensors. */
  AvgPool2d: TorchClass<never, TorchAveragePoolOptions<number | readonly [number, number]>, AveragePool2d>;
  /** The plain network, without normalization, of one layer in one direction. */
  RNN: TorchClass<TorchRecurrence, TorchRNNOptions, RNN>;
  /** The plain network, without normalization. */
  LSTM: TorchClass<TorchRecurrence, TorchRecurrentOptions, LSTM>;
  /** The plain network, without normalization. */
  GRU: TorchClass<TorchRecurrence, TorchRecurrentOptions, GRU>;
  /** Has no tensors. */
  ReLU: TorchClass<never, Record<never, never>, ReLU>;
  /** Has no tensors. */
  GELU: TorchClass<never, TorchGELUOptions, GELU>;
  /** Has no tensors. */
  SiLU: TorchClass<never, Record<never, never>, SiLU>;
  /** Has no tensors. */
  Tanh: TorchClass<never, Record<never, never>, Tanh>;
  /** Has no tensors. */
  Sigmoid: TorchClass<never, Record<never, never>, Sigmoid>;
}

/** The conversions of some of PyTorch's classes, by their names. */
export type TorchConversions<Name extends keyof TorchClasses> = {
  readonly [name in Name]: Conversion<TorchClasses[name]["options"], TorchClasses[name]["layer"]>;
};
