/**
 * Layers: normalizations with parameters and running statistics, forward and backward, and what a small network needs around
 * them. A layer's state goes into each pass and comes out of it; {@linkcode Layer} says how.
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

export type { Activation } from "../kernels/activation.ts";
export type { DType, Tensor, TypedArrays } from "../kernels/tensor.ts";
export { ActivationLayer, GELU, ReLU } from "./activation.ts";
export { AdamW, type AdamWInit } from "./adamw.ts";
export { AdaptiveLayerNorm, type AdaptiveLayerNormInit } from "./adaptive_layer_norm.ts";
export type { AffineInit } from "./affine.ts";
export { BatchNorm, type BatchNormInit } from "./batch_norm.ts";
export {
  type BatchNormParameters,
  type BatchNormTable,
  batchNormTable,
  foldTable,
  type OutputWeights,
} from "./batch_norm_table.ts";
export { BatchRenorm, type BatchRenormInit } from "./batch_renorm.ts";
export { Conv2d, type Conv2dInit } from "./conv.ts";
export { type DeepNetDepth, type DeepNetGains, deepNetGains, deepNetResidual } from "./deep_net.ts";
export { DynamicTanh, type DynamicTanhInit } from "./dynamic_tanh.ts";
export { FrozenBatchNorm, type FrozenBatchNormInit } from "./frozen_batch_norm.ts";
export { GhostBatchNorm, type GhostBatchNormInit } from "./ghost_batch_norm.ts";
export { GlobalResponseNorm, type GlobalResponseNormInit } from "./global_response_norm.ts";
export { GroupNorm, type GroupNormInit } from "./group_norm.ts";
export { InstanceNorm, type InstanceNormInit } from "./instance_norm.ts";
export type { Backward, Context, Layer, Pass, Tensors } from "./layer.ts";
export { LayerNorm, type LayerNormInit, restormerLayerNorm } from "./layer_norm.ts";
export { Linear, type LinearInit } from "./linear.ts";
export { layerNormMlp, type LayerNormMlpInit } from "./mlp.ts";
export { Optimizer } from "./optimizer.ts";
export { normal, random } from "./random.ts";
export { recalibrate } from "./recalibrate.ts";
export { type MadeWeight, Reparametrization } from "./reparametrization.ts";
export type { Extent } from "./patches.ts";
export { PostNormResidual, type PostNormResidualInit, PreNormResidual, Residual } from "./residual.ts";
export { RMSNorm, type RMSNormInit } from "./rms_norm.ts";
export type { BatchStatistics, RunningInit } from "./running.ts";
export { ScaleNorm, type ScaleNormInit } from "./scale_norm.ts";
export { Sequential } from "./sequential.ts";
export { SGD, type SGDInit } from "./sgd.ts";
export { type Loss, softmaxCrossEntropy } from "./softmax_cross_entropy.ts";
export { SpectralNorm, type SpectralNormInit } from "./spectral_norm.ts";
export { WeightNorm } from "./weight_norm.ts";
export type { WeightedInit } from "./weighted.ts";
export { WeightStandardization, type WeightStandardizationInit } from "./weight_standardization.ts";
