/**
 * Recurrent networks in plain float64, one sample and one number at a time, written from the papers and for reading: the judge of
 * layers/recurrent/. Nothing here is shared with the code under test.
 */
import type { Tensor } from "../../../kernels/tensor.ts";
import type { Tensors } from "../../../layers/mod.ts";

/** What a network carries for one sample. */
export interface Carried {
  hidden: number[];
  cell: number[];
}

/** A step of one sample: what is carried on, from x[t] and what was carried here. */
export type Step = (x: number[], carried: Carried, parameters: Tensors, epsilon: number) => Carried;

const sigmoid = (a: number) => 1 / (1 + Math.exp(-a));

function entries(tensor: Tensor | undefined, count: number, fallback: number): number[] {
  return tensor ? [...tensor.data] : new Array(count).fill(fallback);
}

function times(weight: Tensor, x: number[]): number[] {
  const [outputs, inputs] = weight.dims;
  return Array.from(
    { length: outputs },
    (_, o) => x.reduce((sum, value, i) => sum + weight.data[o * inputs + i] * value, 0),
  );
}

function plus(...terms: number[][]): number[] {
  return terms[0].map((_, i) => terms.reduce((sum, term) => sum + term[i], 0));
}

function affine(a: number[], scale?: Tensor, bias?: Tensor): number[] {
  const s = entries(scale, a.length, 1), b = entries(bias, a.length, 0);
  return a.map((v, i) => v * s[i] + b[i]);
}

function layerNorm(a: number[], epsilon: number): number[] {
  const mean = a.reduce((x, y) => x + y, 0) / a.length;
  const variance = a.reduce((sum, v) => sum + (v - mean) ** 2, 0) / a.length;
  return a.map((v) => (v - mean) / Math.sqrt(variance + epsilon));
}

/** Ba, Kiros and Hinton (2016), equation 4, if there is a scale; else PyTorch's RNN. */
export function rnn(activation: (a: number) => number): Step {
  return (x, { hidden }, p, epsilon) => {
    const a = plus(times(p.inputWeight, x), times(p.hiddenWeight, hidden));
    const z = p.scale
      ? affine(layerNorm(a, epsilon), p.scale, p.bias)
      : affine(affine(a, undefined, p.inputBias), undefined, p.hiddenBias);
    return { hidden: z.map(activation), cell: [] };
  };
}

/** The supplement's equations 20 to 22 if there are scales, else PyTorch's LSTM. Gates i, f, g, o. */
export const lstm: Step = (x, { hidden, cell }, p, epsilon) => {
  const norm = (a: number[]) => p.inputScale ? layerNorm(a, epsilon) : a, units = hidden.length;
  const gates = plus(
    affine(norm(times(p.inputWeight, x)), p.inputScale, p.inputBias),
    affine(norm(times(p.hiddenWeight, hidden)), p.hiddenScale, p.hiddenBias),
  );
  const [i, f, g, o] = [0, 1, 2, 3].map((gate) => gates.slice(gate * units, (gate + 1) * units));
  const next = cell.map((c, j) => sigmoid(f[j]) * c + sigmoid(i[j]) * Math.tanh(g[j]));
  return {
    hidden: affine(norm(next), p.cellScale, p.cellBias).map((c, j) => sigmoid(o[j]) * Math.tanh(c)),
    cell: next,
  };
};

/** The supplement's layer-normalized GRU if there are scales, with z for its 1 - z; else PyTorch's GRU. Gates r, z, n. */
export const gru: Step = (x, { hidden }, p, epsilon) => {
  const units = hidden.length;
  const norm = (a: number[]) =>
    p.inputScale ? [...layerNorm(a.slice(0, 2 * units), epsilon), ...layerNorm(a.slice(2 * units), epsilon)] : a;
  const fromInput = affine(norm(times(p.inputWeight, x)), p.inputScale, p.inputBias);
  const fromHidden = affine(norm(times(p.hiddenWeight, hidden)), p.hiddenScale, p.hiddenBias);
  return {
    cell: [],
    hidden: hidden.map((h, j) => {
      const r = sigmoid(fromInput[j] + fromHidden[j]);
      const z = sigmoid(fromInput[units + j] + fromHidden[units + j]);
      const n = Math.tanh(fromInput[2 * units + j] + r * fromHidden[2 * units + j]);
      return (1 - z) * n + z * h;
    }),
  };
};

/** What a network gives for a sequence [steps, batch, inputs]. */
export interface Unrolled {
  /** [steps, batch, hidden] */
  y: Tensor<"float64">;
  /** What is carried at the end, [batch, hidden]. */
  final: Record<"hidden" | "cell", Tensor<"float64">>;
}

/** All steps. At padding, where the mask is 0, y is 0 and what is carried stays as it was. */
export function unrolled(
  step: Step,
  x: Tensor,
  parameters: Tensors,
  { initial = {}, epsilon = 1e-5, mask }: { initial?: Tensors; epsilon?: number; mask?: Tensor } = {},
): Unrolled {
  const [steps, batch, inputs] = x.dims, units = parameters.hiddenWeight.dims[1];
  const y = new Float64Array(steps * batch * units);
  const ends: Carried[] = Array.from({ length: batch }, (_, sample) => {
    const of = (tensor: Tensor | undefined) =>
      entries(tensor, batch * units, 0).slice(sample * units, (sample + 1) * units);
    let carried: Carried = { hidden: of(initial.hidden), cell: of(initial.cell) };
    for (let t = 0; t < steps; t++) {
      const row = t * batch + sample;
      if (mask?.data[row] === 0) continue;
      carried = step([...x.data.subarray(row * inputs, (row + 1) * inputs)], carried, parameters, epsilon);
      y.set(carried.hidden, row * units);
    }
    return carried;
  });
  const ended = (name: "hidden" | "cell"): Tensor<"float64"> => ({
    type: "float64",
    dims: [batch, units],
    data: Float64Array.from(ends.flatMap((end) => end[name])),
  });
  return {
    y: { type: "float64", dims: [steps, batch, units], data: y },
    final: { hidden: ended("hidden"), cell: ended("cell") },
  };
}
