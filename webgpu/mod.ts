/**
 * Normalization on the GPU through WebGPU, forward and backward, in Deno and browsers: kernels of `@evenkeel/norm` for tensors that
 * stay on the GPU. No dependencies.
 *
 * @example A gradient; only reading it waits for the GPU
 * ```ts
 * import { openGpu } from "@evenkeel/norm/webgpu";
 * import { tensor } from "@evenkeel/norm";
 *
 * const gpu = await openGpu().catch((error) => console.log(error.message));
 * if (gpu) {
 *   const x = gpu.upload(tensor([[1, 2, 3], [10, 20, 30]])), dy = gpu.upload(tensor([[1, 0, 0], [0, 1, 0]]));
 *   const scale = gpu.upload(tensor([1, 1, 1]));
 *   const { dx } = gpu.layerNormBackward(x, dy, { scale });
 *   console.log((await dx.read()).data);
 *   await gpu.close();
 * }
 * ```
 *
 * @module
 */

export type { GpuGradients, OnGpu } from "./calls.ts";
export { Gpu, type GpuAddNormResult, type GpuBatchNormResult } from "./gpu.ts";
export { GpuError } from "./gpu_error.ts";
export { GpuTensor } from "./gpu_tensor.ts";
export { openGpu, type OpenGpuOptions } from "./open.ts";
export { conv2d, conv2dBackward, type GpuConv2dGradients, type GpuConv2dOptions } from "./network/conv2d.ts";
export type { GpuLayer, GpuPass, GpuTensors } from "./network/layer.ts";
export { GpuBatchNorm, type GpuBatchNormOptions } from "./network/batch_norm.ts";
export {
  GpuConv2d,
  GpuLinear,
  GpuNorm,
  type GpuNormKind,
  GpuSequential,
  type GpuStatelessLayer,
} from "./network/layers.ts";
export { type GpuMatrixProductOptions, matrixProduct } from "./network/matrix_product.ts";
export { GpuAdamW, type GpuAdamWInit } from "./network/adamw.ts";
export type { GpuOptimizer, GpuParameterGroup, GpuUpdate } from "./network/optimizer.ts";
export { GpuSGD, type GpuSGDInit } from "./network/sgd.ts";
export { type GpuLoss, softmaxCrossEntropy } from "./network/softmax_cross_entropy.ts";
