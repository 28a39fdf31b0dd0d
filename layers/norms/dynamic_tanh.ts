import { OptionNames } from "../../kernels/option_names.ts";
import { checkStateless } from "../check_pass.ts";
import { checkAlike, checkInput, checkNumber } from "../../kernels/check.ts";
import { type Tensor, zeros } from "../../kernels/tensor.ts";
import { type AffineInit, affineInitNames, affineParameters } from "./affine.ts";
import { tensorLike } from "../gradients.ts";
import type { Context, Layer, Pass, Tensors } from "../layer.ts";
import { checkLast, shapeOf } from "../shape.ts";

/** How a {@linkcode DynamicTanh} is made. */
export interface DynamicTanhInit extends AffineInit {
  /** The learned factor inside of tanh to start from. Default: 0.5. */
  alpha?: number;
}

const names = new OptionNames<DynamicTanhInit>({ ...affineInitNames, alpha: true });

/**
 * Dynamic tanh (Zhu, Chen, He, LeCun and Liu 2025), which stands in for layer norm without statistics:
 *
 *     y = tanh(alpha x) * scale + bias
 *
 * Parameters: `alpha`, one number of dims []; `scale` and `bias` of the layer's shape, which is that of x's last axes.
 *
 * @example
 * ```ts
 * import { DynamicTanh } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const y = new DynamicTanh(1).evaluate(tensor(new Float32Array([2]), [1, 1]));
 * assertAlmostEquals(y.data[0], Math.tanh(1), 1e-6);
 * ```
 */
export class DynamicTanh implements Layer {
  /** `alpha`, and `scale` and `bias` unless they were declined. */
  readonly parameters: Tensors;
  /** None. */
  readonly state: Tensors = {};
  /** The sizes of x's last axes. */
  readonly shape: readonly number[];

  /**
   * A layer before its training.
   *
   * @param shape The sizes of x's last axes, or the one size.
   * @throws {TypeError | RangeError} If an option does not fit.
   */
  constructor(shape: number | readonly number[], init: DynamicTanhInit = {}) {
    names.check("DynamicTanh", init);
    const { alpha = 0.5, type = "float32" } = init;
    checkNumber("DynamicTanh", "alpha", alpha);
    this.shape = shapeOf("DynamicTanh", shape);
    const parameter = zeros(type, []);
    parameter.data[0] = alpha;
    this.parameters = { alpha: parameter, ...affineParameters("DynamicTanh", init, this.shape) };
  }

  /** Applies the formula. */
  evaluate(x: Tensor, state?: Tensors, context?: Context): Tensor {
    checkStateless("DynamicTanh", state, context);
    checkInput("DynamicTanh", x, 1);
    const features = checkLast("DynamicTanh", x, this.shape), { alpha, scale, bias } = this.parameters;
    const y = zeros(x.type, x.dims), a = alpha.data[0];
    for (let i = 0; i < y.data.length; i++) {
      const f = i % features;
      y.data[i] = Math.tanh(a * x.data[i]) * (scale?.data[f] ?? 1) + (bias?.data[f] ?? 0);
    }
    return y;
  }

  /** Applies the formula; with t = tanh(alpha x), the way back is by t' = 1 - t^2. */
  train(x: Tensor, state?: Tensors, context?: Context): Pass {
    return { y: this.evaluate(x, state, context), state: {}, backward: (dy) => this.#backward(x, dy) };
  }

  #backward(x: Tensor, dy: Tensor): ReturnType<Pass["backward"]> {
    checkAlike("DynamicTanh.backward", "dy", dy, x);
    const { alpha, scale, bias } = this.parameters, features = checkLast("DynamicTanh", x, this.shape);
    const dx = zeros(x.type, x.dims), a = alpha.data[0];
    const dScale = new Float64Array(features), dBias = new Float64Array(features);
    let dAlpha = 0;
    for (let i = 0; i < dx.data.length; i++) {
      const f = i % features, t = Math.tanh(a * x.data[i]), g = dy.data[i];
      const dz = g * (scale?.data[f] ?? 1) * (1 - t * t);
      dAlpha += dz * x.data[i];
      dx.data[i] = dz * a;
      dScale[f] += g * t;
      dBias[f] += g;
    }
    return {
      dx,
      gradients: {
        alpha: tensorLike(alpha, [dAlpha]),
        ...scale && { scale: tensorLike(scale, dScale) },
        ...bias && { bias: tensorLike(bias, dBias) },
      },
    };
  }
}
