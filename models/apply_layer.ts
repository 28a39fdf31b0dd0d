import { type Tensor, zeros } from "../kernels/tensor.ts";
import {
  AdaptiveLayerNorm,
  BatchNorm,
  Conv2d,
  DynamicTanh,
  FrozenBatchNorm,
  GELU,
  GlobalResponseNorm,
  GroupNorm,
  GRU,
  InstanceNorm,
  type Layer,
  LayerNorm,
  Linear,
  LSTM,
  PostNormResidual,
  PreNormResidual,
  ReLU,
  Reparametrization,
  RMSNorm,
  RNN,
  ScaleNorm,
  Sequential,
  type Tensors,
} from "../layers/mod.ts";
import { partOf } from "../layers/names.ts";
import { activate, affineOf, applyAffine } from "./affine.ts";
import { batchNorm, batchNormTraining } from "./norms/batch_norm.ts";
import { applyTable } from "./blocks/batch_norm_table.ts";
import { conv } from "./blocks/conv.ts";
import { gru } from "./blocks/gru.ts";
import { linear } from "./blocks/linear.ts";
import { lstm } from "./blocks/lstm.ts";
import { rnn } from "./blocks/rnn.ts";
import { axisOf, otherAxes } from "./check.ts";
import type { Form } from "./form.ts";
import { groupNorm, instanceNorm } from "./norms/group_norm.ts";
import { layerNorm } from "./norms/layer_norm.ts";
import { lpNorm } from "./norms/lp_norm.ts";
import { parameter, typed } from "./parameter.ts";
import { rmsNorm } from "./norms/rms_norm.ts";
import type { SymbolicTensor } from "./symbolic_tensor.ts";

/** Options of {@linkcode applyLayer}. */
export interface ApplyLayerOptions {
  /** The layer's state after training, for layers that have any. */
  state?: Tensors;
  /** What adaptive normalizations depend on: another input of the graph, [samples, conditions]. */
  condition?: SymbolicTensor;
  /** How normalizations are written. Default: each one's own. */
  form?: Form;
  /** What the names of stored parameters begin with. Default: `"layer"`. */
  name?: string;
}

/** How a kind of layer is written. */
type Writer<L extends Layer> = (x: SymbolicTensor, layer: L, options: ApplyLayerOptions) => SymbolicTensor;

/**
 * A trained layer, in evaluation mode, as part of a graph; its parameters and statistics are stored there. Containers and all
 * that they contain are written too.
 *
 * @param x What the layer is applied to; its channels or features must be known sizes.
 * @returns The layer's result, in x's graph.
 * @throws {TypeError} If the layer is of a class that this does not know, or a state or condition is missing.
 * @throws {RangeError} If x does not fit the layer.
 *
 * @example
 * ```ts
 * import { applyLayer, modelOf } from "@evenkeel/norm/models";
 * import { BatchNorm, Linear, ReLU, Sequential } from "@evenkeel/norm/layers";
 * import { run } from "@evenkeel/norm/onnx";
 * import { tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const net = new Sequential([new Linear(3, 4), new BatchNorm(4), new ReLU()]);
 * const model = modelOf((x) => applyLayer(x, net, { state: net.state }), { x: ["N", 3] });
 * const x = tensor(new Float32Array([1, 2, 3]), [1, 3]);
 * const { y } = await run(model, { x });
 * assertAlmostEquals(Number(y.data[0]), net.evaluate(x, net.state).data[0], 1e-5);
 * ```
 */
export function applyLayer(x: SymbolicTensor, layer: Layer, options: ApplyLayerOptions = {}): SymbolicTensor {
  const writer = writers.find(([kind]) => layer instanceof kind)?.[1];
  if (writer === undefined) {
    throw new TypeError(
      `applyLayer: there is no graph of ${layer?.constructor?.name ?? String(layer)}; ` +
        `there is one of ${writers.map(([{ name }]) => name).join(", ")}.`,
    );
  }
  return writer(x, layer, options);
}

