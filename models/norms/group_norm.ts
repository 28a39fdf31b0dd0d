import { OptionNames } from "../../kernels/option_names.ts";
import { checkCount, checkNumber } from "../../kernels/check.ts";
import { activate, type Affine, affineNames, affineOf, type AffineOptions, applyAffine } from "../affine.ts";
import { channelAxisOf, checkForm, checkSymbolic, otherAxes, refuseFused } from "../check.ts";
import type { Form } from "../form.ts";
import { moments } from "./moments.ts";
import { filled } from "../parameter.ts";
import { type SymbolicTensor, widened } from "../symbolic_tensor.ts";
import { groupView, restored, type View, viewFor } from "./view.ts";
import { GroupNorm } from "../../layers/norms/group_norm.ts";
import { InstanceNorm } from "../../layers/norms/instance_norm.ts";
import { byRunningStatistics } from "./running.ts";
import { layerWriter } from "../writing.ts";

/** Options of {@linkcode instanceNorm}. `scale` and `bias` have one entry a channel. */
export interface InstanceNormOptions extends AffineOptions {
  /** The axis of the channels, 1 by default (NCHW); -1 for channels last. It cannot be 0, the axis of samples. */
  axis?: number;
  /** Is added to the variance. Default: 1e-5. */
  epsilon?: number;
  /** How it is written. Default: `"robust"`. */
  form?: Form;
}

/** Options of {@linkcode groupNorm}. `scale` and `bias` have one entry a channel. */
export interface GroupNormOptions extends InstanceNormOptions {
  /** How many groups of neighbouring channels to form; a divisor of their number. */
  groups: number;
}

/** A fused operator, from x and parameters in its type. */
type Fused = (x: SymbolicTensor, scale: SymbolicTensor, bias: SymbolicTensor) => SymbolicTensor;

const groupNormOptions = new OptionNames<GroupNormOptions>({
  ...affineNames,
  groups: true,
  axis: true,
  epsilon: true,
  form: true,
});

/**
 * Group normalization (Wu and He 2018): over each sample's elements in each group of channels,
 *
 *     y = activation((x - mean) / sqrt(variance + epsilon) * scale + bias)
 *
 * with the population variance and a scale and bias for each channel.
 *
 * The default is the robust form, on a view of x in which a group is an axis: at most 5e-7 off on both backends at any mean, and on
 * WASM the fastest (2.1 ms for [4, 64, 56, 56], decomposed 3.1 ms, fused 3.5 ms; WebGPU, on a software device: 61, 44 and 40 ms).
 * The fused GroupNormalization is a function that onnxruntime writes out with E[x^2] - E[x]^2: 3e-2 off at a mean of 1e2
 * deviations, NaN from 1e4 on, on both backends and in float64 too.
 *
 * @param x A tensor of rank 2 or more, samples along axis 0.
 * @returns y, of x's type and dims, in x's graph.
 * @throws {TypeError | RangeError} If an argument does not fit, or the fused form cannot do what is asked, as below opset 21.
 *
 * @example Images of any size
 * ```ts
 * import { groupNorm, modelOf } from "@evenkeel/norm/models";
 *
 * const options = { groups: 8, scale: "scale", bias: "bias" };
 * const model = modelOf((x) => groupNorm(x, options), { x: ["N", 32, "H", "W"] });
 * ```
 */
export function groupNorm(x: SymbolicTensor, options: GroupNormOptions): SymbolicTensor {
  groupNormOptions.check("groupNorm", options);
  const operation = "groupNorm", { groups, epsilon = 1e-5 } = options ?? {};
  checkSymbolic(operation, "x", x, 2);
  checkCount(operation, "groups", groups);
  return perSample(operation, x, options, {
    view: (x, channel) => groupView(x, channel, checkGroups(operation, x, channel, groups)),
    fused(x, scale, bias) {
      refuseFused(
        operation,
        x.opset < 21 && `has a scale for each channel from opset 21 on, and this is opset ${x.opset}`,
      );
      return x.op("GroupNormalization", [scale, bias], { num_groups: BigInt(groups), epsilon });
    },
  });
}

const instanceNormOptions = new OptionNames<InstanceNormOptions>({
  ...affineNames,
  axis: true,
  epsilon: true,
  form: true,
});

