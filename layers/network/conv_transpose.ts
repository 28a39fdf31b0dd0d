import { OptionNames } from "../../kernels/option_names.ts";
import { checkStateless, refuseMask } from "../check_pass.ts";
import { checkInput } from "../../kernels/check.ts";
import { matrixProduct } from "../../kernels/matrix_product.ts";
import { sliceOf } from "../../kernels/passes/slices.ts";
import { type Tensor, zeros } from "../../kernels/tensor.ts";
import type { Backward, Context, Layer, Pass, Tensors } from "../layer.ts";
import { type Extent, extentOf, Patches } from "./patches.ts";
import {
  checkChannels,
  checkResultGradient,
  checkType,
  weightedGradients,
  type WeightedInit,
  weightedNames,
  weightedParameters,
} from "./weighted.ts";

/** How a {@linkcode ConvTranspose2d} is made. Its weight has dims [inputs, outputs / groups, height, width], its bias [outputs]. */
export interface ConvTranspose2dInit extends WeightedInit {
  /** How far the kernel moves over the result, one number or [height, width]. Default: 1. */
  stride?: number | Extent;
  /** How much is taken off each side of the result, one number or [height, width]. Default: 0. */
  padding?: number | Extent;
  /** How many rows and columns are added at the end of the result, fewer than `stride`. Default: 0. */
  outputPadding?: number | Extent;
  /** How far the elements under the kernel are apart, one number or [height, width]. Default: 1. */
  dilation?: number | Extent;
  /** Into how many groups channels are cut. Default: 1. */
  groups?: number;
}

const names = new OptionNames<ConvTranspose2dInit>({
  ...weightedNames,
  stride: true,
  padding: true,
  outputPadding: true,
  dilation: true,
  groups: true,
});

/**
 * The transpose of a convolution (Zeiler et al. 2010): its way forward is the way back of {@linkcode Conv2d}, so that it makes images
 * [samples, inputs, height, width] larger where that one makes them smaller:
 *
 *     y[n, o, u, v] = bias[o] + sum over c, i, j, r, s of weight[c, o, i, j] x[n, c, r, s]
 *     where u = r * stride + i * dilation - padding,  v = s * stride + j * dilation - padding
 *
 * A side of h becomes one of (h - 1) * stride - 2 * padding + dilation * (kernel - 1) + outputPadding + 1.
 *
 * @example Twice as high and wide
 * ```ts
 * import { ConvTranspose2d } from "@evenkeel/norm/layers";
 * import { zeros } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const layer = new ConvTranspose2d(8, 4, 4, { stride: 2, padding: 1 });
 * assertEquals(layer.evaluate(zeros("float32", [2, 8, 7, 7])).dims, [2, 4, 14, 14]);
 * ```
 */
export class ConvTranspose2d implements Layer {
  /** `weight` [inputs, outputs / groups, height, width] and, unless it was declined, `bias` [outputs]. */
  readonly parameters: Tensors;
  /** None. */
  readonly state: Tensors = {};
  /** The channels of x. */
  readonly inputs: number;
  /** The channels of the result. */
  readonly outputs: number;
  /** The size of the kernel. */
  readonly kernel: Extent;
  /** How far it moves over the result. */
  readonly stride: Extent;
  /** How much is taken off each side of the result. */
  readonly padding: Extent;
  /** How many rows and columns are added at the end of the result. */
  readonly outputPadding: Extent;
  /** How far the elements under the kernel are apart. */
  readonly dilation: Extent;
  /** Into how many groups channels are cut. */
  readonly groups: number;

  /**
   * A transposed convolution, of weights drawn or given.
   *
   * @param inputs The channels of x, a multiple of `groups`.
   * @param outputs The channels of the result, a multiple of `groups`.
   * @param kernel The size of the kernel, one number or [height, width].
   * @throws {TypeError | RangeError} If an argument does not fit.
   */
  constructor(inputs: number, outputs: number, kernel: number | Extent, init: ConvTranspose2dInit = {}) {
    const operation = "ConvTranspose2d";
    names.check(operation, init);
    const { stride = 1, padding = 0, outputPadding = 0, dilation = 1, groups = 1 } = init;
    checkChannels(operation, { inputs, outputs }, groups);
    this.inputs = inputs;
    this.outputs = outputs;
    this.kernel = extentOf(operation, "kernel", kernel, 1);
    this.stride = extentOf(operation, "stride", stride, 1);
    this.padding = extentOf(operation, "padding", padding, 0);
    this.outputPadding = extentOf(operation, "outputPadding", outputPadding, 0);
    this.dilation = extentOf(operation, "dilation", dilation, 1);
    this.groups = groups;
    if (this.outputPadding.some((size, d) => size >= this.stride[d])) {
      throw new RangeError(
        `${operation}: outputPadding is [${this.outputPadding}]; it must be less than stride, [${this.stride}].`,
      );
    }
    const dims = [inputs, outputs / groups, ...this.kernel];
    this.parameters = weightedParameters(operation, init, dims, outputs);
  }

