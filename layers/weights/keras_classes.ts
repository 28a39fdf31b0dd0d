import type { Tensor } from "../../kernels/tensor.ts";
import type { BatchNorm } from "../norms/batch_norm.ts";
import type { Conv2d } from "../network/conv.ts";
import type { GroupNorm } from "../norms/group_norm.ts";
import type { Layer } from "../layer.ts";
import type { LayerNorm } from "../norms/layer_norm.ts";
import type { Linear } from "../network/linear.ts";
import type { Bidirectional } from "../recurrent/bidirectional.ts";
import type { GRU } from "../recurrent/gru.ts";
import type { LSTM } from "../recurrent/lstm.ts";
import type { RNN } from "../recurrent/rnn.ts";
import type { RMSNorm } from "../norms/rms_norm.ts";

/** Weights by their names in Keras. Which of them must be there depends on the config. */
export type KerasWeights<Name extends string> = { readonly [name in Name]?: Tensor };

/** What every config of Keras may say besides. */
export interface KerasConfig {
  /** Is not used. */
  name?: string;
  /** Is not used: the weights have a type. */
  dtype?: unknown;
  /** A layer that is not trained is evaluated: call `evaluate`. */
  trainable?: true;
  /** Is not used: the weights are given. */
  [initializer: `${string}_initializer`]: unknown;
  /** Cannot be converted. */
  [regularizer: `${string}_regularizer`]: null;
  /** Cannot be converted. */
  [constraint: `${string}_constraint`]: null;
  /** Cannot be converted. */
  lora_rank?: null;
  /** Cannot be converted. */
  lora_alpha?: null;
  /** Cannot be converted. */
  quantization_config?: null;
}

/** Config of a normalization. */
export interface KerasNormConfig extends KerasConfig {
  /** Is added to the variance. Default: 1e-3. */
  epsilon?: number;
  /** Whether there is a `beta`. Default: true. */
  center?: boolean;
  /** Whether there is a `gamma`. Default: true. */
  scale?: boolean;
}

/** Config of BatchNormalization. */
export interface KerasBatchNormalizationConfig extends KerasNormConfig {
  /** The axis that is kept; older configs have it in a list. Default: -1. */
  axis?: number | readonly [number];
  /** The weight of the old value. Default: 0.99. */
  momentum?: number;
  /** Only false. */
  renorm?: false;
  /** Is not used: it is of renorm. */
  renorm_clipping?: unknown;
  /** Is not used: it is of renorm. */
  renorm_momentum?: unknown;
  /** Is not used: the layer is that of one process. */
  synchronized?: boolean;
}

/** Config of LayerNormalization. */
export interface KerasLayerNormalizationConfig extends KerasNormConfig {
  /** The axes that are normalized over. Default: -1. */
  axis?: number | readonly number[];
  /**
   * Old configs: x, its mean left in, is divided by the deviation about the mean, and there is no `beta`. That is Restormer's
   * BiasFree form, not RMS norm. Default: false.
   */
  rms_scaling?: boolean;
}

/** Config of GroupNormalization. */
export interface KerasGroupNormalizationConfig extends KerasNormConfig {
  /** -1 is one for each channel. Default: 32. */
  groups?: number;
  /** The axis of the channels; older configs have it in a list. Default: -1. */
  axis?: number | readonly [number];
}

/** Config of RMSNormalization. */
export interface KerasRMSNormalizationConfig extends KerasConfig {
  /** The axes that are normalized over. Default: -1. */
  axis?: number | readonly number[];
  /** Is added to the mean square. Default: 1e-6. */
  epsilon?: number;
}

/** Config of a layer that multiplies. */
export interface KerasWeightedConfig extends KerasConfig {
  /** Default: true. */
  use_bias?: boolean;
  /** Only linear: make others layers of their own. */
  activation?: "linear" | null;
}

/** Config of Dense. */
export interface KerasDenseConfig extends KerasWeightedConfig {
  /** Default: what the kernel says. */
  units?: number;
}

/** Config of Conv2D. */
export interface KerasConv2DConfig extends KerasWeightedConfig {
  /** Images must be [samples, channels, height, width], which is not Keras's default: say that you transpose them. */
  data_format: "channels_first";
  /** Default: what the kernel says. */
  filters?: number;
  /** Default: what the kernel says. */
  kernel_size?: number | readonly [number, number];
  /** Default: 1. */
  strides?: number | readonly [number, number];
  /** `"same"` where the stride is 1 and zeros are as many on both sides. Default: `"valid"`. */
  padding?: "valid" | "same";
  /** Default: 1. */
  dilation_rate?: number | readonly [number, number];
  /** Default: 1. */
  groups?: number;
}

