import { OptionNames } from "../../kernels/option_names.ts";
import { checkNumber } from "../../kernels/check.ts";
import { layerNorm, layerNormBackward } from "../../kernels/layer_norm.ts";
import type { Conv2d } from "../network/conv.ts";
import type { Tensors } from "../layer.ts";
import type { Linear } from "../network/linear.ts";
import { type MadeWeight, Reparametrization, rowsOf } from "./reparametrization.ts";

/** How a {@linkcode WeightStandardization} is made. */
export interface WeightStandardizationInit {
  /** Is added to the variance of an output's weights. Default: 1e-5. */
  epsilon?: number;
}

const names = new OptionNames<WeightStandardizationInit>({ epsilon: true });

/**
 * Weight standardization (Qiao, Wang, Liu, Shen and Yuille 2019): the weights of each output are normalized to mean 0 and variance 1,
 * the layer norm of the weight's rows. Parameters are those of the layer.
 *
 * @example
 * ```ts
 * import { Conv2d, WeightStandardization } from "@evenkeel/norm/layers";
 *
 * const layer = new WeightStandardization(new Conv2d(3, 8, 3));
 * ```
 */
export class WeightStandardization<L extends Linear | Conv2d> extends Reparametrization<L> {
  /** Those of the layer. */
  readonly parameters: Tensors;
  /** None. */
  readonly state: Tensors = {};
  /** What is added to the variance. */
  readonly epsilon: number;

  /**
   * A layer whose weights have mean 0 and variance 1 for each output.
   *
   * @param layer The layer whose weight is standardized; its parameters are this one's.
   * @throws {TypeError | RangeError} If epsilon is not a number of at least 0.
   */
  constructor(layer: L, init: WeightStandardizationInit = {}) {
    super(layer);
    names.check("WeightStandardization", init);
    const { epsilon = 1e-5 } = init;
    checkNumber("WeightStandardization", "epsilon", epsilon, 0);
    this.parameters = layer.parameters;
    this.epsilon = epsilon;
  }

  /** The standardized weight. */
  protected make(): MadeWeight {
    const { weight } = this.parameters, { epsilon } = this, rows = rowsOf(weight);
    return {
      weight: { ...layerNorm(rows, { epsilon }), dims: weight.dims },
      state: {},
      backward: (dWeight) => ({
        weight: { ...layerNormBackward(rows, rowsOf(dWeight), { epsilon }).dx, dims: weight.dims },
      }),
    };
  }
}
