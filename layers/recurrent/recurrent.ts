import type { NameList } from "../../kernels/option_names.ts";
import { checkContext, checkKnown } from "../check_pass.ts";
import { checkAlike, checkCount, checkDims, checkInput, checkNumber } from "../../kernels/check.ts";
import { describe, type Tensor, zeros } from "../../kernels/tensor.ts";
import type { Context, Tensors } from "../layer.ts";
import { between } from "../../kernels/passes/slices.ts";
import type { Cell, Step } from "./cell.ts";
import { Padding } from "./padding.ts";
import { type ParameterPlan, type RecurrentParametersInit, startParameters } from "./parameters.ts";
import { type Projected, Projection } from "./projection.ts";
import type { RecurrentBackward, RecurrentLayer, RecurrentPass, RecurrentResult } from "./recurrence.ts";
import { add, copyOf, rowsOf, stepOf } from "./rows.ts";

/** How a recurrent layer is made. */
export interface RecurrentInit extends RecurrentParametersInit {
  /** `"layer"` normalizes as Ba, Kiros and Hinton (2016) do, `"none"` is the plain network. Default: `"none"`. */
  norm?: "layer" | "none";
  /** Is added to variances. Default: 1e-5. */
  epsilon?: number;
  /**
   * Whether a pass's state holds what is carried at its end, so that the next goes on from there: for streams and truncated
   * backpropagation. Otherwise each pass begins at 0, unless it is given a state. Default: false.
   */
  stateful?: boolean;
  /** `"reverse"` begins at the last step and ends at the first; y stays in the order of x. Default: `"forward"`. */
  direction?: "forward" | "reverse";
}

/** The names of {@linkcode RecurrentInit}. */
export const recurrentNames: NameList<RecurrentInit> = {
  bias: "flag",
  parameters: true,
  random: true,
  type: true,
  norm: true,
  epsilon: true,
  stateful: "flag",
  direction: true,
};

/** What a {@linkcode Recurrent} is made of. */
export interface RecurrentParts {
  /** The names of what is carried from step to step. */
  carried: readonly string[];
  /** The parameters, by name. */
  plans: Readonly<Record<string, ParameterPlan>>;
  /** Of how many outputs each layer norm of a projection is. */
  together: readonly number[];
  /** What does a step. */
  cell: (parameters: Tensors, epsilon: number) => Cell;
}

/** The parameters of a recurrent layer: two weights, and what its documentation lists besides. */
export type RecurrentParameters = Tensors & Readonly<Record<"inputWeight" | "hiddenWeight", Tensor>>;

/** A sequence as it went through the network. */
interface Trace {
  x: Tensor;
  padding: Padding;
  input: Projected;
  hidden: Projected;
  /**
   * What was carried between steps and at both ends, [steps + 1, batch, hidden]: what comes before step t is at t + begin, what comes
   * after it at t + 1 - begin.
   */
  carried: Tensors;
  /** 0, or 1 where the first step is the last in time. */
  begin: 0 | 1;
}

/**
 * What all recurrent layers share: x [steps, batch, inputs] becomes y [steps, batch, hidden], the hidden states after each step, and
 * gradients go back through all steps (backpropagation through time, Werbos 1990).
 *
 * What is carried from step to step begins at 0, or at `hidden` (and `cell`) of the state that is given.
 */
export abstract class Recurrent implements RecurrentLayer {
  /** What is learned, by name. */
  readonly parameters: RecurrentParameters;
  /** None: before the first pass, what is carried is 0, for a batch of any size. */
  readonly state: Tensors = {};
  /** How many features x has. */
  readonly inputs: number;
  /** How many hidden units there are. */
  readonly hidden: number;
  /** Whether it is layer-normalized. */
  readonly norm: "layer" | "none";
  /** What is added to variances. */
  readonly epsilon: number;
  /** Whether a pass's state holds what is carried at its end. */
  readonly stateful: boolean;
  /** Whether it begins at the first step or at the last. */
  readonly direction: "forward" | "reverse";
  readonly #carried: readonly string[];
  readonly #cell: Cell;
  readonly #input: Projection;
  readonly #hidden: Projection;

