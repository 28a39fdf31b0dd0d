import type { GpuTensor } from "../gpu_tensor.ts";

/** Tensors on the device by name. */
export type GpuTensors = Readonly<Record<string, GpuTensor>>;

/** What a pass of training gives. */
export interface GpuPass {
  /** The result. */
  y: GpuTensor;
  /** From the gradient with respect to y to those with respect to x and the parameters, which must be as they were. */
  backward(dy: GpuTensor): { dx: GpuTensor; gradients: GpuTensors };
}

/** A function of tensors on a device that can be trained: `Layer` of `@evenkeel/norm/layers` for what has no state. */
export interface GpuLayer {
  /** What is learned, by name. */
  readonly parameters: GpuTensors;
  /** The pass of training. */
  train(x: GpuTensor): GpuPass;
}
