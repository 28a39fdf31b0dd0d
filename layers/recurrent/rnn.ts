import { OptionNames } from "../../kernels/option_names.ts";
import { layerNorm, layerNormBackward } from "../../kernels/layer_norm.ts";
import { describe, type Tensor } from "../../kernels/tensor.ts";
import type { Tensors } from "../layer.ts";
import type { Cell, Step, StepGradients } from "./cell.ts";
import { projectionPlans } from "./parameters.ts";
import { Recurrent, type RecurrentInit, recurrentNames } from "./recurrent.ts";
import { add } from "./rows.ts";

/** How an {@linkcode RNN} is made. */
export interface RNNInit extends RecurrentInit {
  /** What the hidden units apply to their sums. Default: `"tanh"`. */
  activation?: "tanh" | "relu";
}

const names = new OptionNames<RNNInit>({ ...recurrentNames, activation: true });

/**
 * A recurrent network, PyTorch's:
 *
 *     h = activation(W x[t] + inputBias + U h + hiddenBias)
 *
 * or with norm `"layer"` the layer-normalized one of Ba, Kiros and Hinton (2016, equation 4):
 *
 *     a = W x[t] + U h,  h = activation((a - mean(a)) / sqrt(variance(a) + epsilon) * scale + bias)
 *
 * with the mean and the variance over the hidden units of a sample.
 *
 * | parameter | dims | PyTorch's name |
 * |---|---|---|
 * | `inputWeight`, W | [hidden, inputs] | `weight_ih_l0` |
 * | `hiddenWeight`, U | [hidden, hidden] | `weight_hh_l0` |
 * | `inputBias`, `hiddenBias` (plain) | [hidden] | `bias_ih_l0`, `bias_hh_l0` |
 * | `scale`, `bias` (normalized) | [hidden] | |
 *
 * @example A stream in two parts
 * ```ts
 * import { random, RNN } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const layer = new RNN(2, 8, { random: random(7) });
 * const x = tensor(new Float32Array(12), [6, 1, 2]); // 6 steps, a batch of 1
 * const half = tensor(new Float32Array(6), [3, 1, 2]);
 * const first = layer.run(half, {}), second = layer.run(half, first.final);
 * assertEquals(second.final.hidden, layer.run(x, {}).final.hidden);
 * ```
 */
export class RNN extends Recurrent {
  /** What the hidden units apply to their sums. */
  readonly activation: "tanh" | "relu";

  /**
   * A layer whose parameters are drawn, unless they are given.
   *
   * @param inputs How many features x has.
   * @param hidden How many hidden units there are.
   * @throws {TypeError | RangeError} If an option does not fit.
   */
  constructor(inputs: number, hidden: number, init: RNNInit = {}) {
    names.check("RNN", init);
    const { activation = "tanh", bias: biases = true } = init;
    if (activation !== "tanh" && activation !== "relu") {
      throw new RangeError(`RNN: activation is ${describe(activation)}; it must be "tanh" or "relu".`);
    }
    super(inputs, hidden, init, (norm) => {
      const normalized = norm === "layer";
      const projections = { inputs, hidden, gates: 1, scales: false, biases: biases && !normalized };
      return {
        carried: ["hidden"],
        plans: {
          ...projectionPlans(projections),
          ...normalized && { scale: { dims: [hidden], start: 1 } },
          ...normalized && biases && { bias: { dims: [hidden], start: 0 } },
        },
        together: [hidden],
        cell: ({ scale, bias }, epsilon) => new RnnCell(activation, scale && { scale, bias, epsilon }),
      };
    });
    this.activation = activation;
  }
}

class RnnCell implements Cell {
  readonly #activation: "tanh" | "relu";
  readonly #norm: { scale: Tensor; bias?: Tensor; epsilon: number } | undefined;

  constructor(activation: "tanh" | "relu", norm: { scale: Tensor; bias?: Tensor; epsilon: number } | undefined) {
    this.#activation = activation;
    this.#norm = norm;
  }

  forward({ input, hidden, after }: Step): void {
    add(input, hidden);
    const h = after.hidden;
    if (this.#norm) layerNorm(input, { ...this.#norm, out: { y: h } });
    else h.data.set(input.data);
    const f = this.#activation === "tanh" ? Math.tanh : (a: number) => a > 0 ? a : 0;
    for (let i = 0; i < h.data.length; i++) h.data[i] = f(h.data[i]);
  }

  backward({ input, after }: Step, d: StepGradients, gradients: Tensors): void {
    const h = after.hidden.data, dh = d.after.hidden.data, da = d.input;
    const tanh = this.#activation === "tanh";
    for (let i = 0; i < h.length; i++) da.data[i] = dh[i] * (tanh ? 1 - h[i] * h[i] : h[i] > 0 ? 1 : 0);
    if (this.#norm) {
      const { dScale, dBias } = layerNormBackward(input, da, { ...this.#norm, out: { dx: da } });
      add(gradients.scale, dScale!);
      if (dBias) add(gradients.bias, dBias);
    }
    d.hidden.data.set(da.data);
    d.before.hidden.data.fill(0);
  }
}
