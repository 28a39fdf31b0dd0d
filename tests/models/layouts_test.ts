import { assertEquals, assertLessOrEqual, assertNotEquals } from "@std/assert";
import * as reference from "../../kernels/reference.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import * as models from "../../models/mod.ts";
import {
  batchNormTraining,
  layerNorm,
  lpNorm,
  modelOf,
  type SymbolicResult,
  type SymbolicTensor,
} from "../../models/mod.ts";
import { type Dim, run, writeModel } from "../../onnx/mod.ts";
import { invoke, maxError, maxScaledError, type Outputs } from "../../tools/judge/compare.ts";
import { noise } from "../../tools/judge/noise.ts";
import { backends } from "./backends.ts";

/** A shape or an option that takes graphs along a way of its own. */
interface Layout {
  name: string;
  kernel: string;
  /** The dims of x; what the graph knows of them is in `symbolic`. */
  dims: number[];
  symbolic: Dim[];
  options: Record<string, unknown>;
}

const features = (size: number) => ({ scale: noise([size], { seed: 3 }), bias: noise([size], { seed: 4 }) });
const grid = { scale: noise([5, 7], { seed: 3 }), bias: noise([5, 7], { seed: 4 }) };

const layouts: Layout[] = [
  { name: "one row", kernel: "layerNorm", dims: [768], symbolic: [768], options: features(768) },
  {
    name: "two last axes",
    kernel: "layerNorm",
    dims: [3, 5, 7],
    symbolic: ["N", 5, 7],
    options: { ...grid, axes: [-2, -1] },
  },
  {
    name: "axes apart",
    kernel: "layerNorm",
    dims: [3, 5, 4, 7],
    symbolic: ["N", 5, "T", 7],
    options: { ...grid, axes: [1, 3] },
  },
  {
    name: "all axes",
    kernel: "layerNorm",
    dims: [30, 20],
    symbolic: [30, 20],
    options: { axes: [0, 1] },
  },
  {
    name: "channels, between axes of any size",
    kernel: "layerNorm",
    dims: [2, 512, 3, 5],
    symbolic: ["N", 512, "H", "W"],
    options: { ...features(512), axes: [1] },
  },
  {
    name: "rows of any size",
    kernel: "layerNorm",
    dims: [4, 40],
    symbolic: ["N", "D"],
    options: { scale: noise([40], { seed: 3 }) },
  },
  { name: "the first axis", kernel: "rmsNorm", dims: [300, 6], symbolic: [300, "N"], options: { axes: [0] } },
  {
    name: "RMS with a bias",
    kernel: "rmsNorm",
    dims: [2, 3, 60],
    symbolic: ["N", "T", 60],
    options: features(60),
  },
  {
    name: "channels last",
    kernel: "batchNorm",
    dims: [3, 4, 5, 6],
    symbolic: ["N", "H", "W", 6],
    options: { axis: -1, mean: noise([6], { seed: 5 }), variance: square([6]), ...features(6) },
  },
  {
    name: "no scale",
    kernel: "batchNorm",
    dims: [30, 6],
    symbolic: ["N", 6],
    options: { mean: noise([6], { seed: 5 }), variance: square([6]), bias: noise([6]) },
  },
  {
    name: "channels last",
    kernel: "groupNorm",
    dims: [2, 5, 6, 12],
    symbolic: ["N", "H", "W", 12],
    options: { axis: -1, groups: 3, ...features(12) },
  },
  {
    name: "images of any size and any number of channels",
    kernel: "groupNorm",
    dims: [2, 12, 5, 7],
    symbolic: ["N", "C", "H", "W"],
    options: { groups: 3 },
  },
  { name: "features only", kernel: "groupNorm", dims: [4, 12], symbolic: ["N", 12], options: { groups: 3 } },
  { name: "sequences", kernel: "groupNorm", dims: [4, 12, 50], symbolic: ["N", 12, "T"], options: { groups: 3 } },
  { name: "volumes", kernel: "groupNorm", dims: [2, 4, 3, 4, 5], symbolic: ["N", 4, 3, 4, 5], options: { groups: 2 } },
  { name: "one group", kernel: "groupNorm", dims: [2, 4, 30], symbolic: ["N", 4, 30], options: { groups: 1 } },
  { name: "sequences", kernel: "instanceNorm", dims: [2, 4, 1000], symbolic: ["N", 4, 1000], options: features(4) },
  {
    name: "channels last",
    kernel: "instanceNorm",
    dims: [2, 20, 30, 3],
    symbolic: ["N", 20, 30, 3],
    options: { axis: -1, ...features(3) },
  },
  { name: "features only", kernel: "instanceNorm", dims: [3, 4], symbolic: ["N", 4], options: features(4) },
  {
    name: "channels only",
    kernel: "meanVarianceNorm",
    dims: [2, 300, 4],
    symbolic: ["N", 300, "T"],
    options: { axes: [1] },
  },
  { name: "the middle axis", kernel: "lpNorm", dims: [2, 30, 4], symbolic: ["N", 30, "T"], options: { axis: 1, p: 1 } },
  {
    name: "an even window, channels last",
    kernel: "localResponseNorm",
    dims: [4, 3, 9],
    symbolic: ["N", "T", "C"],
    options: { size: 4, axis: -1, alpha: 0.3 },
  },
  {
    name: "a window wider than the channels",
    kernel: "localResponseNorm",
    dims: [4, 3],
    symbolic: ["N", 3],
    options: { size: 9, form: "decomposed" },
  },
];

function square(dims: number[]): Tensor {
  const tensor = noise(dims, { seed: 6 });
  return { ...tensor, data: tensor.data.map((number) => 0.1 + number * number) };
}

