import { OptionNames } from "../../kernels/option_names.ts";
import { checkStateless } from "../check_pass.ts";
import { checkWhole } from "../shape.ts";
import { checkAlike, checkNumber } from "../../kernels/check.ts";
import { lpNorm, lpNormBackward } from "../../kernels/lp_norm.ts";
import { type DType, type Tensor, zeros } from "../../kernels/tensor.ts";
import { scaled, tensorLike } from "../gradients.ts";
import type { Context, Layer, Pass, Tensors } from "../layer.ts";

/** How a {@linkcode ScaleNorm} is made. */
export interface ScaleNormInit {
  /** The length that vectors get. The paper starts from the square root of their number of features. */
  scale: number;
  /** The axis of the vectors. Default: -1. */
  axis?: number;
  /** The type of the parameter. Default: `"float32"`. */
  type?: DType;
}

const names = new OptionNames<ScaleNormInit>({ scale: true, axis: true, type: true });

/**
 * ScaleNorm (Nguyen and Salazar 2019): each vector gets one learned length, y = scale * x / |x|, and zero vectors stay zero. Its parameter
 * `scale` is one number, of dims [].
 *
 * @example
 * ```ts
 * import { ScaleNorm } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const y = new ScaleNorm({ scale: 10 }).evaluate(tensor(new Float32Array([3, 4]), [1, 2]));
 * assertAlmostEquals(y.data[0], 6, 1e-5);
 * ```
 */
export class ScaleNorm implements Layer {
  /** `scale`. */
  readonly parameters: Tensors;
  /** None. */
  readonly state: Tensors = {};
  /** The axis of the vectors. */
  readonly axis: number;

  /**
   * A layer before its training.
   *
   * @throws {TypeError | RangeError} If the scale is not a finite number.
   */
  constructor(init: ScaleNormInit) {
    names.check("ScaleNorm", init);
    const { scale, axis = -1, type = "float32" } = init ?? {};
    checkWhole("ScaleNorm", "axis", axis);
    checkNumber("ScaleNorm", "scale", scale);
    const parameter = zeros(type, []);
    parameter.data[0] = scale;
    this.parameters = { scale: parameter };
    this.axis = axis;
  }

  /** Gives vectors their length, and keeps their directions for the way back. */
  train(x: Tensor, state?: Tensors, context?: Context): Pass {
    checkStateless("ScaleNorm.train", state, context);
    const { axis } = this, { scale } = this.parameters;
    const direction = lpNorm(x, { axis });
    return {
      y: scaled(direction, scale.data[0]),
      state: {},
      backward(dy) {
        checkAlike("ScaleNorm.backward", "dy", dy, x);
        const { dx } = lpNormBackward(x, scaled(dy, scale.data[0]), { axis });
        let sum = 0;
        for (let i = 0; i < dy.data.length; i++) sum += dy.data[i] * direction.data[i];
        return { dx, gradients: { scale: tensorLike(scale, [sum]) } };
      },
    };
  }

  /** Gives vectors their length. */
  evaluate(x: Tensor, state?: Tensors, context?: Context): Tensor {
    checkStateless("ScaleNorm.evaluate", state, context);
    return scaled(lpNorm(x, { axis: this.axis }), this.parameters.scale.data[0]);
  }
}
