import { describe } from "../../kernels/tensor.ts";
import { BatchNorm } from "../norms/batch_norm.ts";
import { Conv2d } from "../network/conv.ts";
import { checkOnly, type Conversion, convert, dimsOf, namedPadding, pairOf, sizeFrom } from "./conversion.ts";
import { GroupNorm } from "../norms/group_norm.ts";
import { ownConfig } from "./keras_config.ts";
import type { KerasClasses } from "./keras_classes.ts";
import { kerasRecurrent } from "./keras_recurrent.ts";
import type { Tensors } from "../layer.ts";
import { LayerNorm } from "../norms/layer_norm.ts";
import { Linear } from "../network/linear.ts";
import { permuted } from "../network/permuted.ts";
import { RMSNorm } from "../norms/rms_norm.ts";

const affineNames = { gamma: "scale", beta: "bias" };
const weightedNames = { kernel: "weight", bias: "bias" };

const conversions: {
  [Name in keyof KerasClasses]: Conversion<KerasClasses[Name]["config"], KerasClasses[Name]["layer"]>;
} = {
  BatchNormalization: {
    names: { ...affineNames, moving_mean: "mean", moving_variance: "variance" },
    options: [
      "axis",
      "momentum",
      "epsilon",
      "center",
      "scale",
      "renorm",
      "renorm_clipping",
      "renorm_momentum",
      "synchronized",
    ],
    make({ axis = -1, momentum = 0.99, epsilon = 1e-3, center = true, scale = true, renorm = false }, weights, type) {
      checkOnly("fromKeras", "renorm", renorm, false);
      const features = sizeFrom("fromKeras", "gamma", undefined, weights);
      return new BatchNorm(features, { axis: axisOf(axis), momentum, epsilon, scale, bias: center, type });
    },
  },
  LayerNormalization: {
    names: affineNames,
    options: ["axis", "epsilon", "center", "scale", "rms_scaling"],
    make({ axis = -1, epsilon = 1e-3, center = true, scale = true, rms_scaling = false }, weights, type) {
      const axes = axesOf(axis), { dims: shape = axes.map(() => 1) } = weights.gamma ?? weights.beta ?? {};
      const affine = { scale: scale || rms_scaling, bias: center && !rms_scaling };
      return new LayerNorm(shape, { axes, epsilon, ...affine, subtractMean: !rms_scaling, type });
    },
  },
  GroupNormalization: {
    names: affineNames,
    options: ["groups", "axis", "epsilon", "center", "scale"],
    make({ groups = 32, axis = -1, epsilon = 1e-3, center = true, scale = true }, weights, type) {
      const channels = sizeFrom("fromKeras", "gamma", undefined, weights);
      return new GroupNorm(groups === -1 ? channels : groups, channels, {
        axis: axisOf(axis),
        epsilon,
        scale,
        bias: center,
        type,
      });
    },
  },
  RMSNormalization: {
    names: { scale: "scale" },
    options: ["axis", "epsilon"],
    make({ axis = -1, epsilon = 1e-6 }, weights, type) {
      const axes = axesOf(axis), { dims: shape = axes.map(() => 1) } = weights.scale ?? {};
      return new RMSNorm(shape, { axes, epsilon, type });
    },
  },
  Dense: {
    names: weightedNames,
    options: ["use_bias", "activation", "units"],
    arrange: (weights) => arranged(weights, [1, 0]),
    make({ use_bias = true, activation = "linear", units }, weights, type) {
      checkLinear(activation);
      const [outputs, inputs] = weights.kernel.dims;
      return new Linear(inputs, units ?? outputs, { bias: use_bias, type });
    },
  },
  Conv2D: {
    names: weightedNames,
    options: [
      "use_bias",
      "activation",
      "data_format",
      "filters",
      "kernel_size",
      "strides",
      "padding",
      "dilation_rate",
      "groups",
    ],
    arrange: (weights) => arranged(weights, [3, 2, 0, 1]),
    make({ use_bias = true, activation = "linear", data_format, filters, kernel_size, ...movement }, weights, type) {
      const { strides = 1, padding = "valid", dilation_rate = 1, groups = 1 } = movement;
      checkLinear(activation);
      if (data_format !== "channels_first") {
        throw new RangeError(
          `fromKeras: data_format is ${
            describe(data_format)
          }. Our images are [samples, channels, height, width]: transpose them, ` +
            `and say data_format: "channels_first". The kernel is the same for both.`,
        );
      }
      const [outputs, inputs, height, width] = weights.kernel.dims;
      const stride = pairOf(strides), dilation = pairOf(dilation_rate), kernel = pairOf(kernel_size ?? [height, width]);
      if (padding === "same") checkOnly("fromKeras", "strides with padding same", Math.max(...stride), 1);
      return new Conv2d(inputs * groups, filters ?? outputs, kernel, {
        stride,
        padding: namedPadding("fromKeras", padding, kernel, dilation),
        dilation,
        groups,
        bias: use_bias,
        type,
      });
    },
  },
  ...kerasRecurrent,
};

