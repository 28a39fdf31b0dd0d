/**
 * The ONNX node that computes what one of our kernels computes, where ONNX has one.
 *
 * @module
 */
import type { Tensor } from "../../kernels/tensor.ts";
import type { Call } from "./compare.ts";
import { cast } from "./noise.ts";
import { type NodeOptions, oneNode } from "./onnxruntime.ts";

/** A model of one node and what to feed it. Its outputs have the kernel's names for them. */
export interface Peer {
  /** The bytes of the model. */
  model: Uint8Array;
  /** The inputs, by name. */
  feeds: Record<string, Tensor>;
}

/** The one-node model for a call, or undefined where no ONNX node computes it. */
export function onnxPeer({ kernel, inputs, options = {} }: Call): Peer | undefined {
  const [x] = inputs;
  const node = options.activation === undefined ? nodes[kernel]?.(x, options) : undefined;
  if (node === undefined) return undefined;
  const [opType, { outputs = ["y"], ...rest }] = node;
  const feeds: Record<string, Tensor> = inputs.length === 2 ? { x, residual: inputs[1] } : { x };
  return { model: oneNode(opType, { outputs, ...rest, inputs: feeds }), feeds };
}

type Node = [opType: string, Omit<NodeOptions, "inputs" | "outputs"> & { outputs?: string[] }];

// deno-lint-ignore no-explicit-any -- a call's options are data here; the kernel itself has checked them
const nodes: Record<string, (x: Tensor, options: any) => Node | undefined> = {
  layerNorm(x, { axes = [-1], scale, bias, epsilon = 1e-5, subtractMean = true }) {
    const axis = firstOfTrailing(x, axes);
    if (axis === undefined || !subtractMean) return undefined;
    scale ??= ones(x, x.dims.slice(axis));
    return ["LayerNormalization", {
      opset: 17,
      attributes: { axis: BigInt(axis), epsilon },
      initializers: present({ scale, bias }),
    }];
  },
  rmsNorm(x, { axes = [-1], scale, bias, epsilon = 1e-5 }) {
    const axis = firstOfTrailing(x, axes);
    if (axis === undefined || bias) return undefined;
    scale ??= ones(x, x.dims.slice(axis));
    return ["RMSNormalization", {
      opset: 23,
      attributes: { axis: BigInt(axis), epsilon },
      initializers: { scale },
    }];
  },
  batchNorm(x, { scale, bias, mean, variance, epsilon = 1e-5, axis = 1 }) {
    if (axis !== 1) return undefined;
    return ["BatchNormalization", {
      opset: 15,
      attributes: { epsilon },
      initializers: { ...affine(x, scale, bias), mean, variance },
    }];
  },
  batchNormTraining(x, { scale, bias, epsilon = 1e-5, axis = 1 }) {
    if (axis !== 1) return undefined;
    const channels = [x.dims[1]];
    return ["BatchNormalization", {
      opset: 15,
      // Momentum weighs the old value: with 0, the running statistics are the batch's own.
      attributes: { epsilon, momentum: 0, training_mode: 1n },
      initializers: { ...affine(x, scale, bias), oldMean: ones(x, channels), oldVariance: ones(x, channels) },
      outputs: ["y", "mean", "variance"],
    }];
  },
  groupNorm(x, { groups, scale, bias, epsilon = 1e-5, axis = 1 }) {
    if (axis !== 1) return undefined;
    return ["GroupNormalization", {
      opset: 21,
      attributes: { num_groups: BigInt(groups), epsilon },
      initializers: affine(x, scale, bias),
    }];
  },
  instanceNorm(x, { scale, bias, epsilon = 1e-5, axis = 1 }) {
    if (axis !== 1) return undefined;
    return ["InstanceNormalization", { opset: 22, attributes: { epsilon }, initializers: affine(x, scale, bias) }];
  },
  meanVarianceNorm(_, { axes = [0, 2, 3] }) {
    return ["MeanVarianceNormalization", { opset: 13, attributes: { axes: axes.map(BigInt) } }];
  },
  lpNorm(_, { axis = -1, p = 2 }) {
    return ["LpNormalization", { opset: 22, attributes: { axis: BigInt(axis), p: BigInt(p) } }];
  },
  localResponseNorm(_, { size, alpha = 1e-4, beta = 0.75, bias = 1, axis = 1 }) {
    return axis === 1 ? ["LRN", { opset: 13, attributes: { size: BigInt(size), alpha, beta, bias } }] : undefined;
  },
  addLayerNorm(x, { axes = [-1], scale, bias, epsilon = 1e-5, subtractMean = true }) {
    const axis = firstOfTrailing(x, axes);
    if (axis !== x.dims.length - 1 || !subtractMean) return undefined;
    scale ??= ones(x, x.dims.slice(axis));
    return ["SkipLayerNormalization", {
      ...contrib,
      attributes: { epsilon },
      initializers: present({ scale, bias }),
    }];
  },
  addRmsNorm(x, { axes = [-1], scale, bias, epsilon = 1e-5 }) {
    const axis = firstOfTrailing(x, axes);
    if (axis !== x.dims.length - 1 || bias) return undefined;
    scale ??= ones(x, x.dims.slice(axis));
    return ["SkipSimplifiedLayerNormalization", { ...contrib, attributes: { epsilon }, initializers: { scale } }];
  },
};

/** onnxruntime's own operators; the second and third outputs of the two Skip ones are statistics. */
const contrib = { domain: "com.microsoft", opset: 17, outputs: ["y", "", "", "sum"] };

/** The first of `axes`, counted from the front, if they are the last axes of `x`; ONNX names the first only. */
function firstOfTrailing(x: Tensor, axes: number[]): number | undefined {
  const rank = x.dims.length;
  const sorted = axes.map((axis) => axis < 0 ? axis + rank : axis).sort((a, b) => a - b);
  return sorted.every((axis, i) => axis === rank - sorted.length + i) ? sorted[0] : undefined;
}

function affine(x: Tensor, scale?: Tensor, bias?: Tensor): Record<string, Tensor> {
  const channels = [x.dims[1]];
  return { scale: scale ?? ones(x, channels), bias: bias ?? filled(x, channels, 0) };
}

function ones(x: Tensor, dims: readonly number[]): Tensor {
  return filled(x, dims, 1);
}

function filled({ type }: Tensor, dims: readonly number[], value: number): Tensor {
  const data = new Float64Array(dims.reduce((a, b) => a * b, 1)).fill(value);
  return cast({ type: "float64", dims, data }, type);
}

function present(tensors: Record<string, Tensor | undefined>): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(tensors).filter((entry): entry is [string, Tensor] => entry[1] !== undefined),
  );
}
