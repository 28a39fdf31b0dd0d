/** Every recurrent layer in every form, with its formula. */
import type { DType, Tensor } from "../../../kernels/tensor.ts";
import { GRU, LSTM, type Recurrent, type RecurrentInit, RNN } from "../../../layers/recurrent/mod.ts";
import { cast, noise } from "../../../tools/judge/noise.ts";
import { gru, lstm, rnn, type Step } from "./recurrent_formulas.ts";

/** A kind of layer and what one step of it is. */
export interface RecurrentCase {
  /** Makes the layer. */
  make: (inputs: number, hidden: number, init?: RecurrentInit) => Recurrent;
  /** The formula of a step. */
  step: Step;
}

const relu = (a: number) => Math.max(a, 0);

/** By name. */
export const recurrentCases: Record<string, RecurrentCase> = {};
for (const norm of ["layer", "none"] as const) {
  const says = norm === "layer" ? "layer-normalized" : "plain";
  for (const bias of [true, false]) {
    const options = { norm, bias }, ends = bias ? "" : " without bias";
    Object.assign(recurrentCases, {
      [`${says} RNN${ends}`]: {
        make: (inputs: number, hidden: number, init = {}) => new RNN(inputs, hidden, { ...options, ...init }),
        step: rnn(Math.tanh),
      },
      [`${says} RNN of relu${ends}`]: {
        make: (inputs: number, hidden: number, init = {}) =>
          new RNN(inputs, hidden, { ...options, activation: "relu", ...init }),
        step: rnn(relu),
      },
      [`${says} LSTM${ends}`]: {
        make: (inputs: number, hidden: number, init = {}) => new LSTM(inputs, hidden, { ...options, ...init }),
        step: lstm,
      },
      [`${says} GRU${ends}`]: {
        make: (inputs: number, hidden: number, init = {}) => new GRU(inputs, hidden, { ...options, ...init }),
        step: gru,
      },
    });
  }
}

/** Moves parameters away from 1 and 0, where one that is left out, or in the place of another, would not show. */
export function scattered<L extends Recurrent>(layer: L, deviation = 0.3): L {
  Object.values(layer.parameters).forEach((parameter, i) => {
    noise(parameter.dims, { type: "float64", seed: 101 + i }).data.forEach((v, e) =>
      parameter.data[e] += deviation * v
    );
  });
  return layer;
}

/** What is carried into a layer. */
export function initialFor({ hidden, parameters }: Recurrent, batch: number, type: DType): Record<string, Tensor> {
  const initial: Record<string, Tensor> = { hidden: cast(noise([batch, hidden], { seed: 61, deviation: 0.5 }), type) };
  if (parameters.inputWeight.dims[0] === 4 * hidden) {
    initial.cell = cast(noise([batch, hidden], { seed: 62, deviation: 0.5 }), type);
  }
  return initial;
}
