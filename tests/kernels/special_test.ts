/** Numbers that break naive formulas: NaN and infinity, constants, subnormals, the largest and the smallest, and none at all. */
import { assert, assertEquals } from "@std/assert";
import * as kernels from "../../kernels/mod.ts";
import * as reference from "../../kernels/reference.ts";
import { tensor, zeros } from "../../kernels/mod.ts";
import type { DType, Tensor } from "../../kernels/tensor.ts";
import { type Call, invoke } from "../../tools/judge/compare.ts";
import { cast, noise } from "../../tools/judge/noise.ts";
import { boundsOf } from "./bounds.ts";
import { assertClose, rounded, type Tolerance, types } from "../close.ts";
import { resident } from "./places.ts";

/** A kernel on a shape: how many parameters it has there, if it takes scale and bias. */
interface Case {
  kernel: string;
  dims: number[];
  options?: Record<string, unknown>;
  parameters?: number[];
}

/** Every kernel along memory and across it, with several statistics to a tile, in vectors and in what they leave over. */
const cases: Case[] = [
  { kernel: "layerNorm", dims: [7, 83], parameters: [83] },
  { kernel: "layerNorm", dims: [2, 9, 37], options: { axes: [1] }, parameters: [9] },
  { kernel: "layerNorm", dims: [3, 4, 5, 7], options: { axes: [1, 3] }, parameters: [4, 7] },
  { kernel: "layerNorm", dims: [7, 83], options: { subtractMean: false }, parameters: [83] },
  { kernel: "rmsNorm", dims: [7, 83], parameters: [83] },
  { kernel: "rmsNorm", dims: [2, 9, 37], options: { axes: [1] }, parameters: [9] },
  { kernel: "batchNormTraining", dims: [3, 5, 37], parameters: [5] },
  { kernel: "batchNormTraining", dims: [19, 37], parameters: [37] },
  { kernel: "batchNorm", dims: [3, 5, 37], options: frozen(5), parameters: [5] },
  { kernel: "batchNorm", dims: [19, 37], options: frozen(37), parameters: [37] },
  { kernel: "groupNorm", dims: [2, 6, 37], options: { groups: 3 }, parameters: [6] },
  { kernel: "groupNorm", dims: [2, 19, 12], options: { groups: 3, axis: -1 }, parameters: [12] },
  { kernel: "instanceNorm", dims: [2, 5, 37], parameters: [5] },
  { kernel: "instanceNorm", dims: [2, 19, 17], options: { axis: -1 }, parameters: [17] },
  { kernel: "meanVarianceNorm", dims: [3, 5, 4, 7] },
  { kernel: "lpNorm", dims: [7, 83] },
  { kernel: "lpNorm", dims: [7, 83], options: { p: 1 } },
  { kernel: "lpNorm", dims: [2, 9, 37], options: { axis: 1 } },
  { kernel: "localResponseNorm", dims: [2, 6, 37], options: { size: 3, alpha: 0.5 } },
];

function frozen(channels: number) {
  const variance = noise([channels], { seed: 8 });
  variance.data.forEach((v, i) => variance.data[i] = v * v + 0.1);
  return { mean: noise([channels], { seed: 7 }), variance };
}

function show({ kernel, dims, options = {} }: Case): string {
  return `${kernel} of [${dims}] ${Deno.inspect(options, { depth: 0, compact: true })}`;
}

function affine({ parameters }: Case, type: DType = "float32"): Record<string, Tensor> {
  if (!parameters) return {};
  return { scale: noise(parameters, { type, mean: 1, seed: 5 }), bias: noise(parameters, { type, seed: 6 }) };
}

/** Asserts that results are right, where they are numbers that their types can hold. */
function assertRight(call: Call): void {
  const got = invoke(kernels, call), want = invoke(reference, call), bounds = boundsOf(call, want);
  for (const [name, tensor] of Object.entries(got)) {
    const fits = want[name].data.every((w) => Number.isFinite(rounded(tensor.type, w)));
    if (fits) assertClose(tensor, want[name], bounds[name], `${call.kernel}: ${name}`);
  }
}

/** The forward call and the backward call. */
function callsOf(
  test: Case,
  x: Tensor,
  options: Record<string, unknown>,
  dy = noise(x.dims, { type: x.type, seed: 2 }),
): Call[] {
  const all = { ...test.options, ...options };
  return [{ kernel: test.kernel, inputs: [x], options: all }, {
    kernel: `${test.kernel}Backward`,
    inputs: [x, dy],
    options: all,
  }];
}

