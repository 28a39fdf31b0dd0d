/**
 * The normalization kernels: functions on typed arrays, forward and backward, for float32, float64 and float16. A kernel takes
 * a tensor `{ type, dims, data }`, then an options object. It returns new tensors, or fills those that the option `out` names.
 *
 * @example Layer normalization of two samples of three features
 * ```ts
 * import { layerNorm, tensor } from "@evenkeel/norm/kernels";
 *
 * const x = tensor(new Float32Array([1, 2, 3, 10, 20, 30]), [2, 3]);
 * const y = layerNorm(x, { out: { y: x } }); // in place
 * console.log(y.data);
 * ```
 *
 * @module
 */

export type { Activation } from "./activation.ts";
export {
  addLayerNorm,
  addLayerNormBackward,
  type AddLayerNormBackwardOptions,
  type AddLayerNormOptions,
  type AddNormOutputs,
  type AddNormResult,
  addRmsNorm,
  addRmsNormBackward,
  type AddRmsNormBackwardOptions,
  type AddRmsNormOptions,
} from "./add_norm.ts";
export {
  batchNorm,
  batchNormBackward,
  type BatchNormBackwardOptions,
  type BatchNormOptions,
  batchNormTraining,
  batchNormTrainingBackward,
  type BatchNormTrainingBackwardOptions,
  type BatchNormTrainingOptions,
  type BatchNormTrainingResult,
} from "./batch_norm.ts";
export { momentsOf, type MomentsOptions } from "./exact_moments.ts";
export { format } from "./format.ts";
export {
  groupNorm,
  groupNormBackward,
  type GroupNormBackwardOptions,
  type GroupNormOptions,
  instanceNorm,
  instanceNormBackward,
  type InstanceNormBackwardOptions,
  type InstanceNormOptions,
} from "./group_norm.ts";
export { layerNorm, layerNormBackward, type LayerNormBackwardOptions, type LayerNormOptions } from "./layer_norm.ts";
export * from "./local_response_norm.ts";
export * from "./lp_norm.ts";
export { matrixProduct, type MatrixProductOptions } from "./matrix_product.ts";
export {
  meanVarianceNorm,
  meanVarianceNormBackward,
  type MeanVarianceNormBackwardOptions,
  type MeanVarianceNormOptions,
} from "./mean_variance_norm.ts";
export { Moments } from "./passes/moments.ts";
export * from "./options.ts";
export { prepare } from "./prepare.ts";
export { reshape } from "./reshape.ts";
export { rmsNorm, rmsNormBackward, type RmsNormBackwardOptions, type RmsNormOptions } from "./rms_norm.ts";
export { allocate, type ResidentTensor } from "./engines/simd/memory.ts";
export { setThreads } from "./set_threads.ts";
export {
  type DType,
  type HostFloat16Array,
  type NestedNumbers,
  type Tensor,
  tensor,
  type TypedArrays,
  zeros,
} from "./tensor.ts";
