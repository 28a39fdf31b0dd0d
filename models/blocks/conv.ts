import { OptionNames } from "../../kernels/option_names.ts";
import { checkTensor, type Tensor } from "../../kernels/tensor.ts";
import type { Dim } from "../../onnx/mod.ts";
import { checkSymbolic } from "../check.ts";
import { type NamedOptions, parameter, typed } from "../parameter.ts";
import type { SymbolicTensor } from "../symbolic_tensor.ts";
import { Conv2d } from "../../layers/network/conv.ts";
import { Conv1d } from "../../layers/network/conv1d.ts";
import { ConvTranspose2d } from "../../layers/network/conv_transpose.ts";
import { layerWriter } from "../writing.ts";

/** Options of {@linkcode conv}. Lists have a number for each axis of the kernel. */
export interface ConvOptions extends NamedOptions {
  /** [outputs, inputs / groups, ...kernel]. */
  weight: Tensor;
  /** [outputs]. Default: none. */
  bias?: Tensor;
  /** How far the kernel moves. Default: 1. */
  stride?: readonly number[];
  /** How many zeros are put on each side. Default: as many as keep the size of images at stride 1 and dilation 1. */
  padding?: readonly number[];
  /** How far the elements under the kernel are apart. Default: 1. */
  dilation?: readonly number[];
  /** Into how many groups channels are cut. Default: 1. */
  groups?: number;
}

const convOptions = new OptionNames<ConvOptions>({
  weight: true,
  bias: true,
  stride: true,
  padding: true,
  dilation: true,
  groups: true,
  name: true,
});

/**
 * A convolution, of stride 1 and keeping the size of images unless the options say otherwise.
 *
 * @throws {TypeError | RangeError} If a parameter does not fit x.
 *
 * @example
 * ```ts
 * import { conv, modelOf } from "@evenkeel/norm/models";
 * import { tensor } from "@evenkeel/norm";
 *
 * const weight = tensor(new Float32Array(9).fill(1 / 9), [1, 1, 3, 3]);
 * const model = modelOf((x) => conv(x, { weight }), { x: ["N", 1, "H", "W"] });
 * ```
 */
export function conv(x: SymbolicTensor, options: ConvOptions): SymbolicTensor {
  convOptions.check("conv", options);
  checkSymbolic("conv", "x", x, 3);
  checkTensor("conv", "weight", options?.weight);
  if (options.bias !== undefined) checkTensor("conv", "bias", options.bias);
  const { weight, bias, groups = 1 } = options, [outputs, ...rest] = weight.dims, kernel = rest.slice(1);
  const { stride = kernel.map(() => 1), dilation = kernel.map(() => 1), padding } = options;
  const before = padding ?? kernel.map((size) => (size - 1) >> 1), after = padding ?? kernel.map((size) => size >> 1);
  const parameters = [parameter("conv", x, "weight", typed(weight, x.type), [outputs, ...rest], options)];
  if (bias) parameters.push(parameter("conv", x, "bias", typed(bias, x.type), [outputs], options));
  const y = x.op("Conv", parameters, {
    pads: [...before, ...after].map(BigInt),
    strides: stride.map(BigInt),
    dilations: dilation.map(BigInt),
    group: BigInt(groups),
  });
  const places = kernel.map((size, axis) =>
    placesAlong(x.dims[2 + axis], before[axis] + after[axis] - dilation[axis] * (size - 1) - 1, stride[axis])
  );
  return y.of(y.value, { dims: [x.dims[0], outputs, ...places] });
}

/** In how many places a kernel fits along an axis; `room` is what padding adds and the kernel takes. */
export function placesAlong(length: Dim, room: number, stride: number): Dim {
  if (typeof length === "number") return Math.floor((length + room) / stride) + 1;
  return room === -1 && stride === 1 ? length : undefined;
}

/** A Conv2d layer as a graph. */
export const conv2dWriter = layerWriter(
  Conv2d,
  (x, { parameters: { weight, bias }, stride, padding, dilation, groups }, { options: { name } }) =>
    conv(x, { weight, bias, stride, padding, dilation, groups, name }),
);

/** A Conv1d layer as a graph. */
export const conv1dWriter = layerWriter(
  Conv1d,
  (x, { parameters: { weight, bias }, stride, padding, dilation, groups }, { options: { name } }) =>
    conv(x, { weight, bias, stride: [stride], padding: [padding], dilation: [dilation], groups, name }),
);

/** A ConvTranspose2d layer as a graph. */
export const convTranspose2dWriter = layerWriter(ConvTranspose2d, (x, layer, { options }) => {
  const { parameters: { weight, bias }, outputs, kernel, stride, padding, outputPadding, dilation, groups } = layer;
  const parameters = [parameter("applyLayer", x, "weight", typed(weight, x.type), weight.dims, options)];
  if (bias) parameters.push(parameter("applyLayer", x, "bias", typed(bias, x.type), [outputs], options));
  const y = x.op("ConvTranspose", parameters, {
    strides: stride.map(BigInt),
    pads: [...padding, ...padding].map(BigInt),
    output_padding: outputPadding.map(BigInt),
    dilations: dilation.map(BigInt),
    group: BigInt(groups),
  });
  const sides = kernel.map((size, axis) => {
    const length = x.dims[2 + axis];
    if (typeof length !== "number") return undefined;
    return (length - 1) * stride[axis] - 2 * padding[axis] + dilation[axis] * (size - 1) + outputPadding[axis] + 1;
  });
  return y.of(y.value, { dims: [x.dims[0], outputs, ...sides] });
});
