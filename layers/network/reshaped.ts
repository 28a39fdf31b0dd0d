import { OptionNames } from "../../kernels/option_names.ts";
import { checkStateless } from "../check_pass.ts";
import { checkWhole } from "../shape.ts";
import { checkAxis, checkDims, checkInput } from "../../kernels/check.ts";
import { reshape } from "../../kernels/reshape.ts";
import { describe, sizeOf, type Tensor } from "../../kernels/tensor.ts";
import type { Context, Layer, Pass, Tensors } from "../layer.ts";

/** What gives elements other dims. Results share x's memory. */
export abstract class Reshaped implements Layer {
  /** None. */
  readonly parameters: Tensors = {};
  /** None. */
  readonly state: Tensors = {};

  /** The same elements in other dims. */
  abstract evaluate(x: Tensor, state?: Tensors, context?: Context): Tensor;

  /** The same elements in other dims; the way back gives them x's dims again. */
  train(x: Tensor, state?: Tensors, context?: Context): Pass {
    const y = this.evaluate(x, state, context);
    return {
      y,
      state: {},
      backward: (dy) => {
        checkDims(`${this.constructor.name}.backward`, "dy", dy, y.dims, "those of the result");
        return { dx: reshape(dy, x.dims), gradients: {} };
      },
    };
  }
}

/** How a {@linkcode Flatten} is made. */
export interface FlattenInit {
  /** The first axis that is merged. Default: 1, so that samples stay apart. */
  start?: number;
  /** The last axis that is merged. Default: -1. */
  end?: number;
}

const names = new OptionNames<FlattenInit>({ start: true, end: true });

/**
 * Neighbouring axes merged into one: images [N, C, H, W] become rows [N, C * H * W] for a {@linkcode Linear}. Nothing is copied.
 *
 * @example
 * ```ts
 * import { Flatten } from "@evenkeel/norm/layers";
 * import { zeros } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(new Flatten().evaluate(zeros("float32", [2, 3, 4, 4])).dims, [2, 48]);
 * ```
 */
export class Flatten extends Reshaped {
  /** The first axis that is merged. */
  readonly start: number;
  /** The last axis that is merged. */
  readonly end: number;

  /** A layer that merges the axes from `start` to `end`. */
  constructor(init: FlattenInit = {}) {
    super();
    names.check("Flatten", init);
    const { start = 1, end = -1 } = init;
    checkWhole("Flatten", "start", start);
    checkWhole("Flatten", "end", end);
    this.start = start;
    this.end = end;
  }

  /**
   * Merges the axes.
   *
   * @throws {TypeError | RangeError} If x has no such axes, or the last comes before the first.
   */
  evaluate(x: Tensor, state?: Tensors, context?: Context): Tensor {
    checkStateless("Flatten", state, context);
    checkInput("Flatten", x, 1);
    const start = checkAxis("Flatten", "start", this.start, x.dims);
    const end = checkAxis("Flatten", "end", this.end, x.dims);
    if (end < start) {
      throw new RangeError(
        `Flatten: x has dims [${x.dims}]; its axis ${this.end}, the end, comes before ${this.start}.`,
      );
    }
    const merged = sizeOf(x.dims.slice(start, end + 1));
    return reshape(x, [...x.dims.slice(0, start), merged, ...x.dims.slice(end + 1)]);
  }
}

/**
 * The elements of each sample in other dims: rows [N, C * H * W] become images [N, C, H, W] again. Nothing is copied.
 *
 * @example
 * ```ts
 * import { Reshape } from "@evenkeel/norm/layers";
 * import { zeros } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(new Reshape([3, 4, -1]).evaluate(zeros("float32", [2, 48])).dims, [2, 3, 4, 4]);
 * ```
 */
export class Reshape extends Reshaped {
  /** The dims of a sample. */
  readonly shape: readonly number[];

  /**
   * A layer that gives samples these dims.
   *
   * @param shape The dims of a sample, without the axis of samples; one may be -1, which is what the others leave.
   * @throws {TypeError} If it is no list.
   */
  constructor(shape: readonly number[]) {
    super();
    if (!Array.isArray(shape)) {
      throw new TypeError(`Reshape: shape is ${describe(shape)}; it must be a list of sizes, as in [3, 4, -1].`);
    }
    this.shape = [...shape];
  }

  /**
   * Gives samples their new dims.
   *
   * @throws {TypeError | RangeError} If x's samples have not as many elements.
   */
  evaluate(x: Tensor, state?: Tensors, context?: Context): Tensor {
    checkStateless("Reshape", state, context);
    checkInput("Reshape", x, 1);
    return reshape(x, [x.dims[0], ...this.shape]);
  }
}