/**
 * Instance normalization (Ulyanov, Vedaldi and Lempitsky 2016): group normalization with a group for each channel.
 *
 * The default is the robust form: at most 6e-7 off on both backends at any mean, and on WASM the fastest (2.3 ms for [4, 64, 56, 56],
 * fused 3.1 ms; WebGPU, on a software device: 47 and 28 ms). The fused InstanceNormalization errs by 5e-5 (WASM) and
 * 3e-3 (WebGPU) at a mean of 1e2 deviations, and on WebGPU gives NaN from 1e4 on; there, too, two of one shape in one session
 * share one epsilon.
 *
 * @param x A tensor of rank 2 or more, samples along axis 0.
 * @returns y, of x's type and dims, in x's graph.
 * @throws {TypeError | RangeError} If an argument does not fit, or the fused form cannot do what is asked.
 *
 * @example Images of any size
 * ```ts
 * import { instanceNorm, modelOf } from "@evenkeel/norm/models";
 *
 * const model = modelOf((x) => instanceNorm(x), { x: ["N", 3, "H", "W"] });
 * ```
 */
export function instanceNorm(x: SymbolicTensor, options: InstanceNormOptions = {}): SymbolicTensor {
  instanceNormOptions.check("instanceNorm", options);
  const operation = "instanceNorm", { epsilon = 1e-5, form } = options;
  checkSymbolic(operation, "x", x, form === "fused" ? 3 : 2);
  return perSample(operation, x, options, {
    // Channels without further axes are statistics of one number each.
    view: (x, channel) =>
      x.dims.length > 2 ? { x, axes: otherAxes(x, [0, channel]) } : { x: x.unsqueeze([2]), axes: [2] },
    fused: (x, scale, bias) => x.op("InstanceNormalization", [scale, bias], { epsilon }),
  });
}

function perSample(
  operation: string,
  x: SymbolicTensor,
  options: InstanceNormOptions,
  { view: viewOf, fused }: { view(x: SymbolicTensor, channel: number): View; fused: Fused },
): SymbolicTensor {
  const { axis = 1, epsilon = 1e-5, form = "robust" } = options;
  checkNumber(operation, "epsilon", epsilon, 0);
  checkForm(operation, form);
  const channel = channelAxisOf(operation, axis, x), affine = affineOf(operation, x, [channel], options);
  const wide = widened(x);
  if (form === "fused") return channelsFused(operation, wide, channel, affine, fused).cast(x.type);
  const view = viewFor(form, viewOf(wide, channel));
  const { deviation, variance } = moments(view.x, view.axes, form);
  const normalized = deviation.over(variance.plus(epsilon).sqrt());
  return applyAffine(restored(normalized, view, wide), [channel], affine).cast(x.type);
}

/** A fused operator with a scale and a bias for each channel, which it wants given. */
function channelsFused(
  operation: string,
  x: SymbolicTensor,
  channel: number,
  { scale, bias, activation }: Affine,
  fused: Fused,
): SymbolicTensor {
  refuseFused(operation, channel !== 1 && "has its channels on axis 1");
  const given = (name: string, parameter: SymbolicTensor | undefined, absent: number) =>
    parameter?.cast(x.type) ?? filled(operation, x, name, [x.dims[1]], absent);
  return activate(fused(x, given("scale", scale, 1), given("bias", bias, 0)), activation);
}

function checkGroups(operation: string, x: SymbolicTensor, channel: number, groups: number): number {
  const channels = x.dims[channel];
  if (typeof channels !== "number" || channels % groups === 0) return groups;
  throw new RangeError(`${operation}: groups is ${groups}, which does not divide the ${channels} channels of x.`);
}

/** A GroupNorm layer as a graph. */
export const groupNormWriter = layerWriter(
  GroupNorm,
  (x, { parameters, groups, axis, epsilon, activation }, { options }) =>
    groupNorm(x, { ...parameters, groups, axis, epsilon, activation, ...options }),
);

/** An InstanceNorm layer as a graph. */
export const instanceNormWriter = layerWriter(InstanceNorm, (x, layer, writing) => {
  const { parameters, axis, epsilon } = layer;
  if (layer.state.mean) return byRunningStatistics(x, layer, writing);
  return instanceNorm(x, { ...parameters, axis, epsilon, ...writing.options });
});
