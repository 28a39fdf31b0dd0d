import { MultiHeadAttention } from "../blocks/multi_head_attention.ts";
import { GELU, ReLU, Sigmoid, SiLU, Tanh } from "../network/activation.ts";
import { Conv2d } from "../network/conv.ts";
import { Conv1d } from "../network/conv1d.ts";
import { ConvTranspose2d } from "../network/conv_transpose.ts";
import { Dropout } from "../network/dropout.ts";
import { Embedding } from "../network/embedding.ts";
import { Linear } from "../network/linear.ts";
import { AveragePool1d, AveragePool2d, MaxPool1d, MaxPool2d } from "../network/pool.ts";
import { Flatten } from "../network/reshaped.ts";
import { Softmax } from "../network/softmax.ts";
import { checkOnly, dimsOf, namedPadding, pairOf } from "./conversion.ts";
import type { TorchConversions } from "./torch_classes.ts";

const weightedNames = { weight: "weight", bias: "bias" };

/** The arguments of every convolution of PyTorch. */
const convolutionOptions = [
  "in_channels",
  "out_channels",
  "kernel_size",
  "stride",
  "padding",
  "dilation",
  "groups",
  "bias",
  "padding_mode",
] as const;

/** What stands around norms in a network. */
export const torchNetwork: TorchConversions<
  | "Linear"
  | "Conv1d"
  | "Conv2d"
  | "ConvTranspose2d"
  | "Embedding"
  | "Dropout"
  | "MultiheadAttention"
  | "Flatten"
  | "Softmax"
  | "MaxPool1d"
  | "MaxPool2d"
  | "AvgPool1d"
  | "AvgPool2d"
  | "ReLU"
  | "GELU"
  | "SiLU"
  | "Tanh"
  | "Sigmoid"
> = {
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
    options: convolutionOptions,
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
  Conv1d: {
    names: weightedNames,
    options: convolutionOptions,
    make({ stride, padding = 0, dilation = 1, groups = 1, bias, padding_mode = "zeros", ...sizes }, tensors, type) {
      checkOnly("fromTorch", "padding_mode", padding_mode, "zeros");
      const [outputs, inputs, length] = dimsOf("fromTorch", "weight", tensors, 3);
      const { in_channels = inputs * groups, out_channels = outputs, kernel_size = length } = sizes;
      const named = (name: "same" | "valid") => namedPadding("fromTorch", name, [1, kernel_size], [1, dilation])[1];
      return new Conv1d(in_channels, out_channels, kernel_size, {
        stride,
        padding: typeof padding === "string" ? named(padding) : padding,
        dilation,
        groups,
        bias,
        type,
      });
    },
  },
  ConvTranspose2d: {
    names: weightedNames,
    options: [...convolutionOptions, "output_padding"],
    make({ output_padding: outputPadding, groups = 1, padding_mode = "zeros", ...options }, tensors, type) {
      checkOnly("fromTorch", "padding_mode", padding_mode, "zeros");
      const [inputs, outputs, height, width] = dimsOf("fromTorch", "weight", tensors, 4);
      const { in_channels = inputs, out_channels = outputs * groups, kernel_size = [height, width], ...init } = options;
      return new ConvTranspose2d(in_channels, out_channels, kernel_size, { ...init, outputPadding, groups, type });
    },
  },
  Embedding: {
    names: { weight: "weight" },
    options: ["num_embeddings", "embedding_dim"],
    make(options, tensors, type) {
      const [count, features] = dimsOf("fromTorch", "weight", tensors, 2);
      return new Embedding(options.num_embeddings ?? count, options.embedding_dim ?? features, { type });
    },
  },
  MultiheadAttention: {
    names: {
      in_proj_weight: "input.weight",
      in_proj_bias: "input.bias",
      "out_proj.weight": "output.weight",
      "out_proj.bias": "output.bias",
    },
    options: ["embed_dim", "num_heads", "bias", "batch_first", "is_causal"],
    make({ embed_dim, num_heads, bias, batch_first, is_causal: causal }, tensors, type) {
      checkOnly("fromTorch", "batch_first", batch_first, true);
      const [, features] = dimsOf("fromTorch", "in_proj_weight", tensors, 2);
      return new MultiHeadAttention(embed_dim ?? features, num_heads, { bias, causal, type });
    },
  },
  Dropout: { names: {}, options: ["p"], make: ({ p = 0.5 }) => new Dropout(p) },
  Flatten: {
    names: {},
    options: ["start_dim", "end_dim"],
    make: ({ start_dim: start, end_dim: end }) => new Flatten({ start, end }),
  },
  Softmax: { names: {}, options: ["dim"], make: ({ dim: axis }) => new Softmax({ axis }) },
  MaxPool1d: {
    names: {},
    options: ["kernel_size", "stride", "padding"],
    make: ({ kernel_size, ...init }) => new MaxPool1d(kernel_size, init),
  },
  MaxPool2d: {
    names: {},
    options: ["kernel_size", "stride", "padding"],
    make: ({ kernel_size, ...init }) => new MaxPool2d(kernel_size, init),
  },
  AvgPool1d: {
    names: {},
    options: ["kernel_size", "stride", "padding", "count_include_pad"],
    make: ({ kernel_size, count_include_pad: countPadding, ...init }) =>
      new AveragePool1d(kernel_size, { countPadding, ...init }),
  },
  AvgPool2d: {
    names: {},
    options: ["kernel_size", "stride", "padding", "count_include_pad"],
    make: ({ kernel_size, count_include_pad: countPadding, ...init }) =>
      new AveragePool2d(kernel_size, { countPadding, ...init }),
  },
  ReLU: { names: {}, options: [], make: () => new ReLU() },
  GELU: { names: {}, options: ["approximate"], make: (options) => new GELU(options) },
  SiLU: { names: {}, options: [], make: () => new SiLU() },
  Tanh: { names: {}, options: [], make: () => new Tanh() },
  Sigmoid: { names: {}, options: [], make: () => new Sigmoid() },
};
