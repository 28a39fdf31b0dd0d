import { OptionNames } from "../kernels/option_names.ts";
import { describe } from "../kernels/tensor.ts";
import type { Layer } from "../layers/layer.ts";
import { checkForm, checkSymbolic } from "./check.ts";
import { activationWriter, softmaxWriter } from "./blocks/activation.ts";
import { frozenBatchNormWriter } from "./blocks/batch_norm_table.ts";
import {
  bidirectionalWriter,
  postNormResidualWriter,
  preNormResidualWriter,
  recurrentStackWriter,
  reparametrizationWriter,
  sequentialWriter,
} from "./blocks/containers.ts";
import { conv1dWriter, conv2dWriter, convTranspose2dWriter } from "./blocks/conv.ts";
import { embeddingWriter } from "./blocks/embedding.ts";
import { gruWriter } from "./blocks/gru.ts";
import { linearWriter } from "./blocks/linear.ts";
import { lstmWriter } from "./blocks/lstm.ts";
import { learnedPositionWriter, multiHeadAttentionWriter } from "./blocks/multi_head_attention.ts";
import { averagePoolWriters, globalAveragePoolWriter, maxPoolWriters } from "./blocks/pool.ts";
import { dropoutWriter, flattenWriter, reshapeWriter } from "./blocks/reshaped.ts";
import { rnnWriter } from "./blocks/rnn.ts";
import { groupNormWriter, instanceNormWriter } from "./norms/group_norm.ts";
import { layerNormWriter } from "./norms/layer_norm.ts";
import {
  adaptiveLayerNormWriter,
  dynamicTanhWriter,
  globalResponseNormWriter,
  scaleNormWriter,
} from "./norms/relatives.ts";
import { rmsNormWriter } from "./norms/rms_norm.ts";
import { batchNormWriter } from "./norms/running.ts";
import type { SymbolicTensor } from "./symbolic_tensor.ts";
import {
  type ApplyLayerOptions,
  type LayerClass,
  type LayerWriter,
  layerWriter,
  type Writer,
  Writing,
} from "./writing.ts";

const names = new OptionNames<ApplyLayerOptions>({ state: true, condition: true, form: true, name: true });

/**
 * A trained layer, in evaluation mode, as part of a graph; its parameters and statistics are stored there. Containers and all
 * that they contain are written too.
 *
 * @param x What the layer is applied to; its channels or features must be known sizes.
 * @returns The layer's result, in x's graph.
 * @throws {TypeError} If the layer is of a class that this does not know ({@linkcode registerLayer} tells it of one), or a state or condition is missing.
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
  names.check("applyLayer", options);
  checkSymbolic("applyLayer", "x", x, 0);
  const { form, state, condition } = options;
  if (form !== undefined) checkForm("applyLayer", form);
  if (condition !== undefined) checkSymbolic("applyLayer", "condition", condition, 1);
  if (state !== undefined && (typeof state !== "object" || state === null)) {
    throw new TypeError(`applyLayer: state is ${describe(state)}; it must be the layer's state: tensors by name.`);
  }
  const [, write] = writers.find(([kind]) => layer instanceof kind) ?? [];
  if (write === undefined) {
    throw new TypeError(
      `applyLayer: there is no graph of ${layer?.constructor?.name ?? String(layer)}; ` +
        `there is one of ${writers.map(([{ name }]) => name).join(", ")}. ` +
        `For a class of your own, call registerLayer(Class, (x, layer, writing) => ...) first.`,
    );
  }
  return write(x, layer, new Writing(options, applyLayer));
}

/**
 * Tells {@linkcode applyLayer} how layers of a class of one's own are written. The last writer told of a class, or of one that it
 * extends, is the one that counts.
 *
 * @param kind The class.
 * @param write Its result, in x's graph: from x, the layer, and {@linkcode Writing}, which stores parameters and writes parts.
 * @throws {TypeError} If either is no function.
 *
 * @example A layer that multiplies by a number
 * ```ts
 * import { applyLayer, modelOf, registerLayer } from "@evenkeel/norm/models";
 * import type { Layer, Pass, Tensor, Tensors } from "@evenkeel/norm/layers";
 * import { run } from "@evenkeel/norm/onnx";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * class Gain implements Layer {
 *   readonly parameters: Tensors = { gain: tensor(new Float32Array([2]), []) };
 *   readonly state: Tensors = {};
 *   evaluate(x: Tensor): Tensor {
 *     return tensor(Float32Array.from(x.data, (v) => this.parameters.gain.data[0] * v), x.dims);
 *   }
 *   train(_: Tensor): Pass {
 *     throw new Error("not shown here");
 *   }
 * }
 * registerLayer(Gain, (x, { parameters }, writing) => x.times(writing.stored(x, "gain", parameters.gain)));
 *
 * const { y } = await run(modelOf((x) => applyLayer(x, new Gain()), { x: [2] }), { x: tensor(new Float32Array([1, 3])) });
 * assertEquals(y.data, new Float32Array([2, 6]));
 * ```
 */
export function registerLayer<L extends Layer>(kind: LayerClass<L>, write: Writer<L>): void {
  if (typeof kind !== "function" || typeof write !== "function") {
    throw new TypeError("registerLayer: give a class of layers, and a function (x, layer, writing) that writes one.");
  }
  writers.unshift(layerWriter(kind, write));
}

const writers: LayerWriter[] = [
  sequentialWriter,
  preNormResidualWriter,
  postNormResidualWriter,
  linearWriter,
  conv2dWriter,
  conv1dWriter,
  convTranspose2dWriter,
  embeddingWriter,
  learnedPositionWriter,
  multiHeadAttentionWriter,
  dropoutWriter,
  flattenWriter,
  reshapeWriter,
  ...maxPoolWriters,
  ...averagePoolWriters,
  globalAveragePoolWriter,
  softmaxWriter,
  reparametrizationWriter,
  activationWriter,
  layerNormWriter,
  rmsNormWriter,
  groupNormWriter,
  instanceNormWriter,
  batchNormWriter,
  frozenBatchNormWriter,
  scaleNormWriter,
  dynamicTanhWriter,
  globalResponseNormWriter,
  adaptiveLayerNormWriter,
  rnnWriter,
  lstmWriter,
  gruWriter,
  bidirectionalWriter,
  recurrentStackWriter,
];
