import { type Activation, activations, derivatives } from "../../kernels/activation.ts";
import { checkAlike, checkInput } from "../../kernels/check.ts";
import { type Tensor, zeros } from "../../kernels/tensor.ts";
import type { Layer, Pass, Tensors } from "../layer.ts";

/** An activation as a layer, element by element. */
export abstract class ActivationLayer implements Layer {
  /** None. */
  readonly parameters: Tensors = {};
  /** None. */
  readonly state: Tensors = {};
  /** Which function it is. */
  readonly activation: Activation;

  /** A layer that applies the function of that name. */
  constructor(activation: Activation) {
    this.activation = activation;
  }

  /** Applies the function. */
  evaluate(x: Tensor): Tensor {
    checkInput(this.constructor.name, x, 0);
    const f = activations[this.activation], y = zeros(x.type, x.dims);
    for (let i = 0; i < y.data.length; i++) y.data[i] = f(x.data[i]);
    return y;
  }

  /** Applies the function; the way back multiplies by its derivative. */
  train(x: Tensor): Pass {
    return {
      y: this.evaluate(x),
      state: {},
      backward: (dy) => {
        checkAlike(`${this.constructor.name}.backward`, "dy", dy, x);
        const derivative = derivatives[this.activation], dx = zeros(x.type, x.dims);
        for (let i = 0; i < dx.data.length; i++) dx.data[i] = dy.data[i] * derivative(x.data[i]);
        return { dx, gradients: {} };
      },
    };
  }
}

/**
 * The rectifier, max(x, 0). Its derivative at 0 is taken to be 0.
 *
 * @example
 * ```ts
 * import { ReLU } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([...new ReLU().evaluate(tensor(new Float32Array([-1, 2]))).data], [0, 2]);
 * ```
 */
export class ReLU extends ActivationLayer {
  /** The rectifier. */
  constructor() {
    super("relu");
  }
}

/**
 * The Gaussian error linear unit (Hendrycks and Gimpel 2016), x P(x) with the exact normal distribution P.
 *
 * @example
 * ```ts
 * import { GELU } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(new GELU().evaluate(tensor(new Float32Array([1]))).data[0], 0.8413447, 1e-6);
 * ```
 */
export class GELU extends ActivationLayer {
  /** The unit. */
  constructor() {
    super("gelu");
  }
}
