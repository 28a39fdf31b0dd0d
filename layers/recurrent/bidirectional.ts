import { checkAlike } from "../../kernels/check.ts";
import { describe, type Tensor, zeros } from "../../kernels/tensor.ts";
import { checkKnown, checkParts } from "../check_pass.ts";
import { plus } from "../gradients.ts";
import type { Context, Tensors } from "../layer.ts";
import { partOf, prefixed } from "../names.ts";
import { joined, stateOf } from "../network/sequential.ts";
import type { RecurrentLayer, RecurrentPass, RecurrentResult } from "./recurrence.ts";
import { Recurrent } from "./recurrent.ts";

const parts = ["forward", "backward"];

/**
 * Two recurrent layers over the same sequence, one from its beginning and one from its end (Schuster and Paliwal 1997). At each step y
 * has the hidden states of the first, then those of the second: [steps, batch, hidden + hidden], as in PyTorch.
 *
 * Parameters, state and what is carried have `forward.` or `backward.` in front.
 *
 * @example
 * ```ts
 * import { Bidirectional, LSTM } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const layer = new Bidirectional(new LSTM(2, 8), new LSTM(2, 8, { direction: "reverse" }));
 * const { y, final } = layer.train(tensor(new Float32Array(40), [5, 4, 2])); // 5 steps of a batch of 4
 * assertEquals(y.dims, [5, 4, 16]);
 * assertEquals(Object.keys(final), ["forward.hidden", "forward.cell", "backward.hidden", "backward.cell"]);
 * ```
 */
export class Bidirectional implements RecurrentLayer {
  /** Those of both layers. */
  readonly parameters: Tensors;
  /** None: before the first pass, what is carried is 0. */
  readonly state: Tensors;
  /** The layer that begins at the first step. */
  readonly forward: Recurrent;
  /** The layer that begins at the last step. */
  readonly backward: Recurrent;

  /**
   * The two as one.
   *
   * @param forward A recurrent layer.
   * @param backward One that is made with `direction: "reverse"`.
   * @throws {TypeError | RangeError} If they are no recurrent layers, of these directions and of as many inputs.
   */
  constructor(forward: Recurrent, backward: Recurrent) {
    for (
      const [name, layer, direction] of [["forward", forward, "forward"], ["backward", backward, "reverse"]] as const
    ) {
      if (!(layer instanceof Recurrent)) {
        throw new TypeError(`Bidirectional: ${name} is ${describe(layer)}; it must be an RNN, an LSTM or a GRU.`);
      }
      if (layer.direction === direction) continue;
      throw new RangeError(
        `Bidirectional: the direction of ${name} is "${layer.direction}"; make that layer with direction: "${direction}".`,
      );
    }
    if (forward.inputs !== backward.inputs) {
      throw new RangeError(
        `Bidirectional: forward has ${forward.inputs} inputs and backward ${backward.inputs}; both read the same sequence.`,
      );
    }
    this.forward = forward;
    this.backward = backward;
    this.parameters = joined({ forward, backward }, "parameters");
    this.state = joined({ forward, backward }, "state");
  }

  /**
   * Both ways, and what is needed to go back.
   *
   * @throws {TypeError | RangeError} If x or the state does not fit.
   */
  train(x: Tensor, state?: Tensors, context?: Context): RecurrentPass {
    checkParts("Bidirectional.train", state, parts);
    const forward = this.forward.train(x, stateOf("forward", state), context);
    const backward = this.backward.train(x, stateOf("backward", state), context);
    const y = sideBySide(forward.y, backward.y), final = both(forward.final, backward.final);
    return {
      y,
      final,
      state: both(forward.state, backward.state),
      backward: (dy, dFinal = {}) => {
        checkAlike("Bidirectional.backward", "dy", dy, y);
        checkKnown("Bidirectional.backward", "dFinal", dFinal, Object.keys(final));
        const first = forward.backward(columnsOf(dy, 0, this.forward.hidden), partOf("forward", dFinal));
        const second = backward.backward(
          columnsOf(dy, this.forward.hidden, this.backward.hidden),
          partOf("backward", dFinal),
        );
        return {
          dx: plus(first.dx, second.dx)!,
          gradients: both(first.gradients, second.gradients),
          dInitial: both(first.dInitial, second.dInitial),
        };
      },
    };
  }

  /** All hidden states; {@linkcode Bidirectional.run} gives what is carried at the end as well. */
  evaluate(x: Tensor, state?: Tensors, context?: Context): Tensor {
    checkParts("Bidirectional.evaluate", state, parts);
    return sideBySide(
      this.forward.evaluate(x, stateOf("forward", state), context),
      this.backward.evaluate(x, stateOf("backward", state), context),
    );
  }

  /** Evaluates a whole sequence, and gives what each direction carries at its end. */
  run(x: Tensor, state: Tensors, context?: Context): RecurrentResult {
    checkParts("Bidirectional.run", state, parts);
    const forward = this.forward.run(x, partOf("forward", state), context);
    const backward = this.backward.run(x, partOf("backward", state), context);
    return { y: sideBySide(forward.y, backward.y), final: both(forward.final, backward.final) };
  }
}

function both(forward: Tensors, backward: Tensors): Tensors {
  return { ...prefixed("forward", forward), ...prefixed("backward", backward) };
}

/** The features of both, one after the other. */
function sideBySide(first: Tensor, second: Tensor): Tensor {
  const [steps, batch, before] = first.dims, features = before + second.dims[2];
  const y = zeros(first.type, [steps, batch, features]);
  for (let row = 0; row < steps * batch; row++) {
    const of = ({ dims: [, , width], data }: Tensor) => data.subarray(row * width, (row + 1) * width);
    y.data.set(of(first), row * features);
    y.data.set(of(second), row * features + before);
  }
  return y;
}

/** Some features of a sequence: the inverse of {@linkcode sideBySide}. */
function columnsOf({ type, dims: [steps, batch, width], data }: Tensor, start: number, features: number): Tensor {
  const columns = zeros(type, [steps, batch, features]);
  for (let row = 0; row < steps * batch; row++) {
    const at = row * width + start;
    columns.data.set(data.subarray(at, at + features), row * features);
  }
  return columns;
}
