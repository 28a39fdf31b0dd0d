import { checkAlike, checkDims, checkNumber } from "../../kernels/check.ts";
import { checkTensor, describe, type Tensor, zeros } from "../../kernels/tensor.ts";
import { checkRecord, isRecord } from "../check_record.ts";
import { plus } from "../gradients.ts";
import type { Tensors } from "../layer.ts";
import { type ParameterGroup, type Treatment, treatmentsOf } from "./parameter_groups.ts";

/** What all optimizers are made with. */
export interface OptimizerInit {
  /** How far a step goes. */
  rate: number;
  /** How much parameters decay. */
  weightDecay: number;
  /** Parameters to be treated otherwise than the rest; the first group that has a parameter counts. Default: none. */
  groups?: readonly ParameterGroup[];
}

/**
 * What changes parameters by their gradients, in place. Scales and biases do not decay, unless a group says so.
 *
 * @example Only the head is trained, and the run goes on later as if it had not stopped
 * ```ts
 * import { AdamW, Linear, readSafetensors, Sequential, writeSafetensors } from "@evenkeel/norm/layers";
 *
 * const model = new Sequential({ body: new Linear(8, 8), head: new Linear(8, 2) });
 * const groups = [{ has: (name: string) => name.startsWith("body."), rateFactor: 0 }];
 * const file = writeSafetensors(new AdamW(model.parameters, { groups }).state); // after some steps
 *
 * const optimizer = new AdamW(model.parameters, { groups });
 * optimizer.resume(readSafetensors(file).tensors);
 * ```
 */
export abstract class Optimizer {
  /** The parameters that are changed. */
  readonly parameters: Tensors;
  /** What it remembers of the steps so far, by name; copy it to save it. */
  readonly state: Record<string, Tensor> = {};
  /** How far a step goes; may be changed between steps. */
  rate: number;
  readonly #treatments: ReadonlyMap<string, Treatment>;

  /**
   * An optimizer that has made no step.
   *
   * @throws {TypeError | RangeError} If the rate or the decay is not a number of at least 0, or a group is none.
   */
  constructor(parameters: Tensors, { rate, weightDecay, groups = [] }: OptimizerInit) {
    const operation = this.constructor.name;
    if (!isRecord(parameters)) {
      throw new TypeError(
        `${operation}: parameters is ${
          describe(parameters)
        }; it must be the parameters of a layer, as in model.parameters.`,
      );
    }
    for (const [name, parameter] of Object.entries(parameters)) checkTensor(operation, `parameter ${name}`, parameter);
    checkNumber(operation, "rate", rate, 0);
    checkNumber(operation, "weightDecay", weightDecay, 0);
    this.parameters = parameters;
    this.rate = rate;
    this.#treatments = treatmentsOf(operation, parameters, weightDecay, groups);
  }

  /**
   * Changes every parameter that has a gradient. Those without one stay as they are. Gradients of one tensor under several names, as of a
   * layer that was used twice, add up.
   *
   * @throws {TypeError | RangeError} If a gradient has no parameter, or not its type and dims, or the rate is not a number of at least 0;
   * nothing is changed then.
   */
  step(gradients: Tensors): void {
    const operation = `${this.constructor.name}.step`;
    checkRecord(operation, "gradients", gradients);
    checkNumber(operation, "rate", this.rate, 0);
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
    for (const [data, { name, gradient }] of this.#distinct(gradients)) {
      const { rateFactor, weightDecay } = this.#treatments.get(name)!;
      if (rateFactor > 0) this.update({ name, data, rate: this.rate * rateFactor, weightDecay }, gradient.data);
    }
  }

  /**
   * Goes on from the `state` of another optimizer of this class, over the same parameters. The values are copied.
   *
   * @throws {TypeError | RangeError} If something in it belongs to no parameter, or has not its dims, or is missing; nothing is changed then.
   */
  resume(state: Tensors): void {
    const operation = `${this.constructor.name}.resume`;
    checkRecord(operation, "the state", state);
    for (const [name, tensor] of Object.entries(state)) {
      const dot = name.indexOf("."), kind = name.slice(0, dot), parameter = this.parameters[name.slice(dot + 1)];
      if (parameter === undefined || !this.kinds.includes(kind)) {
        throw new RangeError(
          `${operation}: the state has ${
            JSON.stringify(name)
          }, which this optimizer does not remember. Give the state of one of the same ` +
            `class, over the same parameters.`,
        );
      }
      checkDims(operation, name, tensor, kind === "steps" ? [] : parameter.dims, "as this optimizer remembers it");
      const [value] = tensor.data, missing = this.kinds.find((other) => !((other + name.slice(dot)) in state));
      if (kind === "steps" && !(Number.isInteger(value) && value >= 0)) {
        throw new RangeError(`${operation}: ${name} is ${value}; it must be a whole number, at least 0.`);
      }
      if (missing !== undefined) {
        throw new RangeError(
          `${operation}: the state has ${name}, but not ${
            missing + name.slice(dot)
          }. Give the whole state of an optimizer.`,
        );
      }
    }
    for (const name of Object.keys(this.state)) delete this.state[name];
    for (const [name, { dims, data }] of Object.entries(state)) {
      this.state[name] = { type: "float64", dims, data: Float64Array.from(data) };
    }
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

  /** What it remembers of each parameter, which the names of its state begin with. */
  protected abstract readonly kinds: readonly string[];

  /** Changes one parameter. */
  protected abstract update(parameter: UpdatedParameter, gradient: Tensor["data"]): void;

  /** What is remembered of a parameter, zeros at first. It is of float64, so that small updates add up. */
  protected memory(kind: string, name: string, dims = this.parameters[name].dims): Tensor["data"] {
    return (this.state[`${kind}.${name}`] ??= zeros("float64", dims)).data;
  }
}

/** A parameter that a step changes. */
export interface UpdatedParameter {
  /** Its name. */
  name: string;
  /** Its elements. */
  data: Tensor["data"];
  /** How far the step goes. */
  rate: number;
  /** How much it decays. */
  weightDecay: number;
}
