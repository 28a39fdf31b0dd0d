import { checkKnown } from "../check_pass.ts";
import { describe, type Tensor } from "../../kernels/tensor.ts";
import type { Conv2d } from "../network/conv.ts";
import type { Context, Layer, Pass, Tensors } from "../layer.ts";
import type { Linear } from "../network/linear.ts";

/** A weight made from what is learned instead of it. */
export interface MadeWeight {
  /** The weight, of the layer's own dims. */
  weight: Tensor;
  /** The state after this pass. */
  state: Tensors;
  /** From the gradient with respect to the weight to those with respect to what is learned. */
  backward(dWeight: Tensor): Tensors;
}

/**
 * A Linear or Conv2d layer whose weight is a function of other parameters. Its bias stays what it is. The first axis of the weight
 * is that of the outputs.
 */
export abstract class Reparametrization<L extends Linear | Conv2d> implements Layer {
  /** What the weight is made of, and the layer's bias. */
  abstract readonly parameters: Tensors;
  /** The state before training. */
  abstract readonly state: Tensors;
  /** The layer that computes with the weight. */
  protected readonly layer: L;

  /**
   * A layer over another.
   *
   * @param layer The layer, whose weight is where the parameters start from.
   */
  constructor(layer: L) {
    if (typeof layer?.withParameters !== "function") {
      throw new TypeError(
        `${this.constructor.name}: the layer is ${
          describe(layer)
        }; it must be a layer with a weight, a Linear or a Conv2d.`,
      );
    }
    this.layer = layer;
  }

  /** The weight of a pass. */
  protected abstract make(state: Tensors | undefined, training: boolean): MadeWeight;

  /** The layer with the weight as it is now, to go on without the reparametrization. */
  plain(state?: Tensors): L {
    return this.#with(this.make(state, false).weight);
  }

  /** The pass of the layer with its weight made anew. */
  train(x: Tensor, state?: Tensors, context?: Context): Pass {
    this.#check(state);
    const made = this.make(state, true);
    const pass = this.#with(made.weight).train(x, {}, context);
    return {
      y: pass.y,
      state: made.state,
      backward(dy) {
        const { dx, gradients: { weight, ...others } } = pass.backward(dy);
        return { dx, gradients: { ...made.backward(weight), ...others } };
      },
    };
  }

  /** The evaluation of the layer with its weight made anew. */
  evaluate(x: Tensor, state?: Tensors, context?: Context): Tensor {
    this.#check(state);
    return this.plain(state).evaluate(x, {}, context);
  }

  #check(state: Tensors | undefined): void {
    checkKnown(this.constructor.name, "the state", state, Object.keys(this.state));
  }

  #with(weight: Tensor): L {
    const { bias } = this.layer.parameters;
    return this.layer.withParameters({ weight, bias }) as L;
  }
}

/** The weight as a matrix, a row for each output. It shares the weight's memory. */
export function rowsOf(weight: Tensor): Tensor {
  const { type, dims: [outputs], data } = weight; // one by one: data of a resident tensor is no property of its own
  return { type, dims: [outputs, data.length / outputs], data } as Tensor;
}
