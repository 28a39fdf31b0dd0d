import { OptionNames } from "../../kernels/option_names.ts";
import { checkStateless } from "../check_pass.ts";
import { checkCount, checkDims, checkInput } from "../../kernels/check.ts";
import { describe, type Tensor, zeros } from "../../kernels/tensor.ts";
import type { Context, Layer, Pass, Tensors } from "../layer.ts";
import { checkRandom, normal, shared } from "./random.ts";
import { checkResultGradient } from "./weighted.ts";

/** How an {@linkcode Embedding} is made. */
export interface EmbeddingInit {
  /** The vectors, [count, features], which become the layer's own. Default: drawn, standard normal. */
  weight?: Tensor;
  /** The type of what is drawn. Default: `"float32"`. */
  type?: "float32" | "float64";
  /** What draws uniform numbers in [0, 1), such as `random(seed)`. Default: one generator for all layers, with a fixed seed. */
  random?: () => number;
}

const names = new OptionNames<EmbeddingInit>({ weight: true, type: true, random: true });

/**
 * A vector for each of `count` things, such as tokens: x holds their numbers, from 0, and each becomes its row of the weight. x is a
 * tensor of whole numbers, whatever its type; float32 has them up to 2^24. Training and evaluation are the same.
 *
 * @example Three tokens out of ten
 * ```ts
 * import { Embedding } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const layer = new Embedding(10, 4);
 * assertEquals(layer.evaluate(tensor([[3, 1, 4]])).dims, [1, 3, 4]);
 * ```
 */
export class Embedding implements Layer {
  /** `weight`, [count, features]. */
  readonly parameters: Tensors;
  /** None. */
  readonly state: Tensors = {};
  /** How many things there are. */
  readonly count: number;
  /** How long their vectors are. */
  readonly features: number;

  /**
   * Vectors, drawn or given.
   *
   * @param count How many things there are.
   * @param features How long their vectors are.
   * @throws {TypeError | RangeError} If an argument does not fit.
   */
  constructor(count: number, features: number, init: EmbeddingInit = {}) {
    names.check("Embedding", init);
    const { weight, type = "float32", random = shared } = init;
    checkRandom("Embedding", random);
    checkCount("Embedding", "count", count);
    checkCount("Embedding", "features", features);
    if (weight !== undefined) checkDims("Embedding", "weight", weight, [count, features], "[count, features]");
    this.count = count;
    this.features = features;
    this.parameters = { weight: weight ?? drawnWeight([count, features], type, random) };
  }

  /**
   * Looks the vectors up; the way back sums for each vector what comes to it. dx is 0: numbers of things have no slope.
   *
   * @throws {TypeError | RangeError} If an element of x is no whole number from 0 to count - 1.
   */
  train(x: Tensor, state?: Tensors, context?: Context): Pass {
    const y = this.evaluate(x, state, context), { weight } = this.parameters, { features } = this;
    return {
      y,
      state: {},
      backward(dy) {
        checkResultGradient("Embedding.backward", dy, y.dims, weight);
        const dWeight = zeros(weight.type, weight.dims);
        for (let i = 0, from = 0; i < x.data.length; i++) {
          const to = x.data[i] * features;
          for (let f = 0; f < features; f++) dWeight.data[to + f] += dy.data[from++];
        }
        return { dx: zeros(x.type, x.dims), gradients: { weight: dWeight } };
      },
    };
  }

  /**
   * Looks the vectors up: x of dims [...] gives [..., features].
   *
   * @throws {TypeError | RangeError} If an element of x is no whole number from 0 to count - 1.
   */
  evaluate(x: Tensor, state?: Tensors, context?: Context): Tensor {
    checkStateless("Embedding", state, context);
    checkInput("Embedding", x, 0);
    const { parameters: { weight }, count, features } = this, y = zeros(weight.type, [...x.dims, features]);
    for (let i = 0; i < x.data.length; i++) {
      const thing = x.data[i];
      if (!Number.isInteger(thing) || thing < 0 || thing >= count) {
        throw new RangeError(
          `Embedding: element ${i} of x is ${thing}; it must be a whole number from 0 to ${count - 1}.`,
        );
      }
      y.data.set(weight.data.subarray(thing * features, (thing + 1) * features), i * features);
    }
    return y;
  }
}

function drawnWeight(dims: readonly number[], type: "float32" | "float64", uniform: () => number): Tensor {
  if (type !== "float32" && type !== "float64") {
    throw new TypeError(`Embedding: type is ${describe(type)}; a layer is of "float32" or "float64".`);
  }
  const weight = zeros(type, dims), next = normal(uniform);
  for (let i = 0; i < weight.data.length; i++) weight.data[i] = next();
  return weight;
}
