import type { Activation } from "./activation.ts";
import type { DType, Tensor } from "./tensor.ts";

/** What follows a normalization. */
export interface AffineOptions {
  /** Multiplies the normalized values. Without it they are not multiplied. */
  scale?: Tensor;
  /** Is added then. Without it nothing is added. */
  bias?: Tensor;
  /** Is applied to the result. Without it nothing is. */
  activation?: Activation;
}

/** Outputs of a forward pass, to be written to memory at hand instead of memory allocated for them. */
export interface ForwardOutputs {
  /** The result, of x's type and dims. It may be x itself. */
  y?: Tensor;
  /** The mean of each statistic, written only if given. Any type: float64 keeps it to the last bit. */
  mean?: Tensor;
  /** One over the standard deviation (or root mean square), epsilon included, written only if given. */
  invStdDev?: Tensor;
}

/** Outputs of a backward pass, to be written to memory at hand instead of memory allocated for them. They are overwritten. */
export interface BackwardOutputs {
  /** The gradient with respect to x, of its type and dims. It may be x or dy itself. */
  dx?: Tensor;
  /** The gradient with respect to scale. */
  dScale?: Tensor;
  /** The gradient with respect to bias. */
  dBias?: Tensor;
}

/**
 * The gradients of a normalization. Those of layer and RMS norm's parameters are added up in float32 over at most 128 samples, then in float64:
 * they can overflow where dy is beyond 1e36.
 */
export interface Gradients<T extends DType = DType> {
  /** With respect to x, of its type and dims. */
  dx: Tensor<T>;
  /** With respect to scale, of its type and dims. Absent if neither `scale` nor `out.dScale` was given. */
  dScale?: Tensor;
  /** With respect to bias, of its type and dims. Absent if neither `bias` nor `out.dBias` was given. */
  dBias?: Tensor;
}

/** Statistics of a forward pass that a backward pass need not compute again. */
export interface SavedStatistics {
  /** The means that the forward pass wrote to `out.mean`. Those in float32 are too coarse where means are far from 0. */
  mean?: Tensor;
  /** What it wrote to `out.invStdDev`. */
  invStdDev?: Tensor;
}
