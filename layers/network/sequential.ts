import { checkContext, checkParts } from "../check_pass.ts";
import { plus } from "../gradients.ts";
import { checkLayer } from "../check_layer.ts";
import { isRecord } from "../check_record.ts";
import type { Context, Layer, Pass, Tensors } from "../layer.ts";
import { partOf, prefixed } from "../names.ts";
import { describe, type Tensor } from "../../kernels/tensor.ts";

/**
 * Layers one after the other. Parameters and state of a layer have its place in front, as in `"0.weight"`, or its name where layers
 * are given by name.
 *
 * @example
 * ```ts
 * import { LayerNorm, Linear, ReLU, Sequential } from "@evenkeel/norm/layers";
 * import { assertEquals } from "@std/assert";
 *
 * const model = new Sequential({ embed: new Linear(4, 8), norm: new LayerNorm(8), relu: new ReLU() });
 * assertEquals(Object.keys(model.parameters), ["embed.weight", "embed.bias", "norm.scale", "norm.bias"]);
 * ```
 */
export class Sequential<Layers extends Readonly<Record<string, Layer>> = Readonly<Record<string, Layer>>>
  implements Layer {
  /** The parameters of all layers. */
  readonly parameters: Tensors;
  /** The state of all layers before training. */
  readonly state: Tensors;
  /** The layers by name, in order, each of its own class where they were given by name. */
  readonly layers: Layers;

  /**
   * The layers as one.
   *
   * @param layers The layers, in a list or by name.
   * @throws {TypeError | RangeError} If one is no layer, or a name has a dot in it.
   */
  constructor(layers: Layers | readonly Layer[]) {
    const todo = "Give layers in a list, as in new Sequential([a, b]), or by name.";
    if (!isRecord(layers) && !Array.isArray(layers) || "train" in layers) {
      throw new TypeError(`Sequential: the layers are ${describe(layers)}. ${todo}`);
    }
    for (const [name, layer] of Object.entries(layers)) {
      checkLayer("Sequential", `layer ${JSON.stringify(name)}`, layer, todo);
      if (!name.includes(".")) continue;
      throw new RangeError(
        `Sequential: a layer has the name ${JSON.stringify(name)}; dots stand between the names of parts.`,
      );
    }
    this.layers = Object.fromEntries(Object.entries(layers)) as unknown as Layers;
    this.parameters = joined(this.layers, "parameters");
    this.state = joined(this.layers, "state");
  }

  #check(pass: string, state: Tensors | undefined, context: Context | undefined): void {
    checkParts(`Sequential.${pass}`, state, Object.keys(this.layers));
    checkContext(`Sequential.${pass}`, context);
  }

  /** The passes of all layers. */
  train(x: Tensor, state?: Tensors, context?: Context): Pass {
    this.#check("train", state, context);
    const passes: [string, Pass][] = [];
    const next = {};
    let y = x;
    for (const [name, layer] of Object.entries(this.layers)) {
      const pass = layer.train(y, stateOf(name, state), context);
      passes.push([name, pass]);
      y = pass.y;
      Object.assign(next, prefixed(name, pass.state));
    }
    return {
      y,
      state: next,
      backward(dy) {
        const parts: Tensors[] = [];
        let dx = dy, dCondition: Tensor | undefined;
        for (const [name, pass] of passes.toReversed()) {
          const back = pass.backward(dx);
          dx = back.dx;
          parts.unshift(prefixed(name, back.gradients));
          dCondition = plus(dCondition, back.dCondition);
        }
        return { dx, gradients: Object.assign({}, ...parts), ...dCondition && { dCondition } };
      },
    };
  }

  /** The evaluations of all layers. */
  evaluate(x: Tensor, state?: Tensors, context?: Context): Tensor {
    this.#check("evaluate", state, context);
    return Object.entries(this.layers).reduce(
      (y, [name, layer]) => layer.evaluate(y, stateOf(name, state), context),
      x,
    );
  }
}

/** The tensors of all parts, each with its part in front. */
export function joined(parts: Readonly<Record<string, Layer>>, what: "parameters" | "state"): Tensors {
  return Object.assign({}, ...Object.entries(parts).map(([name, layer]) => prefixed(name, layer[what])));
}

/** The state of one part; undefined if there is none, so that a part that needs one says so. */
export function stateOf(part: string, state: Tensors | undefined): Tensors | undefined {
  return state && partOf(part, state);
}
