import { lpNorm, lpNormBackward } from "../../kernels/lp_norm.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Conv2d } from "../network/conv.ts";
import { tensorLike } from "../gradients.ts";
import type { Tensors } from "../layer.ts";
import type { Linear } from "../network/linear.ts";
import { type MadeWeight, Reparametrization, rowsOf } from "./reparametrization.ts";

/**
 * Weight normalization (Salimans and Kingma 2016): for each output, weight = magnitude * direction / |direction|, so that length and
 * direction are learned apart. Parameters: `direction`, of the weight's dims; `magnitude`, one entry an output; and the layer's bias.
 *
 * @example It starts as the layer that it is given
 * ```ts
 * import { Linear, WeightNorm } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const linear = new Linear(3, 2), layer = new WeightNorm(linear);
 * const x = tensor(new Float32Array([1, 2, 3]), [1, 3]);
 * assertAlmostEquals(layer.evaluate(x).data[0], linear.evaluate(x).data[0], 1e-5);
 * ```
 */
export class WeightNorm<L extends Linear | Conv2d> extends Reparametrization<L> {
  /** `direction`, `magnitude` and the layer's bias. */
  readonly parameters: Tensors;
  /** None. */
  readonly state: Tensors = {};

  /**
   * A layer that computes what the given one does, until it is trained.
   *
   * @param layer The layer whose weight is where direction and magnitude start from, and stays as it is; its bias is this layer's too.
   */
  constructor(layer: L) {
    super(layer);
    const { weight, ...others } = layer.parameters;
    const direction: Tensor = { ...weight, data: weight.data.slice() };
    this.parameters = { direction, magnitude: lengths(rowsOf(direction)), ...others };
  }

  /** The weight of magnitude and direction. */
  protected make(): MadeWeight {
    const { direction, magnitude } = this.parameters, rows = rowsOf(direction), unit = lpNorm(rows, {});
    return {
      weight: { ...times(unit, magnitude), dims: direction.dims },
      state: {},
      backward(dWeight) {
        const dRows = rowsOf(dWeight), dMagnitude = tensorLike(magnitude, products(dRows, unit));
        const { dx } = lpNormBackward(rows, times(dRows, magnitude), {});
        return { direction: { ...dx, dims: direction.dims }, magnitude: dMagnitude };
      },
    };
  }
}

/** Each row times its factor. */
function times(rows: Tensor, factors: Tensor): Tensor {
  const data = rows.data.slice(), width = rows.dims[1];
  for (let i = 0; i < data.length; i++) data[i] *= factors.data[Math.floor(i / width)];
  return { ...rows, data };
}

/** The inner products of the rows of two matrices. */
function products(a: Tensor, b: Tensor): Float64Array {
  const sums = new Float64Array(a.dims[0]), width = a.dims[1];
  for (let i = 0; i < a.data.length; i++) sums[Math.floor(i / width)] += a.data[i] * b.data[i];
  return sums;
}

function lengths(rows: Tensor): Tensor {
  return tensorLike({ ...rows, dims: [rows.dims[0]] }, products(rows, rows).map(Math.sqrt));
}