/** A kind of layer and how it is written, with the layer's type forgotten. */
function writer<L extends Layer>(
  kind: abstract new (...args: never[]) => L,
  write: Writer<L>,
): [kind: abstract new (...args: never[]) => Layer, write: Writer<Layer>] {
  return [kind, write as Writer<Layer>];
}

const writers = [
  writer(
    Sequential,
    (x, { layers }, options) =>
      Object.entries(layers).reduce((y, [name, layer]) => applyLayer(y, layer, part(name, options)), x),
  ),
  writer(
    PreNormResidual,
    (x, { norm, branch }, options) =>
      x.plus(applyLayer(applyLayer(x, norm, part("norm", options)), branch, part("branch", options))),
  ),
  writer(PostNormResidual, (x, { norm, branch, alpha }, options) => {
    const sum = (alpha === 1 ? x : x.times(alpha)).plus(applyLayer(x, branch, part("branch", options)));
    return applyLayer(sum, norm, part("norm", options));
  }),
  writer(
    Linear,
    (x, { parameters: { weight, bias } }, options) =>
      linear(x, { weight: transposed(weight), bias, ...named(options) }),
  ),
  writer(
    Conv2d,
    (x, { parameters: { weight, bias }, stride, padding, dilation, groups }, options) =>
      conv(x, { weight, bias, stride, padding, dilation, groups, ...named(options) }),
  ),
  writer(Reparametrization<Linear | Conv2d>, (x, layer, options) => applyLayer(x, layer.plain(options.state), options)),
  writer(ReLU, (x) => activate(x, "relu")),
  writer(GELU, (x) => activate(x, "gelu")),
  writer(
    LayerNorm,
    (x, { parameters, axes, epsilon, subtractMean, activation }, options) =>
      layerNorm(x, { ...parameters, axes, epsilon, subtractMean, activation, ...written(options) }),
  ),
  writer(
    RNN,
    (x, { parameters, norm, epsilon, activation }, { state: initial, ...options }) =>
      rnn(x, { ...parameters, norm, epsilon, activation, initial, ...written(options) }).y,
  ),
  writer(
    LSTM,
    (x, { parameters, norm, epsilon }, { state: initial, ...options }) =>
      lstm(x, { ...parameters, norm, epsilon, initial, ...written(options) }).y,
  ),
  writer(
    GRU,
    (x, { parameters, norm, epsilon }, { state: initial, ...options }) =>
      gru(x, { ...parameters, norm, epsilon, initial, ...written(options) }).y,
  ),
  writer(
    RMSNorm,
    (x, { parameters, axes, epsilon, activation }, options) =>
      rmsNorm(x, { ...parameters, axes, epsilon, activation, ...written(options) }),
  ),
  writer(
    GroupNorm,
    (x, { parameters, groups, axis, epsilon, activation }, options) =>
      groupNorm(x, { ...parameters, groups, axis, epsilon, activation, ...written(options) }),
  ),
  writer(InstanceNorm, (x, layer, options) => {
    const { parameters, axis, epsilon } = layer;
    if (layer.state.mean) return byRunningStatistics(x, layer, options);
    return instanceNorm(x, { ...parameters, axis, epsilon, ...written(options) });
  }),
  writer(BatchNorm, (x, layer, options) => {
    if (layer.state.mean) return byRunningStatistics(x, layer, options);
    const { parameters, axis, epsilon, features } = layer, unused = zeros("float32", [features]);
    const statistics = { runningMean: unused, runningVariance: unused };
    return batchNormTraining(x, { ...parameters, ...statistics, axis, epsilon, ...written(options) }).y;
  }),
  writer(
    FrozenBatchNorm,
    (x, { slope, shift, axis }, options) =>
      applyTable(x, { slope: typed(slope, x.type), shift: typed(shift, x.type), axis, ...named(options) }),
  ),
  writer(
    ScaleNorm,
    (x, { parameters: { scale }, axis }, options) =>
      lpNorm(x, { axis, form: options.form }).times(stored(x, "scale", scale, options)),
  ),
  writer(DynamicTanh, (x, { parameters, shape }, options) => {
    const axes = shape.map((_, i) => x.dims.length - shape.length + i);
    const z = x.times(stored(x, "alpha", parameters.alpha, options)).op("Tanh");
    return applyAffine(z, axes, affineOf("applyLayer", x, axes, { ...parameters, ...named(options) }));
  }),
  writer(GlobalResponseNorm, (x, { parameters, axis, epsilon }, options) => {
    const channel = axisOf("applyLayer", axis, x), positions = otherAxes(x, [0, channel]);
    const norm = x.reduce("ReduceL2", positions), divisor = norm.reduce("ReduceMean", [channel]).plus(epsilon);
    const response = x.times(norm.over(divisor));
    const affine = affineOf("applyLayer", x, [channel], { ...parameters, ...named(options) });
    return x.plus(applyAffine(x.of(response.value, x), [channel], affine));
  }),
  writer(AdaptiveLayerNorm, (x, { norm, projection }, options) => {
    const { condition } = options, features = x.dims.at(-1);
    if (condition === undefined) {
      throw new TypeError(
        "applyLayer: an AdaptiveLayerNorm needs a condition; give another input of the graph as `condition`.",
      );
    }
    const table = applyLayer(condition, projection, part("projection", options));
    const half = (which: 0 | 1) => {
      const { graph } = x, at = [which, which + 1].map((i) => graph.int64([i * (features as number)]));
      const value = graph.op("Slice", [table.value, ...at, graph.int64([1])]);
      const rows = table.of(value, { dims: [condition.dims[0], features] });
      return rows.unsqueeze(x.dims.slice(1, -1).map((_, i) => i + 1));
    };
    return applyLayer(x, norm, options).times(half(0).plus(1)).plus(half(1));
  }),
];

