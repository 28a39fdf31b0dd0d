import { OptionNames } from "../../kernels/option_names.ts";
import { checkStateless, refuseMask } from "../check_pass.ts";
import { checkInput } from "../../kernels/check.ts";
import { SimdConvolution } from "../../kernels/engines/simd/convolution.ts";
import { type Tensor, zeros } from "../../kernels/tensor.ts";
import type { Backward, Context, Layer, Pass, Tensors } from "../layer.ts";
import { PatchConvolution } from "./patch_convolution.ts";
import { type Extent, extentOf, placesOf } from "./patches.ts";
import {
  checkChannels,
  checkResultGradient,
  checkType,
  weightedGradients,
  type WeightedInit,
  weightedNames,
  weightedParameters,
} from "./weighted.ts";

/** How a {@linkcode Conv2d} is made. Its weight has dims [outputs, inputs / groups, height, width], its bias [outputs]. */
export interface Conv2dInit extends WeightedInit {
  /** How far the kernel moves, one number or [height, width]. Default: 1. */
  stride?: number | Extent;
  /** How many zeros are put on each side of the image, one number or [height, width]. Default: 0. */
  padding?: number | Extent;
  /** How far the elements under the kernel are apart, one number or [height, width]. Default: 1. */
  dilation?: number | Extent;
  /** Into how many groups channels are cut, each convolved by itself. Default: 1. */
  groups?: number;
}

const names = new OptionNames<Conv2dInit>({
  ...weightedNames,
  stride: true,
  padding: true,
  dilation: true,
  groups: true,
});

/**
 * A convolution of images [samples, inputs, height, width] (NCHW), as neural networks have it, which do not flip the kernel:
 *
 *     y[n, o, r, s] = bias[o] + sum over c, i, j of weight[o, c, i, j] x[n, c, u, v]
 *     where u = r * stride + i * dilation - padding,  v = s * stride + j * dilation - padding
 *
 * x is 0 beyond its edges, and c goes over the channels of o's group. Training and evaluation are the same.
 *
 * A weight and a bias that are not given are drawn as PyTorch draws them: uniform between -1 / sqrt(n) and 1 / sqrt(n), with n =
 * inputs / groups * kernel height * kernel width.
 *
 * @example Images of 28 x 28, made half as high and wide
 * ```ts
 * import { Conv2d } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const layer = new Conv2d(1, 8, 3, { stride: 2, padding: 1 });
 * const y = layer.evaluate(tensor(new Float32Array(2 * 28 * 28), [2, 1, 28, 28]));
 * assertEquals(y.dims, [2, 8, 14, 14]);
 * ```
 */
export class Conv2d implements Layer {
  /** `weight` [outputs, inputs / groups, height, width] and, unless it was declined, `bias` [outputs]. */
  readonly parameters: Tensors;
  /** None. */
  readonly state: Tensors = {};
  /** The channels of x. */
  readonly inputs: number;
  /** The channels of the result. */
  readonly outputs: number;
  /** The size of the kernel. */
  readonly kernel: Extent;
  /** How far it moves. */
  readonly stride: Extent;
  /** How many zeros are put on each side of the image. */
  readonly padding: Extent;
  /** How far the elements under the kernel are apart. */
  readonly dilation: Extent;
  /** Into how many groups channels are cut. */
  readonly groups: number;

  /**
   * A convolution, of weights drawn or given.
   *
   * @param inputs The channels of x, a multiple of `groups`.
   * @param outputs The channels of the result, a multiple of `groups`.
   * @param kernel The size of the kernel, one number or [height, width].
   * @throws {TypeError | RangeError} If an argument does not fit.
   */
  constructor(inputs: number, outputs: number, kernel: number | Extent, init: Conv2dInit = {}) {
    names.check("Conv2d", init);
    const { stride = 1, padding = 0, dilation = 1, groups = 1 } = init;
    checkChannels("Conv2d", { inputs, outputs }, groups);
    this.inputs = inputs;
    this.outputs = outputs;
    this.kernel = extentOf("Conv2d", "kernel", kernel, 1);
    this.stride = extentOf("Conv2d", "stride", stride, 1);
    this.padding = extentOf("Conv2d", "padding", padding, 0);
    this.dilation = extentOf("Conv2d", "dilation", dilation, 1);
    this.groups = groups;
    this.parameters = weightedParameters("Conv2d", init, [outputs, inputs / groups, ...this.kernel]);
  }