// ---- NaN and infinity ----

for (const test of cases) {
  Deno.test(`NaN and infinity stay in their own statistics: ${show(test)}`, () => {
    const activations = test.parameters ? [undefined, "relu", "gelu", "silu"] : [undefined];
    let turn = 0;
    for (const type of types) {
      const x = noise(test.dims, { type }), dy = noise(test.dims, { type, seed: 2 });
      for (const value of [NaN, Infinity, -Infinity]) {
        for (const at of [0, x.data.length >> 1, x.data.length - 1]) {
          const activation = activations[turn++ % activations.length];
          const options = { ...affine(test), ...activation && { activation } };
          const sick = cast(x, type), sickDy = cast(dy, type);
          sick.data[at] = sickDy.data[at] = value;
          const [forward, backward] = callsOf(test, x, options, dy);
          const [forwardOfSick, backwardOfSick] = callsOf(test, sick, options, dy);
          assertConfined(forward, [forwardOfSick]);
          assertConfined(backward, [backwardOfSick, callsOf(test, x, options, sickDy)[1]]);
        }
      }
    }
  });
}

/**
 * Asserts that results which, says the reference, no illness of a call reaches are the same as those of the healthy call to the last
 * bit, and that the others are as the reference has them. (NaN and infinity are not told apart: infinity less infinity comes early
 * or late.)
 */
function assertConfined(well: Call, sick: Call[]): void {
  const before = invoke(kernels, well), wantBefore = invoke(reference, well), bounds = boundsOf(well, wantBefore);
  const wants = sick.map((call) => invoke(reference, call));
  // Where relu is off, an infinite dy is gone if it is masked, and NaN if it is multiplied by 0: engines differ.
  const masked = well.options?.activation === "relu";
  const reached = (name: string, i: number) =>
    wants.some((want) => !Object.is(want[name].data[i], wantBefore[name].data[i]));
  sick.forEach((call, c) => {
    const after = invoke(kernels, call);
    for (const [name, { data }] of Object.entries(after)) {
      let count = 0;
      data.forEach((a, i) => {
        const want = wants[c][name].data[i], what = `${call.kernel}: ${name}, element ${i}, is ${a}`;
        if (!reached(name, i)) {
          const b = before[name].data[i];
          assert(Object.is(a, b), `${what}, but ${b} without NaN or infinity elsewhere`);
        } else if (Number.isFinite(want)) {
          assertClose(scalar(after[name], i), scalar(wants[c][name], i), toleranceAt(bounds[name], i), what);
        } else assert(!Number.isFinite(a) || masked, `${what}, expected ${want}`);
        count += +reached(name, i);
      });
      if (name === "y" || name === "dx") {
        assert((count > 0 || masked) && count < data.length, `${call.kernel} reaches all or nothing`);
      }
    }
  });
}

function scalar({ type, data }: Tensor, i: number): Tensor {
  return { type, dims: [], data: data.subarray(i, i + 1) } as Tensor;
}

function toleranceAt(tolerance: Tolerance, i: number): number {
  return typeof tolerance === "number" ? tolerance : tolerance(i);
}

// ---- Extreme numbers ----

const extremes: { name: string; values: (i: number) => number; epsilon?: number; types?: DType[] }[] = [
  { name: "zeros", values: () => 0 },
  { name: "zeros of both signs", values: (i) => i % 2 ? 0 : -0 },
  { name: "a constant", values: () => 1234.5 },
  { name: "a constant whose sums are rounded", values: () => 1e6 + 1 / 16, types: ["float32", "float64"] },
  { name: "the smallest subnormals of float32", values: (i) => (i % 3 - 1) * 2 ** -149, types: ["float32"] },
  { name: "subnormals of float16", values: (i) => (i % 5 - 2) * 2 ** -24, types: ["float16"] },
  { name: "1e-30, epsilon 1e-30", values: (i) => (i % 5 - 1) * 1e-30, epsilon: 1e-30, types: ["float32", "float64"] },
  { name: "1e-30, epsilon 0", values: (i) => (i * i % 7 - 1) * 1e-30, epsilon: 0, types: ["float32", "float64"] },
  {
    name: "1e-18, epsilon 1e-30",
    values: (i) => (i * i % 7 - 1) * 1e-18,
    epsilon: 1e-30,
    types: ["float32", "float64"],
  },
  { name: "1e30", values: (i) => (i * i % 7 - 1) * 1e30, types: ["float32", "float64"] },
  { name: "3e38", values: () => 3e38, types: ["float32", "float64"] },
  { name: "3e38 of both signs", values: (i) => i % 2 ? 3e38 : -3e38, types: ["float32", "float64"] },
  { name: "1e100", values: (i) => (i * i % 7 - 1) * 1e100, types: ["float64"] },
  { name: "1000 to 65504", values: (i) => (i % 2 ? -1 : 1) * [1000, 8192, 30000, 65504][i % 4], types: ["float16"] },
  { name: "65504", values: () => 65504, types: ["float16"] },
];