/** The options of one part. */
function part(name: string, { state, name: prefix = "layer", ...rest }: ApplyLayerOptions): ApplyLayerOptions {
  return { ...rest, name: `${prefix}.${name}`, ...state && { state: partOf(name, state) } };
}

function named({ name = "layer" }: ApplyLayerOptions): { name: string } {
  return { name };
}

function written(options: ApplyLayerOptions): { name: string; form?: Form } {
  return { ...named(options), ...options.form && { form: options.form } };
}

/**
 * Batch norm by running statistics. These are of float64; a graph of float32 gets the mean rounded, and what rounding took from it
 * in the bias, so that x - mean is right to the last bits at any offset.
 */
function byRunningStatistics(
  x: SymbolicTensor,
  { parameters: { scale, bias }, axis, epsilon }: BatchNorm | InstanceNorm,
  options: ApplyLayerOptions,
): SymbolicTensor {
  const { mean, variance } = options.state ?? {};
  if (mean === undefined || variance === undefined) {
    throw new TypeError("applyLayer: a layer with running statistics needs its state; give that of the last train().");
  }
  const rounded = typed(mean, x.type), corrected = zeros("float64", mean.dims);
  for (let c = 0; c < corrected.data.length; c++) {
    const slope = (scale?.data[c] ?? 1) / Math.sqrt(variance.data[c] + epsilon);
    corrected.data[c] = (bias?.data[c] ?? 0) - (mean.data[c] - rounded.data[c]) * slope;
  }
  const needed = bias !== undefined || corrected.data.some((value) => value !== 0);
  return batchNorm(x, {
    scale,
    bias: needed ? typed(corrected, x.type) : undefined,
    mean: rounded,
    variance: typed(variance, x.type),
    axis,
    epsilon,
    ...written(options),
  });
}

/** A scalar parameter, in x's type. */
function stored(x: SymbolicTensor, name: string, tensor: Tensor, options: ApplyLayerOptions): SymbolicTensor {
  return parameter("applyLayer", x, name, typed(tensor, x.type), [], named(options));
}

/** [outputs, inputs] as [inputs, outputs], which is how a graph's matrix product has them. */
function transposed({ type, dims: [rows, columns], data }: Tensor): Tensor {
  const result = zeros(type, [columns, rows]);
  for (let i = 0; i < data.length; i++) result.data[(i % columns) * rows + Math.floor(i / columns)] = data[i];
  return result;
}
