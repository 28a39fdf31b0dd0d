import type { Tensor } from "../kernels/tensor.ts";

/** For each feature, y = (x - center) / scale + offset. */
export interface Scaling {
  /** What is subtracted first. */
  center: Tensor<"float64">;
  /** What is divided by then. */
  scale: Tensor<"float64">;
  /** What is added last. */
  offset: Tensor<"float64">;
}