  /** Made by its subclasses. */
  protected constructor(
    inputs: number,
    hidden: number,
    init: RecurrentInit,
    parts: (norm: "layer" | "none") => RecurrentParts,
  ) {
    const operation = this.constructor.name;
    const { norm = "none", epsilon = 1e-5, stateful = false, direction = "forward" } = init;
    checkCount(operation, "inputs", inputs);
    checkCount(operation, "hidden", hidden);
    checkNumber(operation, "epsilon", epsilon, 0);
    if (norm !== "layer" && norm !== "none") {
      throw new RangeError(`${operation}: norm is ${describe(norm)}; it must be "layer" or "none".`);
    }
    if (direction !== "forward" && direction !== "reverse") {
      throw new RangeError(`${operation}: direction is ${describe(direction)}; it must be "forward" or "reverse".`);
    }
    const { carried, plans, together, cell } = parts(norm);
    this.inputs = inputs;
    this.hidden = hidden;
    this.norm = norm;
    this.epsilon = epsilon;
    this.stateful = stateful;
    this.direction = direction;
    this.parameters = startParameters(operation, plans, init) as RecurrentParameters;
    this.#carried = carried;
    this.#cell = cell(this.parameters, epsilon);
    this.#input = new Projection("input", this.parameters, together, epsilon);
    this.#hidden = new Projection("hidden", this.parameters, together, epsilon);
  }

  /**
   * All steps, and what is needed to go back through them. With a `mask` in the context, what is carried passes over padding
   * unchanged, and y and dx are 0 there.
   *
   * @throws {TypeError | RangeError} If x or the state does not fit, or the layer is stateful and the state is missing.
   */
  train(x: Tensor, state?: Tensors, context: Context = {}): RecurrentPass {
    const operation = `${this.constructor.name}.train`, trace = this.#forward(operation, x, state, context);
    const { y, final } = resultOf(trace);
    return {
      y,
      final,
      state: this.stateful ? final : {},
      backward: (dy, dFinal = {}) => this.#backward(`${this.constructor.name}.backward`, trace, dy, dFinal),
    };
  }

  /** All hidden states; {@linkcode Recurrent.run} gives what is carried at the end as well. */
  evaluate(x: Tensor, state?: Tensors, context: Context = {}): Tensor {
    return resultOf(this.#forward(`${this.constructor.name}.evaluate`, x, state, context)).y;
  }

  /**
   * Evaluates a part of a stream.
   *
   * @param state What is carried in: `final` of the part before, `{}` at the beginning.
   */
  run(x: Tensor, state: Tensors, context: Context = {}): RecurrentResult {
    return resultOf(this.#forward(`${this.constructor.name}.run`, x, state, context));
  }

  #forward(operation: string, given: Tensor, state: Tensors | undefined, context: Context): Trace {
    this.#check(operation, given);
    checkContext(operation, context);
    const [steps, batch] = given.dims, padding = new Padding(operation, given, context), x = padding.cleared(given);
    const begin = this.direction === "reverse" ? 1 : 0;
    const trace: Trace = {
      x,
      padding,
      carried: this.#start(operation, x, begin * steps, state),
      begin,
      input: this.#input.memory(steps, batch),
      hidden: this.#hidden.memory(steps, batch),
    };
    this.#input.forward(rowsOf(x), { sums: rowsOf(trace.input.sums), y: rowsOf(trace.input.y) });
    for (const t of orderOf(trace)) {
      const step = stepIn(trace, t);
      this.#hidden.forward(step.before.hidden, { sums: stepOf(trace.hidden.sums, t), y: step.hidden });
      this.#cell.forward(step);
      padding.pass(t, step.before, step.after);
    }
    return trace;
  }

  #backward(operation: string, trace: Trace, dy: Tensor, dFinal: Tensors): RecurrentBackward {
    const { x, padding, carried, input, hidden, begin } = trace, [steps] = x.dims;
    checkKnown(operation, "dFinal", dFinal, this.#carried);
    checkAlike(operation, "dy", dy, hiddenStates(trace));
    const dSteps = padding.cleared(dy), dInput = like(input.y), dHidden = like(hidden.y), dx = like(x);
    const gradients = mapped(this.parameters, like);
    let after: Tensors = mapped(
      carried,
      (tensor, name) => gradientOf(operation, name, stepOf(tensor, 0), dFinal[name]),
    );
    let before: Tensors = mapped(after, like);
    for (const t of orderOf(trace).toReversed()) {
      const d = { after, before, input: stepOf(dInput, t), hidden: stepOf(dHidden, t) };
      const putPadding = padding.lift(t, after);
      add(after.hidden, stepOf(dSteps, t));
      this.#cell.backward(stepIn(trace, t), d, gradients);
      this.#hidden.backward(stepOf(hidden.sums, t), d.hidden, gradients);
      this.#hidden.addInputGradient(d.hidden, before.hidden);
      putPadding(before);
      [after, before] = [before, after];
    }
    this.#hidden.weightGradient(between(carried.hidden, begin, begin + steps), dHidden, gradients);
    this.#input.backward(rowsOf(input.sums), rowsOf(dInput), gradients);
    this.#input.weightGradient(x, dInput, gradients);
    this.#input.addInputGradient(rowsOf(dInput), rowsOf(dx));
    return { dx, gradients, dInitial: after };
  }

  #check(operation: string, x: Tensor): void {
    checkInput(operation, x, 3);
    const { type } = this.parameters.inputWeight;
    if (x.dims.length !== 3 || x.dims[2] !== this.inputs) {
      throw new RangeError(
        `${operation}: x has dims [${x.dims}]; they must be [steps, batch, ${this.inputs}], a sequence of the layer's inputs.`,
      );
    }
    if (x.type !== type) {
      throw new TypeError(`${operation}: x is ${x.type}, but the layer's parameters are ${type}. Convert one of them.`);
    }
  }

