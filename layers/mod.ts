/**
 * Layers: normalizations with parameters and running statistics, forward and backward, and what a small network needs around
 * them. No pass changes a layer's state: you give it the state, and training returns a new one. {@linkcode Layer} says how.
 *
 * @example A network with batch norm, a step of training, and evaluation
 * ```ts
 * import { AdamW, BatchNorm, Linear, ReLU, Sequential, softmaxCrossEntropy } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 *
 * const model = new Sequential([new Linear(2, 16), new BatchNorm(16), new ReLU(), new Linear(16, 2)]);
 * const optimizer = new AdamW(model.parameters, { rate: 0.01 });
 * const x = tensor(new Float32Array([0, 0, 0, 1, 1, 0, 1, 1]), [4, 2]);
 *
 * let state = model.state;
 * for (let step = 0; step < 10; step++) {
 *   const pass = model.train(x, state);
 *   const { dx } = softmaxCrossEntropy(pass.y, [0, 1, 1, 0]);
 *   optimizer.step(pass.backward(dx).gradients);
 *   state = pass.state;
 * }
 * console.log(model.evaluate(x, state).data);
 * ```
 *
 * @module
 */

export {
  ActivationLayer,
  GELU,
  type GELUInit,
  type LayerActivation,
  ReLU,
  Sigmoid,
  SiLU,
  Tanh,
} from "./network/activation.ts";
export { AdamW, type AdamWInit } from "./training/adamw.ts";
export { AdaptiveLayerNorm, type AdaptiveLayerNormInit } from "./norms/adaptive_layer_norm.ts";
export type { AffineInit } from "./norms/affine.ts";
export { BatchNorm, type BatchNormInit } from "./norms/batch_norm.ts";
export {
  type BatchNormParameters,
  type BatchNormTable,
  batchNormTable,
  foldTable,
  type OutputWeights,
} from "./norms/batch_norm_table.ts";
export { BatchRenorm, type BatchRenormInit } from "./norms/batch_renorm.ts";
export { loadSafetensors, toSafetensors } from "./weights/checkpoint.ts";
export { Conv2d, type Conv2dInit } from "./network/conv.ts";
export { type DeepNetDepth, type DeepNetGains, deepNetGains, deepNetResidual } from "./blocks/deep_net.ts";
export { Conv1d, type Conv1dInit } from "./network/conv1d.ts";
export { ConvTranspose2d, type ConvTranspose2dInit } from "./network/conv_transpose.ts";
export { Dropout, type DropoutInit } from "./network/dropout.ts";
export { Embedding, type EmbeddingInit } from "./network/embedding.ts";
export {
  AveragePool1d,
  type AveragePool1dInit,
  AveragePool2d,
  type AveragePoolInit,
  MaxPool1d,
  MaxPool2d,
  Pool,
} from "./network/pool.ts";
export { GlobalAveragePool } from "./network/global_average_pool.ts";
export type { Pool1dInit, PoolInit } from "./network/windows.ts";
export { Flatten, type FlattenInit, Reshape, Reshaped } from "./network/reshaped.ts";
export { Softmax, type SoftmaxInit } from "./network/softmax.ts";
export { DynamicTanh, type DynamicTanhInit } from "./norms/dynamic_tanh.ts";
export { fromKeras } from "./weights/from_keras.ts";
export { fromTorch, type TorchModelOptions, toTorch } from "./weights/from_torch.ts";
export { foldBatchNorms, type FoldedModel } from "./blocks/fold_batch_norms.ts";
export { FrozenBatchNorm, type FrozenBatchNormInit } from "./norms/frozen_batch_norm.ts";
export { GhostBatchNorm, type GhostBatchNormInit } from "./norms/ghost_batch_norm.ts";
export { GlobalResponseNorm, type GlobalResponseNormInit } from "./norms/global_response_norm.ts";
export { GroupNorm, type GroupNormInit } from "./norms/group_norm.ts";
export { InstanceNorm, type InstanceNormInit } from "./norms/instance_norm.ts";
export type {
  KerasBatchNormalizationConfig,
  KerasBidirectionalConfig,
  KerasClass,
  KerasClasses,
  KerasConfig,
  KerasConv2DConfig,
  KerasDenseConfig,
  KerasGroupNormalizationConfig,
  KerasInnerLayer,
  KerasLayerNormalizationConfig,
  KerasNormConfig,
  KerasRecurrence,
  KerasRecurrentConfig,
  KerasRMSNormalizationConfig,
  KerasWeightedConfig,
  KerasWeights,
} from "./weights/keras_classes.ts";
export type { Backward, Context, Layer, Pass, Tensors } from "./layer.ts";
export { LayerNorm, type LayerNormInit, restormerLayerNorm } from "./norms/layer_norm.ts";
export { Linear, type LinearInit } from "./network/linear.ts";
export { layerNormMlp, type LayerNormMlpInit } from "./blocks/mlp.ts";
export { partOf, prefixed } from "./names.ts";
export { Optimizer, type OptimizerInit, type UpdatedParameter } from "./training/optimizer.ts";
export type { ParameterGroup } from "./training/parameter_groups.ts";
export { clipByNorm, type ClippedGradients } from "./training/clip_by_norm.ts";
export { cosineSchedule, type CosineScheduleInit } from "./training/schedule.ts";
export type { Extent } from "./network/patches.ts";
export { normal, random } from "./network/random.ts";
export { recalibrate } from "./norms/recalibrate.ts";
export {
  Bidirectional,
  GRU,
  LSTM,
  Recurrent,
  type RecurrentBackward,
  type RecurrentInit,
  type RecurrentLayer,
  type RecurrentParameters,
  type RecurrentParametersInit,
  type RecurrentPass,
  type RecurrentResult,
  RecurrentStack,
  RNN,
  type RNNInit,
} from "./recurrent/mod.ts";
export { MultiHeadAttention, type MultiHeadAttentionInit } from "./blocks/multi_head_attention.ts";
export { LearnedPosition, type LearnedPositionInit } from "./network/learned_position.ts";
export { type MadeWeight, Reparametrization } from "./norms/reparametrization.ts";
export { PostNormResidual, type PostNormResidualInit, PreNormResidual, Residual } from "./network/residual.ts";
export { RMSNorm, type RMSNormInit } from "./norms/rms_norm.ts";
export type { BatchStatistics, RunningInit, RunningRule } from "./norms/running.ts";
export { readSafetensors, type Safetensors, writeSafetensors } from "./weights/safetensors.ts";
export { ScaleNorm, type ScaleNormInit } from "./norms/scale_norm.ts";
export { Sequential } from "./network/sequential.ts";
export { SGD, type SGDInit } from "./training/sgd.ts";
export type { Loss, LossOptions } from "./training/loss.ts";
export { meanSquaredError } from "./training/mean_squared_error.ts";
export { softmaxCrossEntropy, type SoftmaxCrossEntropyOptions } from "./training/softmax_cross_entropy.ts";
export { SpectralNorm, type SpectralNormInit } from "./norms/spectral_norm.ts";
export { SyncBatchNorm } from "./norms/sync_batch_norm.ts";
export type {
  TorchAffine,
  TorchAveragePoolOptions,
  TorchBatchNormOptions,
  TorchClass,
  TorchClasses,
  TorchConv1dOptions,
  TorchConv2dOptions,
  TorchConvTranspose2dOptions,
  TorchDropoutOptions,
  TorchEmbeddingOptions,
  TorchFlattenOptions,
  TorchGELUOptions,
  TorchGroupNormOptions,
  TorchInstanceNormOptions,
  TorchLayerNormOptions,
  TorchLinearOptions,
  TorchMultiheadAttentionOptions,
  TorchPoolOptions,
  TorchRecurrence,
  TorchRecurrentOptions,
  TorchRMSNormOptions,
  TorchRNNOptions,
  TorchSoftmaxOptions,
  TorchStackOptions,
  TorchTensors,
  TorchTracked,
} from "./weights/torch_classes.ts";
export { WeightNorm } from "./norms/weight_norm.ts";
export { WeightStandardization, type WeightStandardizationInit } from "./norms/weight_standardization.ts";
export type { WeightedInit } from "./network/weighted.ts";
export { WeightsError } from "./weights/weights_error.ts";
export type { Activation } from "../kernels/activation.ts";
export type { DType, Tensor, TypedArrays } from "../kernels/tensor.ts";
export type { Communicator, Reduction } from "../statistics/ranks/communicator.ts";