for (const { name, values, epsilon, types: only = types } of extremes) {
  Deno.test(`results are right where numbers are ${name}, all of them or every third row`, () => {
    for (const type of only.filter((type) => types.includes(type))) {
      for (const test of cases) {
        if (epsilon !== undefined && !test.parameters) continue;
        for (const every of [1, 3]) {
          const x = noise(test.dims, { type });
          // Statistics across rows then have some such numbers and some others.
          x.data.forEach((_, i) => {
            const row = Math.floor(i / test.dims.at(-1)!);
            if (row % every === 0) x.data[i] = values(i);
          });
          const options = epsilon === undefined ? affine(test) : { ...affine(test), epsilon };
          for (const call of callsOf(test, x, options)) assertRight(call);
        }
      }
    }
  });
}

Deno.test("one number far from all others costs no accuracy, wherever it is", () => {
  const long: Case[] = [
    { kernel: "layerNorm", dims: [3, 1031] },
    { kernel: "groupNorm", dims: [1, 6, 517], options: { groups: 2 } },
    { kernel: "batchNormTraining", dims: [1031, 20] },
    { kernel: "layerNorm", dims: [1031, 20], options: { axes: [0] } },
  ];
  for (const test of long) {
    for (const at of [0, 1, 300, 1030]) {
      const x = noise(test.dims, { deviation: 1e-3 });
      if (test.dims.at(-1) === 20) x.data.fill(1000, 20 * at, 20 * at + 20);
      else x.data[at] = 1000;
      for (const call of callsOf(test, x, {})) assertRight(call);
    }
  }
});

Deno.test("epsilon 0 where the variance is 0 gives what 0 / 0 is, and leaves other rows right", () => {
  for (const kernel of ["layerNorm", "rmsNorm"]) {
    const x = noise([5, 37]);
    x.data.fill(kernel === "layerNorm" ? 3 : 0, 37, 74);
    const { y } = invoke(kernels, { kernel, inputs: [x], options: { epsilon: 0 } });
    assert(y.data.subarray(37, 74).every(Number.isNaN));
    const { y: want } = invoke(reference, { kernel, inputs: [x], options: { epsilon: 0 } });
    assertClose(y, want, 2e-6);
  }
});

Deno.test("epsilon 0 where the variance is 0 gives the infinities that divisions by 0 are", () => {
  const statistics = { mean: tensor([0, 1]), variance: tensor([0, 1]) };
  for (const place of [(x: Tensor) => x, resident]) {
    const channels = place(tensor([[1, 2], [3, 4], [-5, -6]])),
      rows = place(tensor([[3, 3, -3], [1, 2, 3], [3, 3, 3]]));
    const y = kernels.batchNorm(channels, { ...statistics, epsilon: 0, out: { y: place(zeros("float32", [3, 2])) } });
    assertEquals([...y.data], [Infinity, 1, Infinity, 3, -Infinity, -7]);
    for (const parameters of [{}, { scale: tensor([2, 2, 2]), bias: tensor([1, 1, 1]) }]) {
      const options = { ...parameters, epsilon: 0, subtractMean: false, out: { y: place(zeros("float32", [3, 3])) } };
      assertEquals([...kernels.layerNorm(rows, options).data.subarray(6)], [Infinity, Infinity, Infinity]);
    }
  }
});

