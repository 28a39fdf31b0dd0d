import { OptionNames } from "../../kernels/option_names.ts";
import { checkStateless, refuseMask } from "../check_pass.ts";
import { checkCount, checkInput } from "../../kernels/check.ts";
import { matrixProduct } from "../../kernels/matrix_product.ts";
import { type Tensor, zeros } from "../../kernels/tensor.ts";
import type { Backward, Context, Layer, Pass, Tensors } from "../layer.ts";
import { type Extent, extentOf, Patches, placesOf } from "./patches.ts";
import {
  checkResultGradient,
  checkType,
  weightedGradients,
  type WeightedInit,
  weightedNames,
  weightedParameters,
} from "./weighted.ts";
import { sliceOf } from "../../kernels/passes/slices.ts";

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
    for (const [name, count] of Object.entries({ inputs, outputs, groups })) checkCount("Conv2d", name, count);
    for (const [name, channels] of Object.entries({ inputs, outputs })) {
      if (channels % groups !== 0) {
        throw new RangeError(`Conv2d: ${name} is ${channels}, which is no multiple of groups, ${groups}.`);
      }
    }
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
    const { weight, bias } = this.parameters, { dims, parts, sizes, patches, matrix } = this.#work(x);
    const y = zeros(x.type, dims), places = matrix.dims[1];
    for (let c = 0; bias && c < y.data.length / places; c++) {
      y.data.fill(bias.data[c % this.outputs], c * places, (c + 1) * places);
    }
    for (let part = 0; part < parts; part++) {
      patches.gather(sliceOf(x, part, sizes.image).data, matrix.data);
      const kernels = sliceOf(weight, part % this.groups, sizes.kernels), product = sliceOf(y, part, sizes.result);
      matrixProduct(kernels, matrix, { accumulate: true, out: { product } });
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
    const { weight, bias } = this.parameters, { parts, sizes, patches, matrix } = this.#work(x);
    checkResultGradient("Conv2d.backward", dy, dims, weight);
    const dx = zeros(x.type, x.dims), dWeight = zeros(x.type, weight.dims);
    for (let part = 0; part < parts; part++) {
      const group = part % this.groups, dResult = sliceOf(dy, part, sizes.result);
      patches.gather(sliceOf(x, part, sizes.image).data, matrix.data);
      const product = sliceOf(dWeight, group, sizes.kernels);
      matrixProduct(dResult, matrix, { transposeB: true, accumulate: true, out: { product } });
      const kernels = sliceOf(weight, group, sizes.kernels);
      matrixProduct(kernels, dResult, { transposeA: true, out: { product: matrix } });
      patches.scatter(matrix.data, sliceOf(dx, part, sizes.image).data);
    }
    return { dx, gradients: weightedGradients(dWeight, bias, dy, 1) };
  }

  /** What a pass over x works with; each group of each sample is a part by itself. */
  #work(x: Tensor) {
    const { groups, outputs, kernel } = this,
      [samples, , ...image] = this.#checked(x).dims as [number, number, ...Extent];
    const [rows, columns] = placesOf(image, this), channels = this.inputs / groups;
    const places = rows * columns, depth = channels * kernel[0] * kernel[1];
    return {
      dims: [samples, outputs, rows, columns],
      parts: samples * groups,
      sizes: { image: [channels, ...image], kernels: [outputs / groups, depth], result: [outputs / groups, places] },
      patches: new Patches(image, this),
      matrix: zeros(x.type, [depth, places]),
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
