import { checkStateless, refuseMask } from "../check_pass.ts";
import { checkDims, checkInput } from "../../kernels/check.ts";
import { reshape } from "../../kernels/reshape.ts";
import { sizeOf, type Tensor, zeros } from "../../kernels/tensor.ts";
import type { Context, Layer, Pass, Tensors } from "../layer.ts";

/**
 * The mean of each channel of each sample: [samples, channels, ...] becomes [samples, channels], for sequences, images and volumes alike.
 *
 * @example
 * ```ts
 * import { GlobalAveragePool } from "@evenkeel/norm/layers";
 * import { zeros } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(new GlobalAveragePool().evaluate(zeros("float32", [2, 8, 7, 7])).dims, [2, 8]);
 * ```
 */
export class GlobalAveragePool implements Layer {
  /** None. */
  readonly parameters: Tensors = {};
  /** None. */
  readonly state: Tensors = {};

  /**
   * Takes the means.
   *
   * @throws {TypeError | RangeError} If x has not at least three dimensions.
   */
  evaluate(x: Tensor, state?: Tensors, context?: Context): Tensor {
    checkStateless("GlobalAveragePool", state, context);
    refuseMask("GlobalAveragePool", context);
    const y = zeros(x?.type, this.#checked(x).dims.slice(0, 2)), size = sizeOf(x.dims.slice(2));
    for (let i = 0, at = 0; i < y.data.length; i++) {
      let sum = 0;
      for (const end = at + size; at < end; at++) sum += x.data[at];
      y.data[i] = sum / size;
    }
    return y;
  }

  /** Takes the means; the way back shares each gradient out evenly. */
  train(x: Tensor, state?: Tensors, context?: Context): Pass {
    const y = this.evaluate(x, state, context);
    return {
      y,
      state: {},
      backward(dy) {
        checkDims("GlobalAveragePool.backward", "dy", dy, y.dims, "those of the result");
        const size = sizeOf(x.dims.slice(2)), dx = zeros(x.type, [dy.data.length, size]);
        dy.data.forEach((value, i) => dx.data.fill(value / size, i * size, (i + 1) * size));
        return { dx: reshape(dx, x.dims), gradients: {} };
      },
    };
  }

  #checked(x: Tensor): Tensor {
    checkInput("GlobalAveragePool", x, 3);
    return x;
  }
}