  /**
   * Applies it; the way back gives the gradients with respect to x, weight and bias.
   *
   * @throws {TypeError | RangeError} If x does not fit.
   */
  train(x: Tensor, state?: Tensors, context?: Context): Pass {
    const y = this.evaluate(x, state, context);
    return { y, state: {}, backward: (dy) => this.#backward(x, dy, y.dims) };
  }

  /**
   * Applies it.
   *
   * @throws {TypeError | RangeError} If x does not fit.
   */
  evaluate(x: Tensor, state?: Tensors, context?: Context): Tensor {
    checkStateless("ConvTranspose2d", state, context);
    refuseMask("ConvTranspose2d", context);
    const { weight, bias } = this.parameters, { dims, parts, sizes, patches, matrix } = this.#work(x);
    const y = zeros(x.type, dims), places = dims[2] * dims[3];
    for (let part = 0; part < parts; part++) {
      const kernels = sliceOf(weight, part % this.groups, sizes.kernels);
      matrixProduct(kernels, sliceOf(x, part, sizes.x), { transposeA: true, out: { product: matrix } });
      patches.scatter(matrix.data, sliceOf(y, part, sizes.y).data);
    }
    for (let i = 0; bias && i < y.data.length; i++) y.data[i] += bias.data[Math.floor(i / places) % this.outputs];
    return y;
  }

  #backward(x: Tensor, dy: Tensor, dims: readonly number[]): Backward {
    const { weight, bias } = this.parameters, { parts, sizes, patches, matrix } = this.#work(x);
    checkResultGradient("ConvTranspose2d.backward", dy, dims, weight);
    const dx = zeros(x.type, x.dims), dWeight = zeros(x.type, weight.dims);
    for (let part = 0; part < parts; part++) {
      const group = part % this.groups;
      patches.gather(sliceOf(dy, part, sizes.y).data, matrix.data);
      matrixProduct(sliceOf(weight, group, sizes.kernels), matrix, { out: { product: sliceOf(dx, part, sizes.x) } });
      const product = sliceOf(dWeight, group, sizes.kernels);
      matrixProduct(sliceOf(x, part, sizes.x), matrix, { transposeB: true, accumulate: true, out: { product } });
    }
    return { dx, gradients: weightedGradients(dWeight, bias, dy, 1) };
  }

  /** What a pass over x works with; each group of each sample is a part by itself. */
  #work(x: Tensor) {
    checkInput("ConvTranspose2d", x, 4);
    checkType("ConvTranspose2d", "x", x, this.parameters.weight);
    const { inputs, outputs, groups, kernel, stride, padding, outputPadding, dilation } = this;
    const [samples, channels, ...image] = x.dims;
    const [height, width] = ([0, 1] as const).map((d) =>
      (image[d] - 1) * stride[d] - 2 * padding[d] + dilation[d] * (kernel[d] - 1) + outputPadding[d] + 1
    );
    if (x.dims.length !== 4 || channels !== inputs || !(height > 0) || !(width > 0)) {
      throw new RangeError(
        `ConvTranspose2d: x has dims [${x.dims}]; they must be [samples, ${inputs}, height, width], with the inputs of the layer ` +
          `as channels, and a result that padding leaves something of.`,
      );
    }
    const places = image[0] * image[1], depth = outputs / groups * kernel[0] * kernel[1];
    return {
      dims: [samples, outputs, height, width],
      parts: samples * groups,
      sizes: { x: [inputs / groups, places], kernels: [inputs / groups, depth], y: [outputs / groups, height, width] },
      patches: new Patches([height, width], this),
      matrix: zeros(x.type, [depth, places]),
    };
  }
}
