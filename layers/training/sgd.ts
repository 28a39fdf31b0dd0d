import { OptionNames } from "../../kernels/option_names.ts";
import { checkNumber } from "../../kernels/check.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Tensors } from "../layer.ts";
import { Optimizer, type UpdatedParameter } from "./optimizer.ts";
import type { ParameterGroup } from "./parameter_groups.ts";

/** How an {@linkcode SGD} is made. */
export interface SGDInit {
  /** How far a step goes. */
  rate: number;
  /** The weight of the old velocity. Default: 0, no momentum. */
  momentum?: number;
  /** Whether the gradient is looked up where the velocity leads (Nesterov 1983). Default: false. */
  nesterov?: boolean;
  /** How much of the parameter is added to its gradient, but of scales and biases. Default: 0. */
  weightDecay?: number;
  /** Parameters to be treated otherwise than the rest: not trained, slower, or with another decay. Default: none. */
  groups?: readonly ParameterGroup[];
}

const names = new OptionNames<SGDInit>({
  rate: true,
  momentum: true,
  nesterov: "flag",
  weightDecay: true,
  groups: true,
});

/**
 * Stochastic gradient descent with momentum (Polyak 1964; in the form of Sutskever et al. 2013 as PyTorch has it):
 *
 *     g = gradient + weightDecay * parameter
 *     velocity = momentum * velocity + g,  parameter -= rate * velocity        [Nesterov: rate * (g + momentum * velocity)]
 *
 * @example
 * ```ts
 * import { SGD } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const weight = tensor(new Float32Array([1]));
 * new SGD({ weight }, { rate: 0.5 }).step({ weight: tensor(new Float32Array([1])) });
 * assertEquals(weight.data[0], 0.5);
 * ```
 */
export class SGD extends Optimizer {
  /** The weight of the old velocity. */
  readonly momentum: number;
  /** Whether the gradient is looked up where the velocity leads. */
  readonly nesterov: boolean;
  /** How much of the parameter is added to its gradient. */
  readonly weightDecay: number;

  /**
   * An optimizer of these parameters that has made no step.
   *
   * @throws {TypeError | RangeError} If an option is not a number of at least 0.
   */
  constructor(parameters: Tensors, init: SGDInit) {
    names.check("SGD", init);
    const { rate, momentum = 0, nesterov = false, weightDecay = 0, groups } = init ?? {};
    super(parameters, { rate, weightDecay, groups });
    checkNumber("SGD", "momentum", momentum, 0);
    this.momentum = momentum;
    this.nesterov = nesterov;
    this.weightDecay = weightDecay;
  }

  /** The velocity. */
  protected readonly kinds: readonly string[] = ["velocity"];

  /** Changes one parameter. */
  protected update({ name, data: parameter, rate, weightDecay }: UpdatedParameter, gradient: Tensor["data"]): void {
    const { momentum, nesterov } = this;
    const velocity = momentum === 0 ? undefined : this.memory("velocity", name);
    for (let i = 0; i < parameter.length; i++) {
      const g = gradient[i] + weightDecay * parameter[i];
      let direction = g;
      if (velocity) {
        velocity[i] = momentum * velocity[i] + g;
        direction = nesterov ? g + momentum * velocity[i] : velocity[i];
      }
      parameter[i] -= rate * direction;
    }
  }
}
