/**
 * What is wrong with a device, not with a call: there is none, it was lost, or its memory is full. What is wrong with a call is a
 * `TypeError` or a `RangeError`.
 *
 * @example A host without a device
 * ```ts
 * import { GpuError, openGpu } from "@evenkeel/norm/webgpu";
 *
 * try {
 *   const gpu = await openGpu();
 *   await gpu.close();
 * } catch (error) {
 *   if (!(error instanceof GpuError)) throw error;
 *   console.log("Normalizing on the CPU:", error.message);
 * }
 * ```
 */
export class GpuError extends Error {
  /** Always `"GpuError"`. */
  override readonly name = "GpuError";
}
