import { OptionNames } from "../../kernels/option_names.ts";
import { type Cell, sigmoid, type Step, type StepGradients } from "./cell.ts";
import { projectionPlans } from "./parameters.ts";
import { Recurrent, type RecurrentInit, recurrentNames } from "./recurrent.ts";

const names = new OptionNames<RecurrentInit>({ ...recurrentNames });

/**
 * A gated recurrent unit (Cho et al. 2014) whose reset gate acts after the product with the hidden weight: PyTorch's, or with
 * norm `"layer"` the layer-normalized one of Ba, Kiros and Hinton (2016, supplement):
 *
 *     p = LN(W x[t]) inputScale + inputBias,  q = LN(U h) hiddenScale + hiddenBias, each in parts r, z, n
 *     r = sigmoid(p_r + q_r),  z = sigmoid(p_z + q_z),  n = tanh(p_n + r q_n),  h = (1 - z) n + z h
 *
 * where LN subtracts the mean and divides by the deviation, over r and z of a sample together and over n by itself. The paper's formula
 * has 1 - z for z; its authors' code has it as here. The plain one is the same without LN and scales.
 *
 * | parameter | dims | PyTorch's name |
 * |---|---|---|
 * | `inputWeight`, W | [3 * hidden, inputs], gates in the order r, z, n | `weight_ih_l0` |
 * | `hiddenWeight`, U | [3 * hidden, hidden] | `weight_hh_l0` |
 * | `inputBias`, `hiddenBias` | [3 * hidden] | `bias_ih_l0`, `bias_hh_l0` |
 * | `inputScale`, `hiddenScale` (normalized) | [3 * hidden] | |
 *
 * @example
 * ```ts
 * import { GRU } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const layer = new GRU(2, 8);
 * const { y, final } = layer.train(tensor(new Float32Array(40), [5, 4, 2])); // 5 steps of a batch of 4
 * assertEquals(y.dims, [5, 4, 8]);
 * assertEquals(final.hidden.dims, [4, 8]);
 * ```
 */
export class GRU extends Recurrent {
  /**
   * A layer whose parameters are drawn, unless they are given.
   *
   * @param inputs How many features x has.
   * @param hidden How many hidden units there are.
   * @throws {TypeError | RangeError} If an option does not fit.
   */
  constructor(inputs: number, hidden: number, init: RecurrentInit = {}) {
    names.check("GRU", init);
    const { bias: biases = true } = init;
    super(inputs, hidden, init, (norm) => ({
      carried: ["hidden"],
      plans: projectionPlans({ inputs, hidden, gates: 3, scales: norm === "layer", biases }),
      together: [2 * hidden, hidden],
      cell: () => gruCell,
    }));
  }
}

/** After a step its input holds r, z and n. */
const gruCell: Cell = {
  forward({ input, hidden, before, after }: Step): void {
    const [batch, units] = after.hidden.dims, gates = input.data, u = hidden.data;
    const h0 = before.hidden.data, h = after.hidden.data;
    for (let row = 0, at = 0; row < batch; row++) {
      const first = 3 * row * units;
      for (let r = first; r < first + units; r++, at++) {
        const z = r + units, n = z + units;
        gates[r] = sigmoid(gates[r] + u[r]);
        gates[z] = sigmoid(gates[z] + u[z]);
        gates[n] = Math.tanh(gates[n] + gates[r] * u[n]);
        h[at] = (1 - gates[z]) * gates[n] + gates[z] * h0[at];
      }
    }
  },

  backward({ input, hidden, before, after }: Step, d: StepGradients): void {
    const [batch, units] = after.hidden.dims, gates = input.data, u = hidden.data, h0 = before.hidden.data;
    const dh = d.after.hidden.data, dh0 = d.before.hidden.data, dp = d.input.data, dq = d.hidden.data;
    for (let row = 0, at = 0; row < batch; row++) {
      const first = 3 * row * units;
      for (let r = first; r < first + units; r++, at++) {
        const z = r + units, n = z + units;
        dp[n] = dh[at] * (1 - gates[z]) * (1 - gates[n] * gates[n]);
        dp[z] = dq[z] = dh[at] * (h0[at] - gates[n]) * gates[z] * (1 - gates[z]);
        dp[r] = dq[r] = dp[n] * u[n] * gates[r] * (1 - gates[r]);
        dq[n] = dp[n] * gates[r];
        dh0[at] = dh[at] * gates[z];
      }
    }
  },
};
