import { OptionNames } from "../../kernels/option_names.ts";
import { checkStateless } from "../check_pass.ts";
import { checkAlike } from "../../kernels/check.ts";
import { type Tensor, zeros } from "../../kernels/tensor.ts";
import {
  type BatchNormParameters,
  type BatchNormTable,
  batchNormTable,
  checkTable,
  foldTable,
} from "./batch_norm_table.ts";
import type { Conv2d } from "../network/conv.ts";
import type { Context, Layer, Pass, Tensors } from "../layer.ts";
import type { Linear } from "../network/linear.ts";
import { checkFeatures, checkWhole } from "../shape.ts";

/** Options of {@linkcode FrozenBatchNorm}. */
export interface FrozenBatchNormInit {
  /** The axis of the channels, 1 by default; -1 for channels last. */
  axis?: number;
}

const names = new OptionNames<FrozenBatchNormInit>({ axis: true });

/**
 * Batch normalization as inference needs it: a precomputed table of a slope and a shift for each channel, in float64,
 *
 *     y = x * slope + shift
 *
 * {@linkcode BatchNorm.freeze} makes it. There is nothing left to train, so that it has neither parameters nor state.
 *
 * @example Frames of a stream, one at a time, in place and without allocation
 * ```ts
 * import { BatchNorm } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 *
 * const layer = new BatchNorm(40);
 * const frozen = layer.freeze(layer.state);
 * const frame = tensor(new Float32Array(40), [1, 40]);
 * frozen.process(frame, frame);
 * ```
 */
export class FrozenBatchNorm implements Layer {
  /** None. */
  readonly parameters: Tensors = {};
  /** None. */
  readonly state: Tensors = {};
  /** What each channel is multiplied by. */
  readonly slope: Tensor<"float64">;
  /** What is added then. */
  readonly shift: Tensor<"float64">;
  /** The axis of the channels. */
  readonly axis: number;

  /** A layer that applies a table. */
  constructor(table: BatchNormTable, init: FrozenBatchNormInit = {}) {
    names.check("FrozenBatchNorm", init);
    const { axis = 1 } = init;
    checkWhole("FrozenBatchNorm", "axis", axis);
    checkTable("FrozenBatchNorm", table);
    this.slope = table.slope;
    this.shift = table.shift;
    this.axis = axis;
  }

  /** The layer of batch norm's parameters and statistics. */
  static of(parameters: BatchNormParameters, init?: FrozenBatchNormInit): FrozenBatchNorm {
    return new FrozenBatchNorm(batchNormTable(parameters), init);
  }

  /** The pass of training: that of evaluation, and back through the slope. */
  train(x: Tensor, state?: Tensors, context?: Context): Pass {
    const zero = { ...this.shift, data: new Float64Array(this.shift.data.length) };
    const slopeOnly = new FrozenBatchNorm({ slope: this.slope, shift: zero }, { axis: this.axis });
    return {
      y: this.evaluate(x, state, context),
      state: {},
      backward: (dy) => {
        checkAlike("FrozenBatchNorm.backward", "dy", dy, x);
        return { dx: slopeOnly.evaluate(dy), gradients: {} };
      },
    };
  }

  /** A new tensor of the results. */
  evaluate(x: Tensor, state?: Tensors, context?: Context): Tensor {
    checkStateless("FrozenBatchNorm", state, context);
    checkFeatures("FrozenBatchNorm.evaluate", x, this.axis, this.slope.data.length);
    return this.process(x, zeros(x.type, x.dims));
  }

  /**
   * Writes the results to a tensor at hand, which may be x itself, and allocates nothing.
   *
   * @returns y.
   * @throws {TypeError | RangeError} If x or y does not fit.
   */
  process(x: Tensor, y: Tensor): Tensor {
    const channels = this.slope.data.length;
    if (!areAlike(x, y) || x.dims.at(this.axis) !== channels) {
      // Checks allocate, and find what is wrong here.
      checkFeatures("FrozenBatchNorm.process", x, this.axis, channels);
      checkAlike("FrozenBatchNorm.process", "y", y, x);
    }
    const axis = this.axis < 0 ? this.axis + x.dims.length : this.axis;
    let inner = 1;
    for (let d = axis + 1; d < x.dims.length; d++) inner *= x.dims[d];
    const from = x.data, to = y.data, slope = this.slope.data, shift = this.shift.data;
    for (let i = 0; i < from.length;) {
      for (let c = 0; c < channels; c++) {
        for (const end = i + inner; i < end; i++) to[i] = from[i] * slope[c] + shift[c];
      }
    }
    return y;
  }

  /**
   * The layer before it, with this one folded in: the new one does the work of both.
   *
   * @throws {TypeError | RangeError} If the layer is another, or has not as many outputs as the table has channels.
   *
   * @example
   * ```ts
   * import { BatchNorm, Linear } from "@evenkeel/norm/layers";
   *
   * const linear = new Linear(3, 4), norm = new BatchNorm(4);
   * const both = norm.freeze(norm.state).foldInto(linear);
   * ```
   */
  foldInto<L extends Linear | Conv2d>(layer: L): L {
    if (typeof layer?.withParameters !== "function") {
      const given = layer?.constructor?.name ?? String(layer);
      throw new TypeError(
        `FrozenBatchNorm.foldInto: the layer is ${given}; it must be the Linear or Conv2d before this one.`,
      );
    }
    const { weight, bias } = layer.parameters;
    return layer.withParameters(foldTable({ weight, bias }, this)) as L;
  }
}

/** Whether two tensors have the same type and dims, and as many elements as these say. */
function areAlike(x: Tensor, y: Tensor): boolean {
  if (x?.type !== y?.type || !x?.dims || x.dims.length !== y.dims?.length) return false;
  let size = 1;
  for (let d = 0; d < x.dims.length; d++) {
    if (x.dims[d] !== y.dims[d]) return false;
    size *= x.dims[d];
  }
  return x.data.length === size && y.data.length === size;
}