  /**
   * Convolves x; the way back gives the gradients with respect to x, weight and bias.
   *
   * @throws {TypeError | RangeError} If x does not fit.
   */
  train(x: Tensor, state?: Tensors, context?: Context): Pass {
    const y = this.evaluate(x, state, context);
    return { y, state: {}, backward: (dy) => this.#backward(x, dy, y.dims) };
  }

  /**
   * Convolves x.
   *
   * @throws {TypeError | RangeError} If x does not fit.
   */
  evaluate(x: Tensor, state?: Tensors, context?: Context): Tensor {
    checkStateless("Conv2d", state, context);
    if (!this.#isPointwise()) refuseMask("Conv2d", context);
    const { bias } = this.parameters, { dims, parts, image, result, convolution } = this.#work(x);
    const y = zeros(x.type, dims), places = dims[2] * dims[3];
    for (let c = 0; bias && c < y.data.length / places; c++) {
      y.data.fill(bias.data[c % this.outputs], c * places, (c + 1) * places);
    }
    for (let part = 0; part < parts; part++) {
      convolution.add(part % this.groups, partOf(x, part, image), partOf(y, part, result));
    }
    return y;
  }

  /** Whether each position of the result is of one position of x, the same. */
  #isPointwise(): boolean {
    const { kernel, stride, padding } = this;
    return [...kernel, ...stride].every((size) => size === 1) && padding.every((size) => size === 0);
  }

  /** The same layer with other parameters. */
  withParameters({ weight, bias = false }: { weight: Tensor; bias?: Tensor | false }): Conv2d {
    const { inputs, outputs, kernel, stride, padding, dilation, groups } = this;
    return new Conv2d(inputs, outputs, kernel, { stride, padding, dilation, groups, weight, bias });
  }

  #backward(x: Tensor, dy: Tensor, dims: readonly number[]): Backward {
    const { weight, bias } = this.parameters, { parts, image, result, convolution } = this.#work(x);
    checkResultGradient("Conv2d.backward", dy, dims, weight);
    const dx = zeros(x.type, x.dims), dWeight = zeros(x.type, weight.dims);
    for (let part = 0; part < parts; part++) {
      const [dResult, dImage] = [partOf(dy, part, result), partOf(dx, part, image)];
      convolution.back(part % this.groups, partOf(x, part, image), dResult, dImage);
    }
    convolution.addWeightGradient(dWeight.data);
    return { dx, gradients: weightedGradients(dWeight, bias, dy, 1) };
  }

  /** What a pass over x works with; each group of each sample is a part by itself, of so many elements in x and in y. */
  #work(x: Tensor) {
    const { groups, kernel, padding, dilation, parameters: { weight } } = this;
    const [samples, , height, width] = this.#checked(x).dims, image: Extent = [height, width];
    const places = placesOf(image, this), [inputs, outputs] = [this.inputs / groups, this.outputs / groups];
    const sizes = { inputs, outputs, groups, image, kernel, padding, dilation, places };
    const isDense = this.stride.every((step) => step === 1) && weight.data instanceof Float32Array;
    const shifted = isDense ? SimdConvolution.of(sizes, weight.data as Float32Array) : undefined;
    return {
      dims: [samples, this.outputs, ...places],
      parts: samples * groups,
      image: inputs * height * width,
      result: outputs * places[0] * places[1],
      convolution: shifted ?? new PatchConvolution(image, this, weight, groups),
    };
  }

  /** x, once it is found fit. */
  #checked(x: Tensor): Tensor {
    checkInput("Conv2d", x, 4);
    checkType("Conv2d", "x", x, this.parameters.weight);
    const [, channels, ...image] = x.dims;
    if (image.length > 2 || channels !== this.inputs) {
      throw new RangeError(
        `Conv2d: x has dims [${
          x.dims.join(", ")
        }]; they must be [samples, ${this.inputs}, height, width], with the inputs of ` +
          `the layer as channels.`,
      );
    }
    if (placesOf(image as unknown as Extent, this).some((places) => places < 1)) {
      throw new RangeError(
        `Conv2d: the kernel [${this.kernel}], with dilation [${this.dilation}], is larger than an image [${image}] with ` +
          `padding [${this.padding}]. Add padding, or give it larger images.`,
      );
    }
    return x;
  }
}

/** The elements of one of the parts that an array consists of. */
function partOf({ data }: Tensor, part: number, size: number): Tensor["data"] {
  return data.subarray(part * size, (part + 1) * size);
}