function modelFor({ kernel, symbolic, options }: Layout, changes: Record<string, unknown> = {}, opset?: number) {
  const normalize = (models as unknown as Record<string, (x: SymbolicTensor, o: unknown) => SymbolicResult>)[kernel];
  return modelOf((x) => normalize(x, { ...options, ...changes }), { x: symbolic }, { opset });
}

for (const layout of layouts) {
  for (const { provider, ignore } of backends) {
    Deno.test({
      name: `graph layout: ${layout.kernel}, ${layout.name}, on ${provider}`,
      ignore,
      async fn() {
        const x = noise(layout.dims, { mean: 100 }), { kernel, options } = layout;
        const want = invoke(reference, { kernel, inputs: [x], options }).y;
        const { y } = await run(modelFor(layout), { x }, { provider }) as Outputs;
        assertLessOrEqual(maxScaledError(y, want), 2e-6);
      },
    });
  }
}

for (const activation of ["relu", "gelu", "silu"] as const) {
  for (const { provider, ignore } of backends) {
    Deno.test({
      name: `graph layout: layer norm + ${activation} on ${provider}, as operators of old and new opsets`,
      ignore,
      async fn() {
        const x = noise([3, 50]), want = reference.layerNorm(x, { activation }).y;
        for (const opset of [17, 20, 23]) {
          const model = modelOf((x) => layerNorm(x, { activation }), { x: ["N", 50] }, { opset });
          const { y } = await run(model, { x }, { provider }) as Outputs;
          assertLessOrEqual(maxScaledError(y, want), 2e-6, `opset ${opset}`);
        }
      },
    });
  }
}

Deno.test("graph layout: every opset from 17 to 23 runs and gives the same", async () => {
  for (const layout of layouts) {
    const x = noise(layout.dims);
    const { y: want } = await run(modelFor(layout), { x }) as Outputs;
    for (const opset of [18, 19, 20, 21, 22, 23]) {
      const { y } = await run(modelFor(layout, {}, opset), { x }) as Outputs;
      assertLessOrEqual(maxScaledError(y, want), 1e-6, `${layout.kernel}, opset ${opset}`);
    }
  }
});

for (const { provider, ignore } of backends) {
  Deno.test({
    name: `graph layout: vectors of zeros stay zeros on ${provider}`,
    ignore,
    async fn() {
      const x = noise([2, 30], { deviation: 0 });
      for (const form of ["fused", "decomposed"] as const) {
        for (const p of [1, 2] as const) {
          const { y } = await run(modelOf((x) => lpNorm(x, { form, p }), { x: ["N", 30] }), { x }, { provider });
          assertEquals(new Set<unknown>(y.data), new Set<unknown>([0]), `${form}, p = ${p}`);
        }
      }
    },
  });
}

Deno.test("graph layout: running statistics are carried on as ONNX's own operator does", async () => {
  const x = noise([4, 6, 5], { mean: 3, deviation: 2 }), runningMean = noise([6]), runningVariance = square([6]);
  const results = [];
  for (const form of ["robust", "decomposed", "fused"] as const) {
    for (const momentum of [undefined, 0.3]) {
      const options = { runningMean: "m", runningVariance: "v", form, momentum };
      const model = modelOf((x) => ({ ...batchNormTraining(x, options) }), { x: ["N", 6, "T"] });
      results.push(await run(model, { x, m: runningMean, v: runningVariance }) as Outputs);
    }
  }
  for (const [i, got] of results.entries()) {
    for (const name in got) assertLessOrEqual(maxError(got[name], results[4 + i % 2][name]), 2e-6, `${name}, ${i}`);
  }
  const { mean } = reference.batchNormTraining(x, {});
  const carried = runningMean.data[0] * 0.9 + mean.data[0] * 0.1;
  assertLessOrEqual(Math.abs(results[0].runningMean.data[0] - carried), 1e-6);
});

Deno.test("graph layout: a tensor takes the dims of another", async () => {
  const x = noise([6, 2]), z = noise([2, 6]);
  for (const dims of [{ x: [6, "A"], z: ["B", 6] }, { x: ["A", 2], z: ["B", "C"] }, { x: [6, 2], z: [2, 6] }]) {
    const { y } = await run(modelOf((x, z) => x.reshapeLike(z).plus(z), dims), { x, z });
    assertEquals([...y.dims], [2, 6]);
  }
});

Deno.test("graph layout: parameters stored, as inputs, and from elsewhere in the graph are the same", async () => {
  const x = noise([3, 50]), { scale, bias } = features(50), dims = ["N", 50];
  const stored = await run(modelOf((x) => layerNorm(x, { scale, bias }), { x: dims }), { x });
  const inputs = await run(modelOf((x) => layerNorm(x, { scale: "g", bias: "b" }), { x: dims }), {
    x,
    g: scale,
    b: bias,
  });
  const elsewhere = await run(
    modelOf((x, g, b) => layerNorm(x, { scale: g.times(2), bias: b }), { x: dims, g: [50], b: [50] }),
    { x, g: { ...scale, data: scale.data.map((number) => number / 2) }, b: bias },
  );
  assertEquals(inputs.y.data, stored.y.data);
  assertEquals(elsewhere.y.data, stored.y.data);
});

Deno.test("graph layout: stored parameters are named after the normalization", () => {
  const { scale, bias } = features(50);
  const named = modelOf((x) => layerNorm(x, { scale, bias, name: "norm1" }), { x: ["N", 50] });
  const names = named.graph!.initializer.map(({ name }) => name);
  assertEquals(names.filter((name) => name.startsWith("norm1")), ["norm1.scale", "norm1.bias"]);
  assertNotEquals(writeModel(named), writeModel(modelOf((x) => layerNorm(x, { scale, bias }), { x: ["N", 50] })));
});
