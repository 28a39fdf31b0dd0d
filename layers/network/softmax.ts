import { OptionNames } from "../../kernels/option_names.ts";
import { checkStateless } from "../check_pass.ts";
import { checkWhole } from "../shape.ts";
import { checkAlike, checkAxis, checkInput } from "../../kernels/check.ts";
import { panelsOf } from "../../kernels/passes/panels.ts";
import { type Tensor, zeros } from "../../kernels/tensor.ts";
import type { Context, Layer, Pass, Tensors } from "../layer.ts";

/** How a {@linkcode Softmax} is made. */
export interface SoftmaxInit {
  /** Along which axis the results sum to 1. Default: -1, the last. */
  axis?: number;
}

const names = new OptionNames<SoftmaxInit>({ axis: true });

/**
 * Softmax, y = exp(x) / sum(exp(x)) along an axis, with the largest x subtracted first, so that nothing overflows. For training,
 * {@linkcode softmaxCrossEntropy} takes the logits before it.
 *
 * @example
 * ```ts
 * import { Softmax } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([...new Softmax().evaluate(tensor([[1000, 1000]])).data], [0.5, 0.5]);
 * ```
 */
export class Softmax implements Layer {
  /** None. */
  readonly parameters: Tensors = {};
  /** None. */
  readonly state: Tensors = {};
  /** Along which axis the results sum to 1. */
  readonly axis: number;

  /** A softmax along an axis. */
  constructor(init: SoftmaxInit = {}) {
    names.check("Softmax", init);
    const { axis = -1 } = init;
    checkWhole("Softmax", "axis", axis);
    this.axis = axis;
  }

  /**
   * Applies it.
   *
   * @throws {TypeError | RangeError} If x has no such axis.
   */
  evaluate(x: Tensor, state?: Tensors, context?: Context): Tensor {
    checkStateless("Softmax", state, context);
    checkInput("Softmax", x, 1);
    const y = zeros(x.type, x.dims), { outer, length, width } = panelsOf(x.dims, this.#axisOf(x));
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < width; i++) {
        const first = o * length * width + i;
        softmaxLine(x.data, y.data, { first, length, stride: width });
      }
    }
    return y;
  }

  /** Applies it; the way back gives dx = y (dy - sum(dy y)). */
  train(x: Tensor, state?: Tensors, context?: Context): Pass {
    const y = this.evaluate(x, state, context);
    return {
      y,
      state: {},
      backward: (dy) => {
        checkAlike("Softmax.backward", "dy", dy, y);
        const dx = zeros(x.type, x.dims), { outer, length, width } = panelsOf(x.dims, this.#axisOf(x));
        for (let o = 0; o < outer; o++) {
          for (let i = 0; i < width; i++) {
            const first = o * length * width + i;
            softmaxLineBackward(y.data, dy.data, dx.data, { first, length, stride: width });
          }
        }
        return { dx, gradients: {} };
      },
    };
  }

  #axisOf({ dims }: Tensor): number {
    return checkAxis("Softmax", "axis", this.axis, dims);
  }
}

/** Elements of an array: the first one, how many, and how far apart. */
export interface Line {
  first: number;
  length: number;
  stride: number;
}

/** The softmax of a line of x in that of y, which may be x. */
export function softmaxLine(x: Tensor["data"], y: Tensor["data"], { first, length, stride }: Line): void {
  const end = first + length * stride;
  let largest = -Infinity, sum = 0;
  for (let i = first; i < end; i += stride) largest = Math.max(largest, x[i]);
  for (let i = first; i < end; i += stride) sum += y[i] = Math.exp(x[i] - largest);
  for (let i = first; i < end; i += stride) y[i] /= sum;
}

/** The gradient with respect to x, from y and the gradient with respect to it; dx may be dy. */
export function softmaxLineBackward(
  y: Tensor["data"],
  dy: Tensor["data"],
  dx: Tensor["data"],
  { first, length, stride }: Line,
): void {
  const end = first + length * stride;
  let product = 0;
  for (let i = first; i < end; i += stride) product += dy[i] * y[i];
  for (let i = first; i < end; i += stride) dx[i] = y[i] * (dy[i] - product);
}
