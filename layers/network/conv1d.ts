import { OptionNames } from "../../kernels/option_names.ts";
import { checkStateless, refuseMask } from "../check_pass.ts";
import { checkInput } from "../../kernels/check.ts";
import { reshape } from "../../kernels/reshape.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Context, Layer, Pass, Tensors } from "../layer.ts";
import { Conv2d } from "./conv.ts";
import { lengthOf } from "./patches.ts";
import {
  checkChannels,
  checkResultGradient,
  type WeightedInit,
  weightedNames,
  weightedParameters,
} from "./weighted.ts";

/** How a {@linkcode Conv1d} is made. Its weight has dims [outputs, inputs / groups, kernel], its bias [outputs]. */
export interface Conv1dInit extends WeightedInit {
  /** How far the kernel moves. Default: 1. */
  stride?: number;
  /** How many zeros are put on each side of the sequence. Default: 0. */
  padding?: number;
  /** How far the elements under the kernel are apart. Default: 1. */
  dilation?: number;
  /** Into how many groups channels are cut, each convolved by itself. Default: 1. */
  groups?: number;
}

const names = new OptionNames<Conv1dInit>({
  ...weightedNames,
  stride: true,
  padding: true,
  dilation: true,
  groups: true,
});

/**
 * A convolution of sequences [samples, inputs, length]: {@linkcode Conv2d} of images of height 1.
 *
 *     y[n, o, t] = bias[o] + sum over c, i of weight[o, c, i] x[n, c, t * stride + i * dilation - padding]
 *
 * @example
 * ```ts
 * import { Conv1d } from "@evenkeel/norm/layers";
 * import { zeros } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(new Conv1d(2, 8, 3, { padding: 1 }).evaluate(zeros("float32", [4, 2, 100])).dims, [4, 8, 100]);
 * ```
 */
export class Conv1d implements Layer {
  /** `weight` [outputs, inputs / groups, kernel] and, unless it was declined, `bias` [outputs]. */
  readonly parameters: Tensors;
  /** None. */
  readonly state: Tensors = {};
  /** The channels of x. */
  readonly inputs: number;
  /** The channels of the result. */
  readonly outputs: number;
  /** The length of the kernel. */
  readonly kernel: number;
  /** How far it moves. */
  readonly stride: number;
  /** How many zeros are put on each side of the sequence. */
  readonly padding: number;
  /** How far the elements under the kernel are apart. */
  readonly dilation: number;
  /** Into how many groups channels are cut. */
  readonly groups: number;
  /** The same in two dimensions; its parameters have the memory of this layer's. */
  readonly #image: Conv2d;

  /**
   * A convolution, of weights drawn or given.
   *
   * @param inputs The channels of x, a multiple of `groups`.
   * @param outputs The channels of the result, a multiple of `groups`.
   * @param kernel The length of the kernel.
   * @throws {TypeError | RangeError} If an argument does not fit.
   */
  constructor(inputs: number, outputs: number, kernel: number, init: Conv1dInit = {}) {
    names.check("Conv1d", init);
    const { stride = 1, padding = 0, dilation = 1, groups = 1 } = init;
    checkChannels("Conv1d", { inputs, outputs }, groups);
    this.inputs = inputs;
    this.outputs = outputs;
    this.kernel = lengthOf("Conv1d", "kernel", kernel, 1);
    this.stride = lengthOf("Conv1d", "stride", stride, 1);
    this.padding = lengthOf("Conv1d", "padding", padding, 0);
    this.dilation = lengthOf("Conv1d", "dilation", dilation, 1);
    this.groups = groups;
    this.parameters = weightedParameters("Conv1d", init, [outputs, inputs / groups, kernel]);
    const { weight, bias = false } = this.parameters;
    this.#image = new Conv2d(inputs, outputs, [1, kernel], {
      stride: [1, stride],
      padding: [0, padding],
      dilation: [1, dilation],
      groups,
      weight: reshape(weight, [outputs, inputs / groups, 1, kernel]),
      bias,
    });
  }

  /**
   * Convolves x; the way back gives the gradients with respect to x, weight and bias.
   *
   * @throws {TypeError | RangeError} If x does not fit.
   */
  train(x: Tensor, state?: Tensors, context?: Context): Pass {
    this.#check(state, context);
    const { y, backward } = this.#image.train(this.#imageOf(x)), dims = y.dims.toSpliced(2, 1);
    return {
      y: reshape(y, dims),
      state: {},
      backward: (dy) => {
        checkResultGradient("Conv1d.backward", dy, dims, this.parameters.weight);
        const { dx, gradients: { weight, ...others } } = backward(reshape(dy, y.dims));
        return {
          dx: reshape(dx, x.dims),
          gradients: { weight: reshape(weight, this.parameters.weight.dims), ...others },
        };
      },
    };
  }

  /**
   * Convolves x.
   *
   * @throws {TypeError | RangeError} If x does not fit.
   */
  evaluate(x: Tensor, state?: Tensors, context?: Context): Tensor {
    this.#check(state, context);
    const y = this.#image.evaluate(this.#imageOf(x));
    return reshape(y, y.dims.toSpliced(2, 1));
  }

  #check(state: Tensors | undefined, context: Context | undefined): void {
    checkStateless("Conv1d", state, context);
    if (this.kernel > 1 || this.stride > 1 || this.padding > 0) refuseMask("Conv1d", context);
  }

  /** Sequences as images of height 1. */
  #imageOf(x: Tensor): Tensor {
    checkInput("Conv1d", x, 3);
    const { inputs, kernel, dilation, padding } = this, [samples, channels, length] = x.dims;
    if (x.dims.length !== 3 || channels !== inputs || length + 2 * padding < dilation * (kernel - 1) + 1) {
      throw new RangeError(
        `Conv1d: x has dims [${x.dims}]; they must be [samples, ${inputs}, length], with at least ` +
          `${dilation * (kernel - 1) + 1 - 2 * padding} steps under the kernel.`,
      );
    }
    return reshape(x, [samples, channels, 1, length]);
  }
}
