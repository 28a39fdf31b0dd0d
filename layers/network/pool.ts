import { OptionNames } from "../../kernels/option_names.ts";
import { checkStateless, refuseMask } from "../check_pass.ts";
import { checkDims, checkInput } from "../../kernels/check.ts";
import { sizeOf, type Tensor, zeros } from "../../kernels/tensor.ts";
import type { Context, Layer, Pass, Tensors } from "../layer.ts";
import { type Extent, patchIndex, placesOf } from "./patches.ts";
import {
  largest,
  mean,
  type Pool1dInit,
  type Pooling,
  type PoolInit,
  type Windows,
  windows1d,
  windows2d,
} from "./windows.ts";

/** How {@linkcode AveragePool2d} is made. */
export interface AveragePoolInit extends PoolInit {
  /** Whether padding counts, as zeros. Default: true, as in PyTorch; Keras and onnxruntime by default leave it out. */
  countPadding?: boolean;
}

/** How {@linkcode AveragePool1d} is made. */
export interface AveragePool1dInit extends Pool1dInit {
  /** Whether padding counts, as zeros. Default: true. */
  countPadding?: boolean;
}

const maxPoolNames = new OptionNames<PoolInit>({ stride: true, padding: true });
const averagePoolNames = new OptionNames<AveragePoolInit>({ stride: true, padding: true, countPadding: "flag" });

/** What pooling layers have in common: each place of a window over a channel becomes one number. */
export abstract class Pool implements Layer {
  /** None. */
  readonly parameters: Tensors = {};
  /** None. */
  readonly state: Tensors = {};
  /** How many axes come after the channels: 1 for sequences, 2 for images. */
  readonly rank: 1 | 2;
  /** The size of the window, [height, width]; the height is 1 for sequences. */
  readonly kernel: Extent;
  /** How far it moves. */
  readonly stride: Extent;
  /** How many places are put on each side. */
  readonly padding: Extent;
  readonly #pooling: Pooling;

  /** Made by its subclasses. */
  protected constructor(rank: 1 | 2, { kernel, stride, padding }: Windows, pooling: Pooling) {
    this.#pooling = pooling;
    this.rank = rank;
    this.kernel = kernel;
    this.stride = stride;
    this.padding = padding;
    if (padding.some((places, d) => 2 * places > kernel[d])) {
      throw new RangeError(
        `${this.constructor.name}: padding is [${padding}] and the window [${kernel}]; padding is at most half a window.`,
      );
    }
  }

  /** Pools x: [samples, channels, ...] becomes as many places as the window has. */
  evaluate(x: Tensor, state?: Tensors, context?: Context): Tensor {
    return this.train(x, state, context).y;
  }

