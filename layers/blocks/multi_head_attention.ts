import { checkCount, checkDims, checkInput, checkNumber } from "../../kernels/check.ts";
import { matrixProduct } from "../../kernels/matrix_product.ts";
import { OptionNames } from "../../kernels/option_names.ts";
import { describe, type Tensor } from "../../kernels/tensor.ts";
import { checkContext, checkKnown } from "../check_pass.ts";
import { checkLayer } from "../check_layer.ts";
import type { Context, Layer, Pass, Tensors } from "../layer.ts";
import { prefixed } from "../names.ts";
import { checkRandom, shared } from "../network/random.ts";
import { Linear } from "../network/linear.ts";
import { joined } from "../network/sequential.ts";
import { attentionBackward, attentionWeights, type Heads, mergeHeads, splitHeads } from "./dot_product_attention.ts";
import { rotated } from "./rotary.ts";

/** How a {@linkcode MultiHeadAttention} is made. */
export interface MultiHeadAttentionInit {
  /** Whether a step sees itself and those before it alone, as in a language model. Default: false. */
  causal?: boolean;
  /** Whether the two linear maps have biases. Default: true. */
  bias?: boolean;
  /**
   * What normalizes each head's queries and keys, such as `(size) => new RMSNorm(size)`; called twice (Henry et al. 2020). It keeps
   * their products from growing. Default: nothing.
   */
  queryKeyNorm?: (size: number) => Layer;
  /** Whether queries and keys are turned by their positions (Su et al. 2021), or the base of the angles. Default: false; true is 10000. */
  rotary?: boolean | number;
  /** The type of what is drawn. Default: `"float32"`. */
  type?: "float32" | "float64";
  /** What draws the weights. Default: as for {@linkcode Linear}. */
  random?: () => number;
}

const names = new OptionNames<MultiHeadAttentionInit>({
  causal: "flag",
  bias: "flag",
  queryKeyNorm: true,
  rotary: true,
  type: true,
  random: true,
});

/**
 * Self-attention with several heads (Vaswani et al. 2017), of sequences [samples, steps, features]: with q, k and v the parts of a
 * linear map of x, cut into heads,
 *
 *     y = output(softmax(q k^T / sqrt(features / heads)) v)
 *
 * A `mask` in the context says which steps count, [samples, steps]: no step sees padding, and y is 0 there.
 *
 * | parameter | dims | PyTorch's name |
 * |---|---|---|
 * | `input.weight`, `input.bias`: q, k and v below one another | [3 * features, features], [3 * features] | `in_proj_weight`, `in_proj_bias` |
 * | `output.weight`, `output.bias` | [features, features], [features] | `out_proj.weight`, `out_proj.bias` |
 * | those of `queryNorm` and `keyNorm`, if there are any | | |
 *
 * @example A block of a Transformer
 * ```ts
 * import { GELU, LayerNorm, Linear, MultiHeadAttention, PreNormResidual, Sequential } from "@evenkeel/norm/layers";
 * import { zeros } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const block = new Sequential({
 *   attention: new PreNormResidual(new LayerNorm(32), new MultiHeadAttention(32, 4, { causal: true })),
 *   mlp: new PreNormResidual(new LayerNorm(32), new Sequential([new Linear(32, 128), new GELU(), new Linear(128, 32)])),
 * });
 * assertEquals(block.evaluate(zeros("float32", [2, 10, 32]), {}).dims, [2, 10, 32]);
 * ```
 */
export class MultiHeadAttention implements Layer {
  /** Those of `input`, `output`, `queryNorm` and `keyNorm`. */
  readonly parameters: Tensors;
  /** None. */
  readonly state: Tensors = {};
  /** The size of x's last axis. */
  readonly features: number;
  /** How many heads there are. */
  readonly heads: number;
  /** Whether a step sees itself and those before it alone. */
  readonly causal: boolean;
  /** The base of rotary positions; undefined without them. */
  readonly rotaryBase: number | undefined;
  /** From x to queries, keys and values. */
  readonly input: Linear;
  /** From what the heads give to the result. */
  readonly output: Linear;
  /** What normalizes queries and keys. */
  readonly norms: Readonly<Record<"queryNorm" | "keyNorm", Layer>> | undefined;

  /**
   * A layer of weights that are drawn.
   *
   * @param features The size of x's last axis, a multiple of `heads`.
   * @param heads How many heads there are.
   * @throws {TypeError | RangeError} If an argument does not fit.
   */
  constructor(features: number, heads: number, init: MultiHeadAttentionInit = {}) {
    const operation = "MultiHeadAttention";
    names.check(operation, init);
    const { causal = false, bias = true, queryKeyNorm, rotary = false, type, random = shared } = init;
    checkRandom(operation, random);
    checkCount(operation, "features", features);
    checkCount(operation, "heads", heads);
    const size = features / heads;
    if (!Number.isInteger(size)) {
      throw new RangeError(`${operation}: features is ${features}, which is no multiple of heads, ${heads}.`);
    }
    if (typeof rotary !== "boolean") checkNumber(operation, "rotary", rotary, 1);
    if (rotary !== false && size % 2 !== 0) {
      throw new RangeError(
        `${operation}: rotary turns pairs, and heads have ${size} features; give heads an even number.`,
      );
    }
    if (queryKeyNorm !== undefined && typeof queryKeyNorm !== "function") {
      throw new TypeError(
        `${operation}: queryKeyNorm is ${
          describe(queryKeyNorm)
        }; it must be a function, as in (size) => new RMSNorm(size).`,
      );
    }
    this.features = features;
    this.heads = heads;
    this.causal = causal;
    this.rotaryBase = rotary === false ? undefined : rotary === true ? 10000 : rotary;
    this.input = new Linear(features, 3 * features, { bias, type, random });
    this.output = new Linear(features, features, { bias, type, random });
    this.norms = queryKeyNorm && { queryNorm: queryKeyNorm(size), keyNorm: queryKeyNorm(size) };
    for (const [name, norm] of Object.entries(this.norms ?? {})) {
      checkLayer(operation, name, norm, "queryKeyNorm must return a layer, as in (size) => new RMSNorm(size).");
    }
    this.parameters = joined({ input: this.input, output: this.output, ...this.norms }, "parameters");
  }