  /** Memory for what is carried, which is at the start as the state says. */
  #start(
    operation: string,
    { type, dims: [steps, batch] }: Tensor,
    start: number,
    state: Tensors | undefined,
  ): Tensors {
    if (state === undefined && this.stateful) {
      throw new TypeError(
        `${operation}: state is missing, and the layer is stateful. Give the state that the last train() returned; before the ` +
          `first, the layer's own \`state\`.`,
      );
    }
    checkKnown(operation, "the state", state, this.#carried);
    const given = state ?? {}, some = this.#carried.some((name) => given[name] !== undefined);
    const carried: Record<string, Tensor> = {};
    for (const name of this.#carried) {
      carried[name] = zeros(type, [steps + 1, batch, this.hidden]);
      if (!some) continue;
      checkDims(operation, `the state's ${name}`, given[name], [batch, this.hidden], "[batch, hidden]; {} begins anew");
      stepOf(carried[name], start).data.set(given[name].data);
    }
    return carried;
  }
}

/** The steps in the order in which they are taken. */
function orderOf({ x: { dims: [steps] }, begin }: Trace): number[] {
  return Array.from({ length: steps }, (_, i) => begin === 0 ? i : steps - 1 - i);
}

function stepIn({ input, hidden, carried, begin }: Trace, t: number): Step {
  return {
    input: stepOf(input.y, t),
    hidden: stepOf(hidden.y, t),
    before: mapped(carried, (tensor) => stepOf(tensor, t + begin)),
    after: mapped(carried, (tensor) => stepOf(tensor, t + 1 - begin)),
  };
}

/** The hidden states after each step. */
function hiddenStates({ x: { dims: [steps] }, carried, begin }: Trace): Tensor {
  return between(carried.hidden, 1 - begin, 1 - begin + steps);
}

/** In memory of its own: a trace must not change when results do. */
function resultOf(trace: Trace): RecurrentResult {
  const { x: { dims: [steps] }, padding, carried, begin } = trace;
  const final = mapped(carried, (tensor) => copyOf(stepOf(tensor, (1 - begin) * steps)));
  return { y: padding.cleared(copyOf(hiddenStates(trace))), final };
}

function gradientOf(operation: string, name: string, of: Tensor, given: Tensor | undefined): Tensor {
  if (given === undefined) return like(of);
  checkAlike(operation, `dFinal's ${name}`, given, of);
  return copyOf(given);
}

function like({ type, dims }: Tensor): Tensor {
  return zeros(type, dims);
}

function mapped(tensors: Tensors, change: (tensor: Tensor, name: string) => Tensor): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, change(tensor, name)]));
}
