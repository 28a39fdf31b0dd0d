/**
 * Normalizations, and blocks of them, as ONNX graphs.
 *
 * The functions are named as the kernels and have their options. Instead of numbers they take a {@linkcode SymbolicTensor}, which
 * stands for a value of a graph. They add nodes to that graph and return the symbolic tensor of the result. {@linkcode modelOf} makes a
 * complete model of what you write with them.
 *
 * @example A linear layer, layer norm and relu, as the bytes of a file
 * ```ts
 * import { layerNorm, linear, modelOf } from "@evenkeel/norm/models";
 * import { writeModel } from "@evenkeel/norm/onnx";
 *
 * const model = modelOf(
 *   (x) => layerNorm(linear(x, { weight: "weight", outputs: 50 }), { activation: "relu" }),
 *   { x: ["N", 100] },
 * );
 * const bytes = writeModel(model);
 * ```
 *
 * @module
 */
export { type AffineOptions } from "./affine.ts";
export {
  addLayerNorm,
  type AddLayerNormOptions,
  type AddNormForm,
  type AddNormResult,
  addRmsNorm,
  type AddRmsNormOptions,
} from "./norms/add_norm.ts";
export {
  batchNorm,
  type BatchNormOptions,
  batchNormTraining,
  type BatchNormTrainingOptions,
  type BatchNormTrainingResult,
} from "./norms/batch_norm.ts";
export { evaluate, evaluateNode, type EvaluateNodeOptions } from "./evaluate.ts";
export type { Form } from "./form.ts";
export { groupNorm, type GroupNormOptions, instanceNorm, type InstanceNormOptions } from "./norms/group_norm.ts";
export { layerNorm, type LayerNormOptions } from "./norms/layer_norm.ts";
export { localResponseNorm, type LocalResponseNormOptions } from "./norms/local_response_norm.ts";
export { lpNorm, type LpNormOptions } from "./norms/lp_norm.ts";
export { meanVarianceNorm, type MeanVarianceNormOptions } from "./norms/mean_variance_norm.ts";
export { modelOf, type ModelOfOptions, type SymbolicResult } from "./model_of.ts";
export type { NamedOptions, Parameter } from "./parameter.ts";
export { rmsNorm, type RmsNormOptions } from "./norms/rms_norm.ts";
export { SymbolicTensor, type SymbolicTensorOptions } from "./symbolic_tensor.ts";
export { applyLayer, registerLayer } from "./apply_layer.ts";
export { type ApplyLayerOptions, type LayerClass, type Writer, Writing } from "./writing.ts";
export { applyTable, type ApplyTableOptions } from "./blocks/batch_norm_table.ts";
export { conv, type ConvOptions } from "./blocks/conv.ts";
export { gru, type GruOptions } from "./blocks/gru.ts";
export { linear, type LinearOptions } from "./blocks/linear.ts";
export { lstm, type LstmOptions, type LstmOutputs } from "./blocks/lstm.ts";
export { layerNormMlp, type LayerNormMlpOptions, linearLayerNorm, type LinearLayerNormOptions } from "./blocks/mlp.ts";
export type { RecurrentOptions, RecurrentOutputs } from "./blocks/recurrent.ts";
export { restormerLayerNorm, type RestormerLayerNormOptions, to3d, to4d } from "./blocks/restormer.ts";
export { rnn, type RnnOptions } from "./blocks/rnn.ts";