  /**
   * Attends; the way back gives the gradients with respect to x and the parameters.
   *
   * @throws {TypeError | RangeError} If x or the mask does not fit.
   */
  train(x: Tensor, state?: Tensors, context: Context = {}): Pass {
    this.#check("MultiHeadAttention.train", x, state, context);
    const { mask } = context, input = this.input.train(x), normed = this.#headsOf(input.y);
    const { heads } = normed, weights = attentionWeights(heads, { causal: this.causal, mask });
    const output = this.output.train(mergeHeads([matrixProduct(weights, heads.value)]));
    return {
      y: cleared(output.y, mask),
      state: {},
      backward: (dy) => {
        checkDims("MultiHeadAttention.backward", "dy", dy, x.dims, "those of x");
        const ofOutput = output.backward(cleared(dy, mask)), [dHeads] = splitHeads(ofOutput.dx, 1, this.heads);
        const { d, gradients } = normed.backward(attentionBackward(heads, weights, dHeads));
        const ofInput = input.backward(mergeHeads([d.query, d.key, d.value]));
        return {
          dx: ofInput.dx,
          gradients: {
            ...prefixed("input", ofInput.gradients),
            ...prefixed("output", ofOutput.gradients),
            ...gradients,
          },
        };
      },
    };
  }

  /**
   * Attends.
   *
   * @throws {TypeError | RangeError} If x or the mask does not fit.
   */
  evaluate(x: Tensor, state?: Tensors, context: Context = {}): Tensor {
    this.#check("MultiHeadAttention.evaluate", x, state, context);
    const { heads } = this.#headsOf(this.input.evaluate(x));
    const weights = attentionWeights(heads, { causal: this.causal, mask: context.mask });
    return cleared(this.output.evaluate(mergeHeads([matrixProduct(weights, heads.value)])), context.mask);
  }

  /** How much each step looks at each, [samples, heads, steps, steps]; each row sums to 1. It is good to be drawn. */
  weightsOf(x: Tensor, context: Context = {}): Tensor {
    this.#check("MultiHeadAttention.weightsOf", x, {}, context);
    const { heads } = this.#headsOf(this.input.evaluate(x));
    return attentionWeights(heads, { causal: this.causal, mask: context.mask });
  }

  /** Queries, keys and values, normalized and turned, and the way back. */
  #headsOf(rows: Tensor): { heads: Heads; backward(d: Heads): { d: Heads; gradients: Tensors } } {
    const [query, key, value] = splitHeads(rows, 3, this.heads), { norms, rotaryBase } = this;
    const passes = norms && { query: norms.queryNorm.train(query), key: norms.keyNorm.train(key) };
    const turned = (heads: Tensor, direction: 1 | -1) =>
      rotaryBase === undefined ? heads : rotated(heads, rotaryBase, direction);
    return {
      heads: { query: turned(passes?.query.y ?? query, 1), key: turned(passes?.key.y ?? key, 1), value },
      backward(d) {
        const dQuery = turned(d.query, -1), dKey = turned(d.key, -1);
        if (passes === undefined) return { d: { query: dQuery, key: dKey, value: d.value }, gradients: {} };
        const ofQuery = passes.query.backward(dQuery), ofKey = passes.key.backward(dKey);
        return {
          d: { query: ofQuery.dx, key: ofKey.dx, value: d.value },
          gradients: { ...prefixed("queryNorm", ofQuery.gradients), ...prefixed("keyNorm", ofKey.gradients) },
        };
      },
    };
  }

  #check(operation: string, x: Tensor, state: Tensors | undefined, context: Context): void {
    checkKnown(operation, "the state of a layer without state", state, []);
    checkContext(operation, context);
    checkInput(operation, x, 3);
    if (x.dims.length !== 3 || x.dims[2] !== this.features) {
      throw new RangeError(`${operation}: x has dims [${x.dims}]; they must be [samples, steps, ${this.features}].`);
    }
    if (context.mask) checkDims(operation, "the context's mask", context.mask, x.dims.slice(0, 2), "[samples, steps]");
  }
}

/** Rows without those of padding, which are 0. */
function cleared(rows: Tensor, mask: Tensor | undefined): Tensor {
  if (mask === undefined) return rows;
  const width = rows.dims.at(-1)!, data = rows.data.slice();
  mask.data.forEach((counts, i) => counts === 0 && data.fill(0, i * width, (i + 1) * width));
  return { ...rows, data };
}