for (const type of types) {
  Deno.test(`a statistic of one element of ${type} is right`, () => {
    const x = noise([3, 5], { type, mean: 100 }), one = { kernel: "", dims: [3, 5] };
    const tests: Case[] = [
      { ...one, kernel: "layerNorm", options: { axes: [1] } },
      { ...one, kernel: "rmsNorm", options: { axes: [1] } },
      { ...one, kernel: "instanceNorm" },
      { ...one, kernel: "groupNorm", options: { groups: 5 } },
      { ...one, kernel: "lpNorm", options: { axis: 1 } },
      { ...one, kernel: "lpNorm", options: { axis: 1, p: 1 } },
      { ...one, kernel: "meanVarianceNorm", options: { axes: [1] } },
      { ...one, kernel: "localResponseNorm", options: { size: 1 } },
    ];
    for (const test of tests) {
      const dims = test.kernel === "instanceNorm" || test.kernel === "groupNorm" ? [3, 5] : [15, 1];
      for (const call of callsOf(test, { ...x, dims }, {})) assertRight(call);
    }
  });

  Deno.test(`where there is nothing, results of ${type} are empty, statistics NaN and gradients of parameters 0`, () => {
    const at = (dims: number[]) => noise(dims, { type });
    const stat = (dims: number[]) => noise(dims);
    const features = stat([3]), channels = stat([4]);
    // Nothing at all, and rows of nothing.
    for (const [dims, size, statistics] of [[[0, 3], 3, 0], [[2, 0, 3], 3, 0], [[5, 0], 0, 5]] as const) {
      const x = at([...dims]), parameter = size ? features : stat([0]);
      const mean = stat(dims.map((n, d) => d === dims.length - 1 ? 1 : n)), invStdDev = stat([...mean.dims]);
      const y = kernels.layerNorm(x, { scale: parameter, out: { mean, invStdDev } });
      assertEquals([y.data.length, mean.data.length], [0, statistics]);
      assert([...mean.data, ...invStdDev.data].every(Number.isNaN));
      const gradients = kernels.layerNormBackward(x, x, { scale: parameter, bias: parameter });
      assertEquals([...gradients.dScale!.data, ...gradients.dBias!.data], new Array(2 * size).fill(0));
    }
    const x = at([0, 4, 2]);
    const { y, mean, variance } = kernels.batchNormTraining(x, { scale: channels });
    assertEquals([y.data.length, ...mean.data, ...variance.data], [0, ...new Array(8).fill(NaN)]);
    const { dScale, dBias } = kernels.batchNormTrainingBackward(x, x, { scale: channels, bias: channels });
    assertEquals([...dScale!.data, ...dBias!.data], new Array(8).fill(0));
    const out = { mean: stat([2, 2]), invStdDev: stat([2, 2]) };
    assertEquals(kernels.groupNorm(at([2, 4, 0]), { groups: 2, out }).data.length, 0);
    assertEquals([...out.mean.data, ...out.invStdDev.data], new Array(8).fill(NaN));
    for (const dims of [[0, 2], [2, 0]]) {
      assertEquals(kernels.lpNorm(at(dims)).data.length, 0);
      assertEquals(kernels.lpNorm(at(dims), { p: 1 }).data.length, 0);
      assertEquals(kernels.localResponseNorm(at(dims), { size: 2 }).data.length, 0);
      assertEquals(kernels.meanVarianceNormBackward(at(dims), at(dims), { axes: [0] }).dx.data.length, 0);
    }
  });
}

Deno.test("activations and their derivatives have their limits at infinity", () => {
  for (const library of [kernels, reference]) {
    for (const type of types) {
      // Lanes of vectors, and what they leave over.
      const dims = [7, 1], values = [0, 1, 2, 3, 4, 5, 6].map((i) => i % 2 ? Infinity : -Infinity);
      const x = cast({ type: "float64", dims, data: Float64Array.from(values) }, type);
      const dy = cast({ type: "float64", dims, data: new Float64Array(7).fill(3) }, type);
      const one = (value: number) => cast({ type: "float64", dims: [1], data: Float64Array.of(value) }, "float32");
      for (const activation of ["relu", "gelu", "silu"] as const) {
        const options = { mean: one(0), variance: one(1), epsilon: 0, activation };
        const { y } = invoke(library, { kernel: "batchNorm", inputs: [x], options });
        const { dx } = invoke(library, { kernel: "batchNormBackward", inputs: [x, dy], options });
        assertEquals([...y.data].map((value) => value + 0), values.map((value) => Math.max(value, 0)), activation);
        assertEquals([...dx.data].map((value) => value + 0), values.map((value) => value > 0 ? 3 : 0), activation);
      }
    }
  }
});
