import { OptionNames } from "../../kernels/option_names.ts";
import { checkNumber } from "../../kernels/check.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Tensors } from "../layer.ts";
import { Optimizer, type UpdatedParameter } from "./optimizer.ts";
import type { ParameterGroup } from "./parameter_groups.ts";

/** How an {@linkcode AdamW} is made. */
export interface AdamWInit {
  /** How far a step goes. Default: 1e-3. */
  rate?: number;
  /** The weight of the old mean of gradients. Default: 0.9. */
  beta1?: number;
  /** The weight of the old mean of their squares. Default: 0.999. */
  beta2?: number;
  /** Is added to the root of the mean square. Default: 1e-8. */
  epsilon?: number;
  /** The part of each parameter that a step of rate 1 takes away, but of scales and biases. Default: 0.01. */
  weightDecay?: number;
  /** Parameters to be treated otherwise than the rest: not trained, slower, or with another decay. Default: none. */
  groups?: readonly ParameterGroup[];
}

const names = new OptionNames<AdamWInit>({
  rate: true,
  beta1: true,
  beta2: true,
  epsilon: true,
  weightDecay: true,
  groups: true,
});

/**
 * Adam with decoupled weight decay (Kingma and Ba 2015; Loshchilov and Hutter 2019): with t the number of the parameter's step,
 *
 *     m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2
 *     parameter -= rate * (weightDecay * parameter + (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon))
 *
 * @example
 * ```ts
 * import { AdamW } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const weight = tensor(new Float32Array([1]));
 * new AdamW({ weight }, { rate: 0.1, weightDecay: 0 }).step({ weight: tensor(new Float32Array([5])) });
 * assertAlmostEquals(weight.data[0], 0.9, 1e-6);
 * ```
 */
export class AdamW extends Optimizer {
  /** The weight of the old mean of gradients. */
  readonly beta1: number;
  /** The weight of the old mean of their squares. */
  readonly beta2: number;
  /** What is added to the root of the mean square. */
  readonly epsilon: number;
  /** The part of each parameter that a step of rate 1 takes away. */
  readonly weightDecay: number;

  /**
   * An optimizer of these parameters that has made no step.
   *
   * @throws {TypeError | RangeError} If an option is not a number of at least 0.
   */
  constructor(parameters: Tensors, init: AdamWInit = {}) {
    names.check("AdamW", init);
    const { rate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0.01, groups } = init;
    super(parameters, { rate, weightDecay, groups });
    for (const [name, value] of Object.entries({ beta1, beta2, epsilon })) {
      checkNumber("AdamW", name, value, 0);
    }
    for (const [name, weight] of Object.entries({ beta1, beta2 })) {
      if (weight >= 1) throw new RangeError(`AdamW: ${name} is ${weight}; it is the weight of an old mean, below 1.`);
    }
    this.beta1 = beta1;
    this.beta2 = beta2;
    this.epsilon = epsilon;
    this.weightDecay = weightDecay;
  }

  /** How many steps there were, the mean of gradients, and that of their squares. */
  protected readonly kinds: readonly string[] = ["steps", "mean", "square"];

  /** Changes one parameter. */
  protected update({ name, data: parameter, rate, weightDecay }: UpdatedParameter, gradient: Tensor["data"]): void {
    const { beta1, beta2, epsilon } = this, steps = this.memory("steps", name, []), t = ++steps[0];
    const mean = this.memory("mean", name), square = this.memory("square", name);
    const meanCorrection = 1 - beta1 ** t, squareCorrection = 1 - beta2 ** t;
    for (let i = 0; i < parameter.length; i++) {
      const g = gradient[i];
      mean[i] = beta1 * mean[i] + (1 - beta1) * g;
      square[i] = beta2 * square[i] + (1 - beta2) * g * g;
      const direction = mean[i] / meanCorrection / (Math.sqrt(square[i] / squareCorrection) + epsilon);
      parameter[i] -= rate * (weightDecay * parameter[i] + direction);
    }
  }
}
