/**
 * Follows gradients back through 200 steps of a plain and of a layer-normalized recurrent network.
 *
 * @module
 */
import type { Tensor } from "../kernels/tensor.ts";
import { random, type Tensors } from "../layers/mod.ts";
import { type RecurrentPass, RNN } from "../layers/recurrent/mod.ts";
import { noise } from "../tools/judge/noise.ts";
import { type Column, table } from "../tools/table.ts";

const help = `deno task gradient-norms

Prints the norms of dL/dh[t], the gradient with respect to the hidden units, from the last of 200 steps back to the first, for plain
and layer-normalized networks (tanh, a batch of 8, float64) whose weights are PyTorch's default ones multiplied by a factor; then what
becomes of the normalized one as the input weighs more.

Options:
  --help  this text`;

/** A network and the sequence it sees. */
export interface Setting {
  /** Layer-normalized, or plain. */
  norm: "layer" | "none";
  /** What all weights are multiplied by, once they are drawn. Default: 1. */
  factor?: number;
  /** How many features x has: standard normal noise at each step. Default: 4. */
  inputs?: number;
  /** How many hidden units there are. Default: 64. */
  hidden?: number;
  /** Draws the weights and x. Default: 1. */
  seed?: number;
}

const type = "float64", steps = 200, batch = 8;

/** The norms of dL/dh[t] for t from 1 to 200, where dL/dh[200] is of norm 1 and y before it has no part in L. */
export function gradientNorms({ norm, factor = 1, inputs = 4, hidden = 64, seed = 1 }: Setting): number[] {
  const layer = new RNN(inputs, hidden, { norm, type, random: random(seed) });
  for (const { data } of [layer.parameters.inputWeight, layer.parameters.hiddenWeight]) {
    for (let i = 0; i < data.length; i++) data[i] *= factor;
  }
  const passes: RecurrentPass[] = [];
  let carried: Tensors = {};
  for (let t = 0; t < steps; t++) {
    const pass = layer.train(noise([1, batch, inputs], { type, seed: 1000 * seed + t }), carried);
    passes.push(pass);
    carried = pass.final;
  }
  const none = noise([1, batch, hidden], { type, deviation: 0 });
  const last = noise([batch, hidden], { type, seed }), length = normOf(last);
  let dh: Tensor = { ...last, data: last.data.map((v) => v / length) };
  const norms = [normOf(dh)];
  for (const pass of passes.slice(1).toReversed()) {
    dh = pass.backward(none, { hidden: dh }).dInitial.hidden;
    norms.unshift(normOf(dh));
  }
  return norms;
}

/** By how much the largest norm exceeds the smallest. */
export function spread(norms: readonly number[]): number {
  return Math.max(...norms) / Math.min(...norms);
}

function normOf({ data }: Tensor): number {
  return Math.hypot(...data);
}

/**
 * By how much a step back multiplies the norm of a gradient in a wide normalized network at its start, when sums are standard normal:
 * the root of E[tanh'(z)^2] / (E[tanh(z)^2] + inputs / hidden).
 */
export function expectedFactor(inputs: number, hidden: number): number {
  const mean = (f: (z: number) => number) => {
    let sum = 0;
    for (let z = -8; z < 8; z += 0.01) sum += f(z) * Math.exp(-z * z / 2);
    return 0.01 * sum / Math.sqrt(2 * Math.PI);
  };
  return Math.sqrt(mean((z) => Math.cosh(z) ** -4) / (mean((z) => Math.tanh(z) ** 2) + inputs / hidden));
}

const format = (value: number) => value.toExponential(1);

interface ThroughTime {
  setting: Setting;
  norms: number[];
}

const throughTime: Column<ThroughTime>[] = [
  { title: "network", cell: ({ setting: { norm } }) => norm === "layer" ? "layer-normalized" : "plain" },
  { title: "weights", cell: ({ setting: { factor } }) => `x ${factor}`, align: "right" },
  // A matrix of numbers drawn from -1/sqrt(n) to 1/sqrt(n) has about this radius.
  { title: "radius", cell: ({ setting: { factor = 1 } }) => (factor / Math.sqrt(3)).toFixed(2), align: "right" },
  ...[200, 150, 100, 50, 1].map((t): Column<ThroughTime> => ({
    title: `t = ${t}`,
    cell: ({ norms }) => format(norms[t - 1]),
    align: "right",
  })),
  { title: "largest / smallest", cell: ({ norms }) => format(spread(norms)), align: "right" },
];

interface ByInputs {
  inputs: number;
  firsts: number[];
}

const byInputs: Column<ByInputs>[] = [
  { title: "inputs", cell: ({ inputs }) => String(inputs), align: "right" },
  { title: "expected a step", cell: ({ inputs }) => expectedFactor(inputs, 64).toFixed(3), align: "right" },
  { title: "measured", cell: ({ firsts }) => (medianOf(firsts) ** (1 / (steps - 1))).toFixed(3), align: "right" },
  { title: "t = 1, median", cell: ({ firsts }) => format(medianOf(firsts)), align: "right" },
  { title: "least", cell: ({ firsts }) => format(Math.min(...firsts)), align: "right" },
  { title: "most", cell: ({ firsts }) => format(Math.max(...firsts)), align: "right" },
];

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

/** Prints the two tables. */
function main() {
  const settings = (["none", "layer"] as const).flatMap((norm) =>
    [0.5, 1, 2, 4, 8].map((factor): Setting => ({ norm, factor }))
  );
  console.log("Norms of dL/dh[t]; 4 inputs, 64 hidden units, PyTorch's default weights times a factor:\n");
  console.log(table(throughTime, settings.map((setting) => ({ setting, norms: gradientNorms(setting) }))));
  console.log("\nThe layer-normalized network where the input weighs less or more; 9 seeds, 64 hidden units:\n");
  console.log(table(
    byInputs,
    [1, 2, 4, 8, 16].map((inputs) => ({
      inputs,
      firsts: [1, 2, 3, 4, 5, 6, 7, 8, 9].map((seed) => gradientNorms({ norm: "layer", inputs, seed })[0]),
    })),
  ));
}

if (import.meta.main) {
  if (Deno.args.includes("--help")) console.log(help);
  else main();
}
