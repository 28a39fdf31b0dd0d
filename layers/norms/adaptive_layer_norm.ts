import { OptionNames } from "../../kernels/option_names.ts";
import { checkStateless } from "../check_pass.ts";
import { checkAlike, checkDims, checkInput } from "../../kernels/check.ts";
import { type Tensor, zeros } from "../../kernels/tensor.ts";
import { tensorLike } from "../gradients.ts";
import type { Context, Layer, Pass, Tensors } from "../layer.ts";
import { LayerNorm } from "./layer_norm.ts";
import { Linear } from "../network/linear.ts";
import { prefixed } from "../names.ts";
import { checkLast } from "../shape.ts";

/** How an {@linkcode AdaptiveLayerNorm} is made. */
export interface AdaptiveLayerNormInit {
  /** Is added to the variance. Default: 1e-5. */
  epsilon?: number;
  /** The weight that the projection starts from, [2 * features, conditions]. Default: all 0. */
  weight?: Tensor;
  /** Its bias, [2 * features]. Default: all 0. */
  bias?: Tensor;
  /** The type of parameters that start from 0. Default: `"float32"`. */
  type?: "float32" | "float64";
}

const names = new OptionNames<AdaptiveLayerNormInit>({ epsilon: true, weight: true, bias: true, type: true });

/**
 * Layer normalization over the last axis whose scale and shift a condition gives, as in DiT (Peebles and Xie 2023):
 *
 *     y = (x - mean) / sqrt(variance + epsilon) * (1 + scale) + shift,  [scale, shift] = condition weight^T + bias
 *
 * The context's `condition` is [samples, conditions], for x of dims [samples, ..., features]. Parameters `projection.weight` and
 * `projection.bias` start at 0, so that the layer starts as layer norm without affine. The backward pass also gives `dCondition`.
 *
 * @example
 * ```ts
 * import { AdaptiveLayerNorm } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 *
 * const layer = new AdaptiveLayerNorm(4, 2);
 * const condition = tensor(new Float32Array([1, 0]), [1, 2]);
 * const y = layer.evaluate(tensor(new Float32Array([1, 2, 3, 4]), [1, 4]), {}, { condition });
 * ```
 */
export class AdaptiveLayerNorm implements Layer {
  /** `projection.weight` and `projection.bias`. */
  readonly parameters: Tensors;
  /** None. */
  readonly state: Tensors = {};
  /** The normalization. */
  readonly norm: LayerNorm;
  /** From the condition to scale and shift. */
  readonly projection: Linear;

  /**
   * A layer that starts as layer norm without affine.
   *
   * @param features The size of x's last axis.
   * @param conditions The size of the condition's.
   * @throws {TypeError | RangeError} If an option does not fit.
   */
  constructor(features: number, conditions: number, init: AdaptiveLayerNormInit = {}) {
    names.check("AdaptiveLayerNorm", init);
    const { epsilon, type = "float32" } = init;
    this.norm = new LayerNorm(features, { epsilon, scale: false, bias: false });
    const { weight = zeros(type, [2 * features, conditions]), bias = zeros(type, [2 * features]) } = init;
    this.projection = new Linear(conditions, 2 * features, { weight, bias });
    this.parameters = prefixed("projection", this.projection.parameters);
  }

  /** Normalizes, then scales and shifts each sample by its condition. */
  train(x: Tensor, state?: Tensors, context: Context = {}): Pass {
    checkStateless("AdaptiveLayerNorm.train", state, context);
    const condition = this.#conditionOf("AdaptiveLayerNorm.train", x, context);
    const norm = this.norm.train(x), table = this.projection.train(condition);
    return {
      y: this.#modulated(norm.y, table.y),
      state: {},
      backward: (dy) => {
        checkAlike("AdaptiveLayerNorm.backward", "dy", dy, x);
        const { dz, dTable } = this.#backward(norm.y, table.y, dy);
        const { dx: dCondition, gradients } = table.backward(dTable);
        return { dx: norm.backward(dz).dx, gradients: prefixed("projection", gradients), dCondition };
      },
    };
  }

  /** The same as in training. */
  evaluate(x: Tensor, state?: Tensors, context: Context = {}): Tensor {
    checkStateless("AdaptiveLayerNorm.evaluate", state, context);
    const condition = this.#conditionOf("AdaptiveLayerNorm.evaluate", x, context);
    return this.#modulated(this.norm.evaluate(x), this.projection.evaluate(condition));
  }

  #conditionOf(operation: string, x: Tensor, { condition }: Context): Tensor {
    if (condition === undefined) {
      throw new TypeError(`${operation}: the context has no condition; give it as in train(x, state, { condition }).`);
    }
    checkInput(operation, x, 2);
    const conditions = this.projection.parameters.weight.dims[1];
    checkDims(operation, "the context's condition", condition, [x.dims[0], conditions], "[samples of x, conditions]");
    checkLast(operation, x, [this.projection.parameters.weight.dims[0] / 2]);
    return condition;
  }

  /** z * (1 + scale) + shift, with each sample's row of the table. */
  #modulated(z: Tensor, table: Tensor): Tensor {
    const y = zeros(z.type, z.dims);
    eachFeature(z, (i, scale, shift) => y.data[i] = z.data[i] * (1 + table.data[scale]) + table.data[shift]);
    return y;
  }

  #backward(z: Tensor, table: Tensor, dy: Tensor): { dz: Tensor; dTable: Tensor } {
    const dz = zeros(z.type, z.dims), sums = new Float64Array(table.data.length);
    eachFeature(z, (i, scale, shift) => {
      dz.data[i] = dy.data[i] * (1 + table.data[scale]);
      sums[scale] += dy.data[i] * z.data[i];
      sums[shift] += dy.data[i];
    });
    return { dz, dTable: tensorLike(table, sums) };
  }
}

/** Calls back with the place of each element of x, and of its scale and shift in the table. */
function eachFeature({ dims, data }: Tensor, visit: (place: number, scale: number, shift: number) => void): void {
  const features = dims[dims.length - 1], perSample = data.length / dims[0];
  for (let i = 0; i < data.length; i++) {
    const row = Math.floor(i / perSample) * 2 * features, f = i % features;
    visit(i, row + f, row + features + f);
  }
}
