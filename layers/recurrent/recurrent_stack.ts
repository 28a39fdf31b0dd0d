import { describe, type Tensor } from "../../kernels/tensor.ts";
import { checkKnown, checkParts } from "../check_pass.ts";
import type { Context, Tensors } from "../layer.ts";
import { partOf, prefixed } from "../names.ts";
import { stateOf } from "../network/sequential.ts";
import type { RecurrentBackward, RecurrentLayer, RecurrentPass, RecurrentResult } from "./recurrence.ts";

/**
 * Recurrent layers one on top of the other, each of which reads the hidden states of the one below: PyTorch's `num_layers`. Unlike
 * {@linkcode Sequential} it also gives what each of them carries at its end.
 *
 * Parameters, state and what is carried have the layer's place in front, as in `"0.hidden"`.
 *
 * @example
 * ```ts
 * import { GRU, RecurrentStack } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const stack = new RecurrentStack([new GRU(2, 8), new GRU(8, 4)]);
 * const { y, final } = stack.run(tensor(new Float32Array(40), [5, 4, 2]), {}); // 5 steps of a batch of 4
 * assertEquals(y.dims, [5, 4, 4]);
 * assertEquals(final["1.hidden"].dims, [4, 4]);
 * ```
 */
export class RecurrentStack implements RecurrentLayer {
  /** The parameters of all layers. */
  readonly parameters: Tensors;
  /** None: before the first pass, what is carried is 0. */
  readonly state: Tensors;
  /** The layers, from the first to the last. */
  readonly layers: readonly RecurrentLayer[];

  /**
   * The layers as one.
   *
   * @param layers RNNs, LSTMs and GRUs, in one direction or both.
   * @throws {TypeError} If there are none, or one is no recurrent layer.
   */
  constructor(layers: readonly RecurrentLayer[]) {
    if (!Array.isArray(layers) || layers.length === 0) {
      throw new TypeError(
        `RecurrentStack: the layers are ${describe(layers)}; give a list, as in [new GRU(2, 8), new GRU(8, 4)].`,
      );
    }
    for (const [i, layer] of layers.entries()) {
      if (typeof layer?.train === "function" && typeof layer.run === "function") continue;
      throw new TypeError(`RecurrentStack: layer ${i} is ${describe(layer)}; it must be a recurrent layer.`);
    }
    this.layers = [...layers];
    this.parameters = inFront(layers.map(({ parameters }) => parameters));
    this.state = inFront(layers.map(({ state }) => state));
  }

  /**
   * All layers, and what is needed to go back through them.
   *
   * @throws {TypeError | RangeError} If x or the state does not fit.
   */
  train(x: Tensor, state?: Tensors, context?: Context): RecurrentPass {
    this.#check("train", state);
    const passes: RecurrentPass[] = [];
    let y = x;
    for (const [i, layer] of this.layers.entries()) {
      passes.push(layer.train(y, stateOf(`${i}`, state), context));
      y = passes[i].y;
    }
    const final = inFront(passes.map((pass) => pass.final));
    return {
      y,
      final,
      state: inFront(passes.map((pass) => pass.state)),
      backward(dy, dFinal = {}) {
        checkKnown("RecurrentStack.backward", "dFinal", dFinal, Object.keys(final));
        const backs: RecurrentBackward[] = [];
        let dx = dy;
        for (const [i, pass] of [...passes.entries()].toReversed()) {
          backs.unshift(pass.backward(dx, partOf(`${i}`, dFinal)));
          dx = backs[0].dx;
        }
        return {
          dx,
          gradients: inFront(backs.map(({ gradients }) => gradients)),
          dInitial: inFront(backs.map(({ dInitial }) => dInitial)),
        };
      },
    };
  }

  /** The last layer's hidden states; {@linkcode RecurrentStack.run} gives what is carried at the end as well. */
  evaluate(x: Tensor, state?: Tensors, context?: Context): Tensor {
    this.#check("evaluate", state);
    return this.layers.reduce((y, layer, i) => layer.evaluate(y, stateOf(`${i}`, state), context), x);
  }

  /**
   * Evaluates a part of a stream.
   *
   * @param state What is carried in: `final` of the part before, `{}` at the beginning.
   */
  run(x: Tensor, state: Tensors, context?: Context): RecurrentResult {
    this.#check("run", state);
    const finals: Tensors[] = [];
    let y = x;
    for (const [i, layer] of this.layers.entries()) {
      const result = layer.run(y, partOf(`${i}`, state), context);
      finals.push(result.final);
      y = result.y;
    }
    return { y, final: inFront(finals) };
  }

  #check(pass: string, state: Tensors | undefined): void {
    checkParts(`RecurrentStack.${pass}`, state, Object.keys(this.layers));
  }
}

/** What each layer has, with its place in front. */
function inFront(tensors: readonly Tensors[]): Tensors {
  return Object.assign({}, ...tensors.map((own, i) => prefixed(`${i}`, own)));
}
