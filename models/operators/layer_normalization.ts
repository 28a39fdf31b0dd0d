import { addLayerNorm, addRmsNorm } from "../../kernels/add_norm.ts";
import { checkAxis } from "../../kernels/check.ts";
import { layerNorm } from "../../kernels/layer_norm.ts";
import { rmsNorm } from "../../kernels/rms_norm.ts";
import { sizeOf, type Tensor, zeros } from "../../kernels/tensor.ts";
import { ModelError } from "../../onnx/mod.ts";
import { checkBroadcast, expand } from "./broadcast.ts";
import { operator } from "./operator.ts";
import { checkStashType } from "./stash_type.ts";

/** Over all axes from `axis` on. Its statistics are float32, whatever the type of X is. */
export const layerNormalization = [
  operator(17, {
    inputs: ["X", "Scale", "B?"],
    outputs: ["Y", "Mean", "InvStdDev"],
    attributes: { axis: -1n, epsilon: 1e-5, stash_type: 1n },
    run({ X, Scale, B }, { axis, epsilon, stash_type }, wanted) {
      checkStashType(stash_type);
      if (stash_type !== 1 && wanted.size > 1) {
        throw new ModelError(
          `its stash_type is ${stash_type}; the outputs Mean and InvStdDev are float32, stash_type 1.`,
        );
      }
      const axes = axesFrom(axis, X), out = statistics(X, axes);
      const Y = affine(X, axes, { scale: Scale, bias: B }, (given) => layerNorm(X, { ...given, axes, epsilon, out }));
      return { Y, Mean: out.mean, InvStdDev: out.invStdDev };
    },
  }),
];

/** Over all axes from `axis` on. Y is of the type of scale, which need not be that of X. */
export const rmsNormalization = [
  operator(23, {
    inputs: ["X", "scale"],
    outputs: ["Y"],
    attributes: { axis: -1n, epsilon: 1e-5, stash_type: 1n },
    run: ({ X, scale }, attributes) => rms(X, scale, attributes),
  }),
];

/** onnxruntime's name for RMS normalization, which also gives the statistic. It has always been in ONNX's own domain. */
export const simplifiedLayerNormalization = [
  operator(1, {
    inputs: ["X", "scale"],
    outputs: ["Y", "inv_std_var"],
    attributes: { axis: -1n, epsilon: 1e-5, stash_type: 1n },
    run: ({ X, scale }, attributes) => rms(X, scale, attributes),
  }),
];

function rms(X: Tensor, scale: Tensor, attributes: { axis: number; epsilon: number; stash_type: number }) {
  checkStashType(attributes.stash_type);
  // In the wider of the two types, so that nothing is lost on the way to the type of scale.
  const bytes = (tensor: Tensor) => tensor.data.BYTES_PER_ELEMENT;
  const x = bytes(scale) > bytes(X) ? cast(X, scale.type) : X;
  const axes = axesFrom(attributes.axis, x), { mean: _, ...out } = statistics(x, axes), { epsilon } = attributes;
  const y = affine(x, axes, { scale }, (given) => rmsNorm(x, { ...given, axes, epsilon, out }));
  return { Y: cast(y, scale.type), inv_std_var: out.invStdDev };
}

const skipOutputs = ["output", "mean", "inv_std_var", "input_skip_bias_sum"];

/** onnxruntime's own: layer normalization of a sum of two or three, over the last axis. */
export const skipLayerNormalization = [
  operator(1, {
    inputs: ["input", "skip", "gamma", "beta?", "bias?"],
    outputs: skipOutputs,
    attributes: { epsilon: 1e-12 },
    run({ input, skip, gamma: scale, beta: bias, bias: addend }, { epsilon }) {
      const out = statistics(input, axesFrom(-1, input));
      const { y, sum } = addLayerNorm(input, residual(input, skip, addend), { scale, bias, epsilon, out });
      return { output: y, mean: out.mean, inv_std_var: out.invStdDev, input_skip_bias_sum: sum };
    },
  }),
];

/** The same with RMS normalization, which has no mean to give. */
export const skipSimplifiedLayerNormalization = [
  operator(1, {
    inputs: ["input", "skip", "gamma", "bias?"],
    outputs: skipOutputs,
    attributes: { epsilon: 1e-12 },
    run({ input, skip, gamma: scale, bias: addend }, { epsilon }) {
      const { mean: _, ...out } = statistics(input, axesFrom(-1, input));
      const { y, sum } = addRmsNorm(input, residual(input, skip, addend), { scale, epsilon, out });
      return { output: y, inv_std_var: out.invStdDev, input_skip_bias_sum: sum };
    },
  }),
];

/** What is added to the input: skip, which may be shared by all samples, and a bias, which may be missing. */
function residual({ type, dims }: Tensor, skip: Tensor, bias: Tensor | undefined): Tensor {
  const whole = expand("skip", skip, dims);
  if (bias === undefined) return whole;
  const result = zeros(type, dims), { data } = expand("bias", bias, dims);
  for (let i = 0; i < data.length; i++) result.data[i] = whole.data[i] + data[i];
  return result;
}

function axesFrom(axis: number, { dims }: Tensor): number[] {
  return [...dims.keys()].slice(checkAxis("axis", "axis", axis, dims));
}

/** Memory for statistics over the last axes, of which `axes` lists all. */
function statistics({ dims }: Tensor, [axis]: readonly number[]) {
  const reduced = dims.map((size, d) => d < axis ? size : 1);
  return { mean: zeros("float32", reduced), invStdDev: zeros("float32", reduced) };
}

/**
 * Normalizes with a scale and bias that broadcast to x. The kernels take those of one sample; if they differ between samples,
 * they are applied to the normalized values, as in ONNX's definition.
 */
function affine(
  { dims }: Tensor,
  axes: readonly number[],
  parameters: { scale: Tensor; bias?: Tensor },
  normalize: (parameters: { scale?: Tensor; bias?: Tensor }) => Tensor,
): Tensor {
  const sample = axes.map((axis) => dims[axis]), { scale, bias } = parameters;
  checkBroadcast("scale", scale, dims);
  if (bias) checkBroadcast("bias", bias, dims);
  if ([scale, bias].every((one) => one === undefined || sizeOf(one.dims.slice(0, -sample.length)) === 1)) {
    const ofSample = (name: string, one: Tensor) =>
      expand(name, { ...one, dims: one.dims.slice(-sample.length) }, sample);
    return normalize({ scale: ofSample("scale", scale), bias: bias && ofSample("bias", bias) });
  }
  const y = normalize({}), factors = expand("scale", scale, dims), addends = bias && expand("bias", bias, dims);
  for (let i = 0; i < y.data.length; i++) y.data[i] = y.data[i] * factors.data[i] + (addends?.data[i] ?? 0);
  return y;
}

function cast(tensor: Tensor, type: Tensor["type"]): Tensor {
  if (tensor.type === type) return tensor;
  const result = zeros(type, tensor.dims);
  result.data.set(tensor.data);
  return result;
}