/**
 * A layer with the weights, the config and the moving statistics of one of Keras 3, by Keras's own names and with its defaults:
 * epsilon is 1e-3, momentum 0.99, and the axis of normalizations is the last. Momentum is the weight of the old value there too, and
 * variances are those of the population. Kernels are transposed. The weights are copied; the layer is of float64 if they are,
 * else of float32. Training goes on from the layer's `state`.
 *
 * @param name The name of the class in `keras.layers`.
 * @param weights Its weights, by the last part of their paths, such as `gamma`.
 * @param config What `get_config()` gives, or that part of it which is not the default.
 * @throws {TypeError | RangeError} If the class or an option is not known, or an option cannot be converted.
 * @throws {WeightsError} If a weight is missing, unexpected or of wrong dims; it lists them all.
 *
 * @example Batch norm, trained elsewhere
 * ```ts
 * import { fromKeras } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const ones = tensor(new Float32Array([1, 1])), zeros = tensor(new Float32Array([0, 0]));
 * const layer = fromKeras("BatchNormalization", { gamma: ones, beta: zeros, moving_mean: zeros, moving_variance: ones });
 * assertEquals([layer.axis, layer.epsilon, layer.running.momentum], [-1, 1e-3, 0.99]);
 * ```
 */
export function fromKeras<Name extends keyof KerasClasses>(
  name: Name,
  weights: KerasClasses[Name]["weights"],
  ...[config]: Record<never, never> extends KerasClasses[Name]["config"] ? [config?: KerasClasses[Name]["config"]]
    : [config: KerasClasses[Name]["config"]]
): KerasClasses[Name]["layer"] {
  return convert(
    "fromKeras",
    conversions,
    name,
    weights as Tensors,
    ownConfig(config === undefined ? {} : config),
  ) as KerasClasses[Name]["layer"];
}

/** Weights with the kernel's axes in our order. */
function arranged({ kernel, ...others }: Tensors, order: readonly number[]): Tensors {
  dimsOf("fromKeras", "kernel", { kernel }, order.length);
  return { kernel: permuted(kernel, order), ...others };
}

/** The one axis; older configs have it in a list. */
function axisOf(axis: number | readonly number[]): number {
  const [only, ...others] = [axis].flat() as number[];
  if (others.length === 0 && Number.isInteger(only)) return only;
  throw new RangeError(`fromKeras: axis is ${JSON.stringify(axis)}; it must be one whole number.`);
}

/** Axes as Keras sorts them; its weights have their sizes in that order. */
function axesOf(axis: number | readonly number[]): readonly number[] {
  const axes = typeof axis === "number" ? [axis] : axis.toSorted((a, b) => a - b);
  if (axes[0] < 0 && axes.at(-1)! >= 0) {
    throw new RangeError(`fromKeras: axis is [${axes}]; count all of them from the front, or all from the back.`);
  }
  return axes;
}

function checkLinear(activation: string | null): void {
  if (activation !== null) checkOnly("fromKeras", "activation", activation, "linear");
}
