import { checkCount, checkDims, checkInput } from "../../kernels/check.ts";
import { OptionNames } from "../../kernels/option_names.ts";
import { sizeOf, type Tensor, zeros } from "../../kernels/tensor.ts";
import { checkContext, checkKnown } from "../check_pass.ts";
import type { Context, Layer, Pass, Tensors } from "../layer.ts";
import { checkRandom, normal, shared } from "./random.ts";
import { checkResultGradient, checkType } from "./weighted.ts";

/** How a {@linkcode LearnedPosition} is made. */
export interface LearnedPositionInit {
  /** The vectors, [steps, features], which become the layer's own. Default: drawn, normal with deviation 0.02, as in GPT-2. */
  weight?: Tensor;
  /** The type of what is drawn. Default: `"float32"`. */
  type?: "float32" | "float64";
  /** What draws uniform numbers in [0, 1), such as `random(seed)`. Default: one generator for all layers, with a fixed seed. */
  random?: () => number;
}

const names = new OptionNames<LearnedPositionInit>({ weight: true, type: true, random: true });

/**
 * Positions as learned vectors (Gehring et al. 2017): y[n, t] = x[n, t] + weight[t], for sequences [samples, steps, features] of at most
 * so many steps. Rotary positions are an option of {@linkcode MultiHeadAttention}.
 *
 * @example
 * ```ts
 * import { LearnedPosition } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const layer = new LearnedPosition(3, 1, { weight: tensor([[10], [20], [30]]) });
 * assertEquals([...layer.evaluate(tensor([[[1], [2]]])).data], [11, 22]);
 * ```
 */
export class LearnedPosition implements Layer {
  /** `weight`, [steps, features]. */
  readonly parameters: Tensors;
  /** None. */
  readonly state: Tensors = {};
  /** How many steps a sequence has at most. */
  readonly steps: number;
  /** The size of x's last axis. */
  readonly features: number;

  /**
   * Vectors, drawn or given.
   *
   * @param steps How many steps a sequence has at most.
   * @param features The size of x's last axis.
   * @throws {TypeError | RangeError} If an argument does not fit.
   */
  constructor(steps: number, features: number, init: LearnedPositionInit = {}) {
    names.check("LearnedPosition", init);
    checkCount("LearnedPosition", "steps", steps);
    checkCount("LearnedPosition", "features", features);
    const { type = "float32", random = shared, weight = zeros(type, [steps, features]) } = init;
    checkRandom("LearnedPosition", random);
    checkDims("LearnedPosition", "weight", weight, [steps, features], "[steps, features]");
    if (init.weight === undefined) {
      const next = normal(random);
      for (let i = 0; i < weight.data.length; i++) weight.data[i] = 0.02 * next();
    }
    this.steps = steps;
    this.features = features;
    this.parameters = { weight };
  }

  /** Adds the vectors; the way back sums for each step what comes to it. */
  train(x: Tensor, state?: Tensors, context?: Context): Pass {
    const y = this.evaluate(x, state, context), { weight } = this.parameters, size = sizeOf(x.dims.slice(1));
    return {
      y,
      state: {},
      backward(dy) {
        checkResultGradient("LearnedPosition.backward", dy, x.dims, weight);
        const dWeight = zeros(weight.type, weight.dims);
        for (let i = 0; i < dy.data.length; i++) dWeight.data[i % size] += dy.data[i];
        return { dx: dy, gradients: { weight: dWeight } };
      },
    };
  }

  /**
   * Adds the vectors.
   *
   * @throws {TypeError | RangeError} If x does not fit.
   */
  evaluate(x: Tensor, state?: Tensors, context?: Context): Tensor {
    checkKnown("LearnedPosition", "the state of a layer without state", state, []);
    checkContext("LearnedPosition", context);
    checkInput("LearnedPosition", x, 3);
    const { weight } = this.parameters, [, steps, features] = x.dims;
    checkType("LearnedPosition", "x", x, weight);
    if (x.dims.length !== 3 || features !== this.features || steps > this.steps) {
      throw new RangeError(
        `LearnedPosition: x has dims [${x.dims}]; they must be [samples, steps, ${this.features}], of at most ${this.steps} steps.`,
      );
    }
    const y = zeros(x.type, x.dims), size = steps * features;
    for (let i = 0; i < y.data.length; i++) y.data[i] = x.data[i] + weight.data[i % size];
    return y;
  }
}
