import { OptionNames } from "../../kernels/option_names.ts";
import { checkStateless } from "../check_pass.ts";
import { type Activation, activations } from "../../kernels/activation.ts";
import { checkAlike, checkInput } from "../../kernels/check.ts";
import { activate, activateBackward } from "../../kernels/passes/activate.ts";
import { describe, type Tensor, zeros } from "../../kernels/tensor.ts";
import type { Context, Layer, Pass, Tensors } from "../layer.ts";

/** The functions of activation layers: those that kernels apply after a normalization, and others. */
export type LayerActivation = Activation | "tanh" | "sigmoid" | "geluTanh";

/** A function of one number, and its derivative. */
interface Curve {
  f(x: number): number;
  derivative(x: number): number;
}

function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** The slope at 0 and the curvature of the tanh that approximates the normal distribution. */
const slope = Math.sqrt(2 / Math.PI), curvature = 0.044715;

/** Those that the kernels do not have. */
const curves: Readonly<Record<Exclude<LayerActivation, Activation>, Curve>> = {
  tanh: { f: Math.tanh, derivative: (x) => 1 - Math.tanh(x) ** 2 },
  sigmoid: { f: logistic, derivative: (x) => logistic(x) * logistic(-x) },
  geluTanh: {
    f: (x) => 0.5 * x * (1 + Math.tanh(slope * (x + curvature * x ** 3))),
    derivative(x) {
      const t = Math.tanh(slope * (x + curvature * x ** 3)), rise = 1 - t * t;
      // Where tanh is flat, the other factor may be infinite.
      return 0.5 * (1 + t) + (rise === 0 ? 0 : 0.5 * x * rise * slope * (1 + 3 * curvature * x * x));
    },
  },
};

function isKernel(activation: LayerActivation): activation is Activation {
  return Object.hasOwn(activations, activation);
}

/** An activation as a layer, element by element. */
export abstract class ActivationLayer implements Layer {
  /** None. */
  readonly parameters: Tensors = {};
  /** None. */
  readonly state: Tensors = {};
  /** Which function it is. */
  readonly activation: LayerActivation;

  /** A layer that applies the function of that name. */
  constructor(activation: LayerActivation) {
    this.activation = activation;
  }

  /** Applies the function. */
  evaluate(x: Tensor, state?: Tensors, context?: Context): Tensor {
    checkStateless(this.constructor.name, state, context);
    checkInput(this.constructor.name, x, 0);
    const { activation } = this, y = zeros(x.type, x.dims);
    if (isKernel(activation)) activate(x.data, y.data, activation);
    else {
      const { f } = curves[activation];
      for (let i = 0; i < y.data.length; i++) y.data[i] = f(x.data[i]);
    }
    return y;
  }

  /** Applies the function; the way back multiplies by its derivative. */
  train(x: Tensor, state?: Tensors, context?: Context): Pass {
    return {
      y: this.evaluate(x, state, context),
      state: {},
      backward: (dy) => {
        checkAlike(`${this.constructor.name}.backward`, "dy", dy, x);
        const { activation } = this, dx = zeros(x.type, x.dims);
        if (isKernel(activation)) activateBackward(x.data, dy.data, dx.data, activation);
        else {
          const { derivative } = curves[activation];
          for (let i = 0; i < dx.data.length; i++) dx.data[i] = dy.data[i] * derivative(x.data[i]);
        }
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

/** How a {@linkcode GELU} is made. */
export interface GELUInit {
  /**
   * `"tanh"` takes 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), which is at most 5e-4 off; GPT-2 was trained with it. Default:
   * `"none"`.
   */
  approximate?: "none" | "tanh";
}

const geluNames = new OptionNames<GELUInit>({ approximate: true });

/**
 * The Gaussian error linear unit (Hendrycks and Gimpel 2016), x P(x) with the exact normal distribution P, or its approximation.
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
  /**
   * The unit.
   *
   * @throws {RangeError} If `approximate` is neither `"none"` nor `"tanh"`.
   */
  constructor(init: GELUInit = {}) {
    geluNames.check("GELU", init);
    const { approximate = "none" } = init;
    if (approximate !== "none" && approximate !== "tanh") {
      throw new RangeError(`GELU: approximate is ${describe(approximate)}; it must be "none" or "tanh".`);
    }
    super(approximate === "tanh" ? "geluTanh" : "gelu");
  }
}

/**
 * The sigmoid linear unit (Elfwing, Uchibe and Doya 2018), also called swish: x / (1 + exp(-x)).
 *
 * @example
 * ```ts
 * import { SiLU } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(new SiLU().evaluate(tensor([1])).data[0], 0.7310586, 1e-6);
 * ```
 */
export class SiLU extends ActivationLayer {
  /** The unit. */
  constructor() {
    super("silu");
  }
}

/**
 * The hyperbolic tangent.
 *
 * @example
 * ```ts
 * import { Tanh } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([...new Tanh().evaluate(tensor([0, 100])).data], [0, 1]);
 * ```
 */
export class Tanh extends ActivationLayer {
  /** The function. */
  constructor() {
    super("tanh");
  }
}

/**
 * The logistic function, 1 / (1 + exp(-x)).
 *
 * @example
 * ```ts
 * import { Sigmoid } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([...new Sigmoid().evaluate(tensor([0, 100])).data], [0.5, 1]);
 * ```
 */
export class Sigmoid extends ActivationLayer {
  /** The function. */
  constructor() {
    super("sigmoid");
  }
}
