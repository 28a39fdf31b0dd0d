import { OptionNames } from "../../kernels/option_names.ts";
import { checkContext } from "../check_pass.ts";
import { checkAlike, checkCount } from "../../kernels/check.ts";
import { type Tensor, zeros } from "../../kernels/tensor.ts";
import { BatchNorm, type BatchNormInit, batchNormNames } from "./batch_norm.ts";
import { summed } from "../gradients.ts";
import type { Context, Pass, Tensors } from "../layer.ts";
import { checkMask } from "./mask.ts";
import { checkFeatures } from "../shape.ts";
import { between } from "../../kernels/passes/slices.ts";

/** How a {@linkcode GhostBatchNorm} is made. */
export interface GhostBatchNormInit extends BatchNormInit {
  /** How many samples a ghost batch has; the last of a batch may have fewer. */
  size: number;
}

const names = new OptionNames<GhostBatchNormInit>({ ...batchNormNames, size: true });

/**
 * Ghost batch normalization (Hoffer, Hubara and Soudry 2017): in training each batch is cut along its first axis into ghost batches,
 * and each is normalized by its own statistics, so that a large batch is regularized as small ones are. Running statistics are
 * carried on by one ghost batch after the other; evaluation is that of {@linkcode BatchNorm}.
 *
 * @example
 * ```ts
 * import { GhostBatchNorm } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const layer = new GhostBatchNorm(1, { size: 2 });
 * const { y } = layer.train(tensor(new Float32Array([1, 3, 10, 30]), [4, 1]), layer.state);
 * assertAlmostEquals(y.data[0], y.data[2], 1e-5); // each the lower of two
 * ```
 */
export class GhostBatchNorm extends BatchNorm {
  /** The samples of a ghost batch. */
  readonly size: number;

  /**
   * A layer before its training.
   *
   * @param features How many features there are.
   * @throws {TypeError | RangeError} If an option does not fit.
   */
  constructor(features: number, init: GhostBatchNormInit) {
    names.check("GhostBatchNorm", init);
    const { size, ...others } = init ?? {};
    super(features, others);
    checkCount("GhostBatchNorm", "size", size);
    this.size = size;
  }

  /** Normalizes each ghost batch by its own statistics. */
  override train(x: Tensor, state?: Tensors, context: Context = {}): Pass {
    const operation = "GhostBatchNorm.train";
    checkContext(operation, context);
    const { mask, momentum } = context;
    const axis = checkFeatures(operation, x, this.axis, this.features);
    if (axis === 0) throw new RangeError(`${operation}: axis is ${this.axis}, which is that of the samples.`);
    if (mask) checkMask(operation, x, axis, mask);
    const ghosts: { start: number; end: number; pass: Pass }[] = [];
    const y = zeros(x.type, x.dims), count = Math.max(Math.ceil(x.dims[0] / this.size), 1);
    let running = state;
    for (let i = 0; i < count; i++) {
      const start = i * this.size, end = Math.min(start + this.size, x.dims[0]);
      const part = {
        ...context,
        ...mask && { mask: between(mask, start, end) },
        ...momentum !== undefined && { momentum: momentumOf(momentum, i, count) },
      };
      const pass = super.train(between(x, start, end), running, part);
      between(y, start, end).data.set(pass.y.data);
      ghosts.push({ start, end, pass });
      running = pass.state;
    }
    return {
      y,
      state: running ?? {},
      backward(dy) {
        checkAlike("GhostBatchNorm.backward", "dy", dy, x);
        const dx = zeros(x.type, x.dims);
        const parts = ghosts.map(({ start, end, pass }) => {
          const part = pass.backward(between(dy, start, end));
          between(dx, start, end).data.set(part.dx.data);
          return part.gradients;
        });
        return { dx, gradients: summed(parts) };
      },
    };
  }
}

/**
 * The momentum of one of several ghost batches that together are given one for the whole batch: before ghost i, the old statistics
 * and those of i ghosts have a weight of momentum + i (1 - momentum) / count.
 */
function momentumOf(momentum: number, i: number, count: number): number {
  const before = momentum + i * (1 - momentum) / count;
  return before / (before + (1 - momentum) / count);
}