  /** Pools x; the way back gives each number's gradient to those that it was made of. */
  train(x: Tensor, state?: Tensors, context?: Context): Pass {
    const operation = this.constructor.name;
    checkStateless(operation, state, context);
    refuseMask(operation, context);
    const image = this.#imageOf(operation, x);
    const places = placesOf(image, this.#movement), size = places.slice(-this.rank);
    const y = zeros(x.type, [...x.dims.slice(0, 2), ...size]);
    const index = patchIndex(image, this.#movement), planes = sizeOf(x.dims.slice(0, 2));
    const toX = this.#pooling({ index, planes, from: sizeOf(image), to: sizeOf(places) }, x.data, y.data);
    return {
      y,
      state: {},
      backward(dy) {
        checkDims(`${operation}.backward`, "dy", dy, y.dims, "those of the result");
        const dx = zeros(x.type, x.dims);
        toX(dy.data, dx.data);
        return { dx, gradients: {} };
      },
    };
  }

  get #movement() {
    const { kernel, stride, padding } = this;
    return { kernel, stride, padding, dilation: [1, 1] as const };
  }

  /** The size of the image that a channel of x is, once x is found fit. */
  #imageOf(operation: string, x: Tensor): Extent {
    checkInput(operation, x, this.rank + 2);
    const image: Extent = this.rank === 1 ? [1, x.dims[2]] : [x.dims[2], x.dims[3]];
    if (x.dims.length !== this.rank + 2 || placesOf(image, this.#movement).some((places) => places < 1)) {
      const axes = this.rank === 1 ? "length" : "height, width";
      throw new RangeError(
        `${operation}: x has dims [${x.dims}]; they must be [samples, channels, ${axes}], with the window ` +
          `[${this.kernel.slice(-this.rank)}] fitting in.`,
      );
    }
    return image;
  }
}

/**
 * The largest element under a window over images [samples, channels, height, width]. What is put around them is never the largest.
 *
 * @example Half as high and wide
 * ```ts
 * import { MaxPool2d } from "@evenkeel/norm/layers";
 * import { reshape, tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const x = reshape(tensor([1, 2, 3, 4]), [1, 1, 2, 2]);
 * assertEquals([...new MaxPool2d(2).evaluate(x).data], [4]);
 * ```
 */
export class MaxPool2d extends Pool {
  /**
   * A window.
   *
   * @param kernel Its size, one number or [height, width].
   * @throws {TypeError | RangeError} If an argument does not fit.
   */
  constructor(kernel: number | Extent, init: PoolInit = {}) {
    maxPoolNames.check("MaxPool2d", init);
    super(2, windows2d("MaxPool2d", kernel, init), largest);
  }
}

/**
 * The largest element under a window over sequences [samples, channels, length].
 *
 * @example
 * ```ts
 * import { MaxPool1d } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([...new MaxPool1d(2).evaluate(tensor([[[1, 5, 2, 3]]])).data], [5, 3]);
 * ```
 */
export class MaxPool1d extends Pool {
  /**
   * A window.
   *
   * @param kernel Its length.
   * @throws {TypeError | RangeError} If an argument does not fit.
   */
  constructor(kernel: number, init: Pool1dInit = {}) {
    maxPoolNames.check("MaxPool1d", init);
    super(1, windows1d("MaxPool1d", kernel, init), largest);
  }
}

/**
 * The mean of the elements under a window over images [samples, channels, height, width].
 *
 * @example
 * ```ts
 * import { AveragePool2d } from "@evenkeel/norm/layers";
 * import { reshape, tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const x = reshape(tensor([1, 2, 3, 4]), [1, 1, 2, 2]);
 * assertEquals([...new AveragePool2d(2).evaluate(x).data], [2.5]);
 * ```
 */
export class AveragePool2d extends Pool {
  /** Whether padding counts, as zeros. */
  readonly countPadding: boolean;

  /**
   * A window.
   *
   * @param kernel Its size, one number or [height, width].
   * @throws {TypeError | RangeError} If an argument does not fit.
   */
  constructor(kernel: number | Extent, init: AveragePoolInit = {}) {
    averagePoolNames.check("AveragePool2d", init);
    const { countPadding = true, ...others } = init;
    super(2, windows2d("AveragePool2d", kernel, others), mean(countPadding));
    this.countPadding = countPadding;
  }
}

/**
 * The mean of the elements under a window over sequences [samples, channels, length].
 *
 * @example
 * ```ts
 * import { AveragePool1d } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([...new AveragePool1d(2).evaluate(tensor([[[1, 5, 2, 3]]])).data], [3, 2.5]);
 * ```
 */
export class AveragePool1d extends Pool {
  /** Whether padding counts, as zeros. */
  readonly countPadding: boolean;

  /**
   * A window.
   *
   * @param kernel Its length.
   * @throws {TypeError | RangeError} If an argument does not fit.
   */
  constructor(kernel: number, init: AveragePool1dInit = {}) {
    averagePoolNames.check("AveragePool1d", init);
    const { countPadding = true, ...others } = init;
    super(1, windows1d("AveragePool1d", kernel, others), mean(countPadding));
    this.countPadding = countPadding;
  }
}
