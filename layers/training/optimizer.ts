import { checkAlike, checkNumber } from "../../kernels/check.ts";
import { checkTensor, describe, type Tensor, zeros } from "../../kernels/tensor.ts";
import { plus } from "../gradients.ts";
import type { Tensors } from "../layer.ts";

/** What changes parameters by their gradients, in place. */
export abstract class Optimizer {
  /** The parameters that are changed. */
  readonly parameters: Tensors;
  /** What it remembers of the steps so far, by name; copy it to save it. */
  readonly state: Record<string, Tensor> = {};
  /** How far a step goes; may be changed between steps. */
  rate: number;

  /**
   * An optimizer that has made no step.
   *
   * @throws {TypeError | RangeError} If the rate is not a number of at least 0.
   */
  constructor(parameters: Tensors, rate: number) {
    const operation = this.constructor.name;
    if (typeof parameters !== "object" || parameters === null) {
      throw new TypeError(
        `${operation}: parameters is ${
          describe(parameters)
        }; it must be the parameters of a layer, as in model.parameters.`,
      );
    }
    for (const [name, parameter] of Object.entries(parameters)) checkTensor(operation, `parameter ${name}`, parameter);
    checkNumber(operation, "rate", rate, 0);
    this.parameters = parameters;
    this.rate = rate;
  }

  /**
   * Changes every parameter that has a gradient. Those without one stay as they are. Gradients of one tensor under several names, as of a
   * layer that was used twice, add up.
   *
   * @throws {TypeError | RangeError} If a gradient has no parameter, or not its type and dims; nothing is changed then.
   */
  step(gradients: Tensors): void {
    const operation = `${this.constructor.name}.step`;
    for (const [name, gradient] of Object.entries(gradients)) {
      const parameter = this.parameters[name];
      if (parameter === undefined) {
        throw new RangeError(
          `${operation}: there is a gradient of ${JSON.stringify(name)}, but no such parameter; ` +
            `there are ${Object.keys(this.parameters).join(", ")}.`,
        );
      }
      checkAlike(operation, `the gradient of ${name}`, gradient, parameter);
    }
    for (const [data, { name, gradient }] of this.#distinct(gradients)) this.update(name, data, gradient.data);
  }

  /** The gradients by the arrays that they change: those of a layer that was used several times add up. */
  #distinct(gradients: Tensors): Map<Tensor["data"], { name: string; gradient: Tensor }> {
    const distinct = new Map<Tensor["data"], { name: string; gradient: Tensor }>();
    for (const [name, gradient] of Object.entries(gradients)) {
      const { data } = this.parameters[name], before = distinct.get(data);
      if (before === undefined) distinct.set(data, { name, gradient });
      else before.gradient = plus(before.gradient, gradient)!;
    }
    return distinct;
  }

  /** Changes one parameter. */
  protected abstract update(name: string, parameter: Tensor["data"], gradient: Tensor["data"]): void;

  /** What is remembered of a parameter, zeros at first. It is of float64, so that small updates add up. */
  protected memory(kind: string, name: string, dims = this.parameters[name].dims): Tensor["data"] {
    return (this.state[`${kind}.${name}`] ??= zeros("float64", dims)).data;
  }
}
