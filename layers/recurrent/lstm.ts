import { OptionNames } from "../../kernels/option_names.ts";
import { layerNorm, layerNormBackward } from "../../kernels/layer_norm.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Tensors } from "../layer.ts";
import { type Cell, sigmoid, type Step, type StepGradients } from "./cell.ts";
import { projectionPlans } from "./parameters.ts";
import { Recurrent, type RecurrentInit, recurrentNames } from "./recurrent.ts";
import { add, copyOf } from "./rows.ts";

const names = new OptionNames<RecurrentInit>({ ...recurrentNames });

/**
 * A long short-term memory (Hochreiter and Schmidhuber 1997): PyTorch's, or with norm `"layer"` the layer-normalized one of Ba,
 * Kiros and Hinton (2016, supplement):
 *
 *     i, f, g, o = LN(W x[t]) inputScale + inputBias + LN(U h) hiddenScale + hiddenBias
 *     c = sigmoid(f) c + sigmoid(i) tanh(g),  h = sigmoid(o) tanh(LN(c) cellScale + cellBias)
 *
 * where LN subtracts the mean and divides by the deviation, in the projections over all four gates of a sample together. (The b that
 * the paper adds as well is in the two biases.) The plain one is the same without LN and scales.
 *
 * | parameter | dims | PyTorch's name |
 * |---|---|---|
 * | `inputWeight`, W | [4 * hidden, inputs], gates in the order i, f, g, o | `weight_ih_l0` |
 * | `hiddenWeight`, U | [4 * hidden, hidden] | `weight_hh_l0` |
 * | `inputBias`, `hiddenBias` | [4 * hidden] | `bias_ih_l0`, `bias_hh_l0` |
 * | `inputScale`, `hiddenScale` (normalized) | [4 * hidden] | |
 * | `cellScale`, `cellBias` (normalized) | [hidden] | |
 *
 * `hidden` and `cell` are carried from step to step.
 *
 * @example A step of training of truncated backpropagation, which goes on where the last one ended
 * ```ts
 * import { LSTM } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 *
 * const layer = new LSTM(2, 8, { stateful: true });
 * let state = layer.state;
 * for (const chunk of [new Float32Array(20), new Float32Array(20)]) {
 *   const pass = layer.train(tensor(chunk, [10, 1, 2]), state);
 *   const { gradients } = pass.backward(pass.y);
 *   console.log(Object.keys(gradients));
 *   state = pass.state;
 * }
 * ```
 */
export class LSTM extends Recurrent {
  /**
   * A layer whose parameters are drawn, unless they are given.
   *
   * @param inputs How many features x has.
   * @param hidden How many hidden units there are.
   * @throws {TypeError | RangeError} If an option does not fit.
   */
  constructor(inputs: number, hidden: number, init: RecurrentInit = {}) {
    names.check("LSTM", init);
    const { bias: biases = true } = init;
    super(inputs, hidden, init, (norm) => {
      const scales = norm === "layer";
      return {
        carried: ["hidden", "cell"],
        plans: {
          ...projectionPlans({ inputs, hidden, gates: 4, scales, biases }),
          ...scales && { cellScale: { dims: [hidden], start: 1 } },
          ...scales && biases && { cellBias: { dims: [hidden], start: 0 } },
        },
        together: [4 * hidden],
        cell: ({ cellScale, cellBias }, epsilon) =>
          new LstmCell(cellScale && { scale: cellScale, bias: cellBias, epsilon }),
      };
    });
  }
}

/** After a step its input holds the gates: i, f, g and o, activated. */
class LstmCell implements Cell {
  readonly #norm: { scale: Tensor; bias?: Tensor; epsilon: number } | undefined;

  constructor(norm: { scale: Tensor; bias?: Tensor; epsilon: number } | undefined) {
    this.#norm = norm;
  }

  forward({ input, hidden, before, after }: Step): void {
    const [batch, units] = after.cell.dims, gates = input.data, u = hidden.data;
    const c0 = before.cell.data, c = after.cell.data;
    for (let n = 0, at = 0; n < batch; n++) {
      const i = 4 * n * units, f = i + units, g = f + units, o = g + units;
      for (let j = 0; j < units; j++, at++) {
        gates[i + j] = sigmoid(gates[i + j] + u[i + j]);
        gates[f + j] = sigmoid(gates[f + j] + u[f + j]);
        gates[g + j] = Math.tanh(gates[g + j] + u[g + j]);
        gates[o + j] = sigmoid(gates[o + j] + u[o + j]);
        c[at] = gates[f + j] * c0[at] + gates[i + j] * gates[g + j];
      }
    }
    const squashed = this.#squashed(after.cell).data, h = after.hidden.data;
    for (let n = 0, at = 0; n < batch; n++) {
      const o = (4 * n + 3) * units;
      for (let j = 0; j < units; j++, at++) h[at] = gates[o + j] * squashed[at];
    }
  }

  backward({ input, before, after }: Step, d: StepGradients, gradients: Tensors): void {
    const [batch, units] = after.cell.dims, gates = input.data, dGates = d.input.data;
    const squashed = this.#squashed(after.cell).data;
    const dh = d.after.hidden.data, dSquashed = copyOf(d.after.hidden);
    for (let n = 0, at = 0; n < batch; n++) {
      const gate = (4 * n + 3) * units;
      for (let j = 0; j < units; j++, at++) {
        const o = gates[gate + j], t = squashed[at];
        dGates[gate + j] = dh[at] * t * o * (1 - o);
        dSquashed.data[at] = dh[at] * o * (1 - t * t);
      }
    }
    const throughHidden = this.#cellGradient(after.cell, dSquashed, gradients).data;
    const c0 = before.cell.data, dc = d.after.cell.data, dc0 = d.before.cell.data;
    for (let n = 0, at = 0; n < batch; n++) {
      const first = 4 * n * units;
      for (let j = 0; j < units; j++, at++) {
        const i = first + j, f = i + units, g = f + units, slope = dc[at] + throughHidden[at];
        dGates[i] = slope * gates[g] * gates[i] * (1 - gates[i]);
        dGates[f] = slope * c0[at] * gates[f] * (1 - gates[f]);
        dGates[g] = slope * gates[i] * (1 - gates[g] * gates[g]);
        dc0[at] = slope * gates[f];
      }
    }
    d.hidden.data.set(dGates);
    d.before.hidden.data.fill(0);
  }

  /** tanh of the cell, normalized first if there is a norm. */
  #squashed(cell: Tensor): Tensor {
    const y = this.#norm ? layerNorm(cell, this.#norm) : copyOf(cell);
    for (let i = 0; i < y.data.length; i++) y.data[i] = Math.tanh(y.data[i]);
    return y;
  }

  /** From the gradient with respect to what tanh is of to that with respect to the cell. */
  #cellGradient(cell: Tensor, dy: Tensor, gradients: Tensors): Tensor {
    if (this.#norm === undefined) return dy;
    const { dx, dScale, dBias } = layerNormBackward(cell, dy, { ...this.#norm, out: { dx: dy } });
    add(gradients.cellScale, dScale!);
    if (dBias) add(gradients.cellBias, dBias);
    return dx;
  }
}
