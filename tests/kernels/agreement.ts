/** Holds one kernel, forward and backward, against the reference: every output, and everything that must not be written. */
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import * as kernels from "../../kernels/mod.ts";
import * as reference from "../../kernels/reference.ts";
import type { DType, Tensor } from "../../kernels/tensor.ts";
import { invoke, type Outputs } from "../../tools/judge/compare.ts";
import { noise } from "../../tools/judge/noise.ts";
import { Arena } from "./arena.ts";
import { boundsOf } from "./bounds.ts";
import { arrays, assertClose, assertSameBits } from "../close.ts";
import type { Recipe } from "./recipes.ts";

interface Family {
  /** The least rank of x. */
  rank: number;
  /** What the options are, besides those that every kernel with `affine` has. */
  options(recipe: Recipe): Record<string, unknown>;
  /** Scale, bias, epsilon and activation: the dims of the first two. */
  affine?: (dims: number[], options: Record<string, unknown>) => number[];
  /** Statistics that the forward pass writes, in `out` or, if it is `returned`, in any case. */
  statistics: ("mean" | "variance" | "invStdDev")[];
  returned?: boolean;
  /** Whether a residual is added first. */
  adds?: boolean;
}

/** A non-empty set of axes, some of them counted from the back, in some order. */
function axesOf({ dims, pick, fixed }: Recipe): number[] {
  if (fixed?.axes) return fixed.axes;
  const rank = dims.length, set = 1 + pick % (2 ** rank - 1);
  const axes = dims.map((_, d) => d).filter((d) => set >> d & 1).map((d) => pick >> 7 + d & 1 ? d - rank : d);
  return pick & 64 ? axes.reverse() : axes;
}

/** An axis that is not the first `from`, counted from the front or from the back. */
function axisOf({ dims: { length }, pick, fixed }: Recipe, from = 0): number {
  if (fixed?.axis !== undefined) return fixed.axis;
  const axis = from + pick % (length - from);
  return pick & 64 ? axis - length : axis;
}

function divisorOf(n: number, pick: number): number {
  const divisors = Array.from({ length: Math.max(n, 1) }, (_, i) => i + 1).filter((d) => n % d === 0);
  return divisors[(pick >> 5) % divisors.length];
}

const reducedSizes = (dims: number[], { axes }: Record<string, unknown>) =>
  (axes as number[]).map((axis) => axis < 0 ? axis + dims.length : axis).sort((a, b) => a - b).map((d) => dims[d]);
const channel = (dims: number[], { axis }: Record<string, unknown>) => [dims.at(axis as number)!];

const layer: Family = {
  rank: 1,
  options: (recipe) => ({ axes: axesOf(recipe), subtractMean: recipe.pick % 5 > 0 }),
  affine: reducedSizes,
  statistics: ["mean", "invStdDev"],
};
const rms: Family = {
  rank: 1,
  options: (recipe) => ({ axes: axesOf(recipe) }),
  affine: reducedSizes,
  statistics: ["invStdDev"],
};

/** Every kernel, and how it is called. */
export const families: Record<string, Family> = {
  layerNorm: layer,
  rmsNorm: rms,
  addLayerNorm: { ...layer, adds: true },
  addRmsNorm: { ...rms, adds: true },
  batchNorm: {
    rank: 2,
    options(recipe) {
      const axis = axisOf(recipe), { mean, seed, pick } = recipe, dims = channel(recipe.dims, { axis });
      const type = pick & 1 ? "float32" : "float64";
      const variance = noise(dims, { type, seed: seed + 9 });
      variance.data.forEach((v, c) => variance.data[c] = v * v + 0.1);
      return { axis, mean: noise(dims, { type, mean, seed: seed + 8 }), variance };
    },
    affine: channel,
    statistics: [],
  },
  batchNormTraining: {
    rank: 2,
    options: (recipe) => ({ axis: axisOf(recipe) }),
    affine: channel,
    statistics: ["mean", "variance"],
    returned: true,
  },
  groupNorm: {
    rank: 2,
    options(recipe) {
      const axis = axisOf(recipe, 1);
      return { axis, groups: recipe.fixed?.groups ?? divisorOf(recipe.dims.at(axis)!, recipe.pick) };
    },
    affine: channel,
    statistics: ["mean", "invStdDev"],
  },
  instanceNorm: {
    rank: 2,
    options: (recipe) => ({ axis: axisOf(recipe, 1) }),
    affine: channel,
    statistics: ["mean", "invStdDev"],
  },
  meanVarianceNorm: { rank: 1, options: (recipe) => ({ axes: axesOf(recipe) }), statistics: [] },
  lpNorm: {
    rank: 1,
    options: (recipe) => ({ axis: axisOf(recipe), p: 1 + recipe.seed % 2 }),
    statistics: [],
  },
  localResponseNorm: {
    rank: 2,
    options: (recipe) => ({
      axis: axisOf(recipe),
      size: 1 + recipe.seed % 6,
      alpha: [1e-4, 0.5][recipe.pick & 1],
      beta: [0.75, 0.5, 2][recipe.pick % 3],
      bias: [1, 2.5][recipe.seed & 1],
    }),
    statistics: [],
  },
};