/** Config of SimpleRNN, LSTM and GRU. */
export interface KerasRecurrentConfig extends KerasConfig {
  /** Sequences must be [steps, batch, features], which is not Keras's default: say that you transpose them. */
  time_major: true;
  /** Only true: what is carried at the end is `final` of {@linkcode Recurrent.run}. */
  return_sequences: true;
  /** Is not used: {@linkcode Recurrent.run} gives it. */
  return_state?: boolean;
  /** Default: what the kernel says. */
  units?: number;
  /** `"relu"` only of SimpleRNN. Default: `"tanh"`. */
  activation?: "tanh" | "relu";
  /** Only sigmoid. */
  recurrent_activation?: "sigmoid";
  /** Default: true. */
  use_bias?: boolean;
  /** Only false: reverse x and y. */
  go_backwards?: boolean;
  /** Whether a pass's state holds what is carried at its end. Default: false. */
  stateful?: boolean;
  /** Only true: a GRU whose reset gate acts after the product. */
  reset_after?: true;
  /** Only 0: it counts in training alone. */
  dropout?: 0;
  /** Only 0: it counts in training alone. */
  recurrent_dropout?: 0;
  /** Is not used. */
  unroll?: boolean;
  /** Is not used: at padding the result is 0. */
  zero_output_for_mask?: boolean;
  /** Is not used: the weights are given. */
  unit_forget_bias?: boolean;
  /** Is not used. */
  implementation?: number;
  /** Is not used: it is of dropout. */
  seed?: unknown;
}

/** A layer inside another's config. */
export interface KerasInnerLayer {
  /** The name of its class. */
  class_name: "SimpleRNN" | "LSTM" | "GRU";
  /** Its own config. */
  config: KerasRecurrentConfig;
}

/** Config of Bidirectional. */
export interface KerasBidirectionalConfig extends KerasConfig {
  /** The layer that begins at the first step. */
  layer: KerasInnerLayer;
  /** The layer that begins at the last step, with `go_backwards: true`. Default: as `layer`, backwards. */
  backward_layer?: KerasInnerLayer;
  /** Only concat. */
  merge_mode?: "concat";
}

/** The weights of a recurrent layer. */
export type KerasRecurrence = "kernel" | "recurrent_kernel" | "bias";

/** A class of Keras: what it takes, and what becomes of it. */
export interface KerasClass<Name extends string, Config, L extends Layer> {
  /** Its weights. */
  weights: KerasWeights<Name>;
  /** Its config. */
  config: Config;
  /** Our layer. */
  layer: L;
}

/** The classes of Keras that {@linkcode fromKeras} knows, by name. */
export interface KerasClasses {
  /** With moving statistics. */
  BatchNormalization: KerasClass<
    "gamma" | "beta" | "moving_mean" | "moving_variance",
    KerasBatchNormalizationConfig,
    BatchNorm
  >;
  /** Over one axis or several. */
  LayerNormalization: KerasClass<"gamma" | "beta", KerasLayerNormalizationConfig, LayerNorm>;
  /** [batch, ..., channels] unless the axis is another. */
  GroupNormalization: KerasClass<"gamma" | "beta", KerasGroupNormalizationConfig, GroupNorm>;
  /** Over one axis or several. */
  RMSNormalization: KerasClass<"scale", KerasRMSNormalizationConfig, RMSNorm>;
  /** The kernel is [inputs, units]. */
  Dense: KerasClass<"kernel" | "bias", KerasDenseConfig, Linear>;
  /** The kernel is [height, width, inputs / groups, filters]. */
  Conv2D: KerasClass<"kernel" | "bias", KerasConv2DConfig, Conv2d>;
  /** The kernel is [inputs, units]; its one bias becomes `inputBias`, and `hiddenBias` is 0. */
  SimpleRNN: KerasClass<KerasRecurrence, KerasRecurrentConfig, RNN>;
  /** The kernel is [inputs, 4 * units]; its one bias becomes `inputBias`, and `hiddenBias` is 0. */
  LSTM: KerasClass<KerasRecurrence, KerasRecurrentConfig, LSTM>;
  /** The kernel is [inputs, 3 * units]. */
  GRU: KerasClass<KerasRecurrence, KerasRecurrentConfig, GRU>;
  /** The weights have `forward.` or `backward.` in front. */
  Bidirectional: KerasClass<`${"forward" | "backward"}.${KerasRecurrence}`, KerasBidirectionalConfig, Bidirectional>;
}
