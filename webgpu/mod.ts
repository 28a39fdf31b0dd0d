/**
 * Normalization on the GPU through WebGPU, forward and backward, in Deno and browsers: the kernels of `@evenkeel/norm` over tensors that
 * stay on the device. No dependencies.
 *
 * @example Training's two passes, and one wait
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
