import type { GpuTensor } from "../gpu_tensor.ts";

/** Tensors on the device by name. */
export type GpuTensors = Readonly<Record<string, GpuTensor>>;

/** What a pass of training gives. */
export interface GpuPass {
  /** The result. */
  y: GpuTensor;
  /** The state after this pass: give it to the next. */
  state: GpuTensors;
  /** From the gradient with respect to y to those with respect to x and the parameters, which must be as they were. */
  backward(dy: GpuTensor): { dx: GpuTensor; gradients: GpuTensors };
}

/** A function of tensors on a device that can be trained: `Layer` of `@evenkeel/norm/layers` there. */
export interface GpuLayer {
  /** What is learned, by name. */
  readonly parameters: GpuTensors;
  /** The state that training starts from, by name; `{}` for most layers. */
  readonly state: GpuTensors;
  /** The pass of training. */
  train(x: GpuTensor, state?: GpuTensors): GpuPass;
  /** The pass of evaluation: with running statistics. */
  evaluate(x: GpuTensor, state?: GpuTensors): GpuTensor;
}