/** For each value of a recipe's `alias`, which outputs are inputs. Others are arrays of their own. */
const aliases: Record<string, string>[] = [
  {},
  { y: "x", dx: "x" },
  { y: "residual", dx: "dy" },
  { sum: "x", dx: "x" },
  { sum: "residual" },
  { sum: "x", y: "residual", dx: "x" },
  { sum: "residual", y: "x", dx: "dy" },
  {},
];

/** Calls a kernel and its backward as the recipe says, and asserts that they agree with the reference. */
export function assertAgreement(kernel: string, type: DType, recipe: Recipe): void {
  const family = families[kernel], dims = [...recipe.dims];
  while (dims.length < family.rank) dims.push(1);
  // The numbers of float16 end at 65504.
  const mean = type === "float16" ? Math.min(recipe.mean, 1e4) : recipe.mean;
  const fitting = { ...recipe, dims, mean };
  const saved = forward(kernel, family, type, fitting);
  backward(kernel, family, type, fitting, saved);
}

/** Makes the tensors of one call, each in its place, and keeps copies of the inputs. */
class Call {
  readonly arena = new Arena();
  readonly inputs: Outputs = {};
  readonly copies: Outputs = {};
  readonly out: Outputs = {};
  readonly #recipe: Recipe;
  #made = 0;

  constructor(recipe: Recipe) {
    this.#recipe = recipe;
  }

  make(type: DType, dims: readonly number[], values?: ArrayLike<number>): Tensor {
    const { places } = this.#recipe;
    return this.arena.make(type, dims, places[this.#made++ % places.length], values);
  }

  input(name: string, { type, dims, data }: Tensor): Tensor {
    this.copies[name] = { type, dims, data } as Tensor;
    return this.inputs[name] = this.make(type, dims, data);
  }

  /** Gives an output, if the recipe says so: an input that it may replace, or a tensor of its own. */
  output(name: string, type: DType, dims: readonly number[]): void {
    const { alias, given } = this.#recipe, other = this.inputs[aliases[alias][name]];
    if (other !== undefined) this.out[name] = other;
    else if (given >> Object.keys(this.out).length + this.#made & 1) this.out[name] = this.make(type, dims);
  }

  /** Calls a kernel; gives its outputs by name, those of `out` among them. Asserts that nothing else was written. */
  run(kernel: string, tensors: string[], options: Record<string, unknown>): Outputs {
    const got = invoke(kernels, {
      kernel,
      inputs: tensors.map((name) => this.inputs[name]),
      options: { ...options, ...this.options(this.inputs, tensors), out: this.out },
    });
    for (const [name, tensor] of Object.entries(this.out)) {
      if (name in got) assertStrictEquals(got[name], tensor, `${name} is not out.${name}`);
    }
    this.arena.check();
    const written = Object.values(this.out);
    for (const [name, tensor] of Object.entries(this.inputs)) {
      if (!written.includes(tensor)) assertSameBits(tensor.data, this.copies[name].data, `${name}, an input,`);
    }
    return { ...got, ...this.out };
  }

  /** Those inputs that are options. */
  options(from: Outputs, tensors: string[]): Outputs {
    return Object.fromEntries(Object.entries(from).filter(([name]) => !tensors.includes(name)));
  }
}

function start(family: Family, type: DType, recipe: Recipe): { call: Call; options: Record<string, unknown> } {
  const { dims, mean, deviation, seed, scale, bias, epsilon, activation } = recipe;
  const call = new Call(recipe), options = family.options(recipe);
  call.input("x", noise(dims, { type, mean, deviation, seed }));
  if (family.affine) {
    const parameters = family.affine(dims, options);
    if (scale) call.input("scale", noise(parameters, { type: scale, mean: 1, deviation: 0.5, seed: seed + 1 }));
    if (bias) call.input("bias", noise(parameters, { type: bias, seed: seed + 2 }));
    Object.assign(options, { epsilon: epsilon ?? undefined, activation: activation ?? undefined });
  }
  return { call, options };
}

/** What the forward pass saves for the backward pass. */
function forward(kernel: string, family: Family, type: DType, recipe: Recipe): Outputs {
  const { call, options } = start(family, type, recipe), { dims, seed } = recipe;
  using arena = call.arena;
  const tensors = family.adds ? ["x", "residual"] : ["x"];
  if (family.adds) {
    call.input("residual", noise(dims, { type, seed: seed + 3 }));
    call.output("sum", type, dims);
  }
  const inputs = tensors.map((name) => call.copies[name]);
  const all = { ...options, ...call.options(call.copies, tensors) };
  const want = invoke(reference, { kernel, inputs, options: all });
  call.output("y", type, dims);
  for (const name of family.statistics) {
    const kept = type === "float64" ? "float64" : "float32";
    call.output(name, family.returned || recipe.seed % 2 ? kept : "float64", want[name].dims);
  }
  const got = call.run(kernel, tensors, options);
  if (family.returned) { for (const name of family.statistics) assert(name in got, `${name} is missing`); }
  let judged = { kernel, inputs, options: all }, expected = want;
  if (family.adds) {
    // The sum is rounded once, ties to even. What is normalized is the sum as it is stored.
    assertSameBits(got.sum.data, arrays[type].from(want.sum.data), `${kernel}: sum`);
    judged = { kernel: kernel === "addLayerNorm" ? "layerNorm" : "rmsNorm", inputs: [got.sum], options: all };
    expected = invoke(reference, judged);
  }
  const bounds = boundsOf(judged, expected);
  for (const name of Object.keys(got).filter((name) => name !== "sum")) {
    assertClose(got[name], expected[name], bounds[name], `${kernel}: ${name}`);
  }
  arena.check();
  return expected;
}

function backward(kernel: string, family: Family, type: DType, recipe: Recipe, saved: Outputs): void {
  const { call, options } = start(family, type, recipe), { dims, seed } = recipe;
  using arena = call.arena;
  call.input("dy", noise(dims, { type, seed: seed + 4 }));
  if (family.adds && recipe.pick & 8) call.input("dSum", noise(dims, { type, seed: seed + 5 }));
  if (recipe.saved && !family.returned) {
    // The mean of x, not of the sum that the forward pass had.
    if (!family.adds) { for (const name of family.statistics) call.input(name, saved[name]); }
  }
  call.output("dx", type, dims);
  const affine = family.affine?.(dims, options);
  if (affine) {
    for (const [name, parameter] of [["dScale", recipe.scale], ["dBias", recipe.bias]] as const) {
      call.output(name, parameter ?? type, affine);
    }
  }
  const tensors = ["x", "dy"], all = { ...options, ...call.options(call.copies, tensors) };
  const judged = { kernel: `${kernel}Backward`, inputs: tensors.map((name) => call.copies[name]), options: all };
  const want = invoke(reference, judged), bounds = boundsOf(judged, want);
  const got = call.run(`${kernel}Backward`, tensors, options);
  const expected = ["dx"];
  if (affine && (recipe.scale || call.out.dScale)) expected.push("dScale");
  if (affine && (recipe.bias || call.out.dBias)) expected.push("dBias");
  assertEquals(Object.keys(got).sort(), expected.sort());
  for (const name of expected) assertClose(got[name], want[name], bounds[name], `${kernel}Backward: ${name}`);
  arena.check();
}
