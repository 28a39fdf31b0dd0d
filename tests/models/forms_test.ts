import { assertEquals, assertGreater, assertLessOrEqual } from "@std/assert";
import * as reference from "../../kernels/reference.ts";
import type { DType } from "../../kernels/tensor.ts";
import { type AddNormForm, layerNorm, meanVarianceNorm, modelOf } from "../../models/mod.ts";
import { type Provider, run, writeModel } from "../../onnx/mod.ts";
import { maxError, type Outputs } from "../../tools/judge/compare.ts";
import {
  formsOf,
  type GraphCase,
  graphCases,
  graphError,
  graphInputs,
  graphModel,
  graphReference,
} from "../../tools/judge/graph_cases.ts";
import { noise } from "../../tools/judge/noise.ts";
import { means } from "../../tools/judge/offsets.ts";
import { backends } from "./backends.ts";

/**
 * The largest error at each of the means 0, 1e2, 1e4, 1e6. Infinity stands for what is as wrong as it can be, and is wanted
 * there: when onnxruntime mends it, the docstrings that say so must change.
 */
const exact = [1e-6, 1e-6, 1e-6, 4e-6];
const twoPass = [2e-6, 2e-4, 2.5e-2, 0.2];
const lossy = [3e-6, 5e-2, Infinity, Infinity];

function boundsOf({ name }: GraphCase, form: AddNormForm, provider: Provider): number[] {
  if (form === "robust") return exact.map(() => 1.5e-6);
  if (/L[12]|RMS|local/.test(name)) return exact.map((bound) => Math.max(bound, 4e-6));
  if (name.includes("BiasFree")) return [2e-6, 2e-6, 1e-4, 2e-2];
  if (form === "decomposed") return twoPass;
  if (name === "batch norm") return provider === "webgpu" ? exact : twoPass;
  if (name === "group norm") return lossy;
  return provider === "webgpu" && name !== "mean-variance norm" ? lossy : [3e-6, 2e-4, 3e-2, 1];
}

for (const one of graphCases) {
  for (const form of formsOf(one)) {
    for (const { provider, ignore } of backends) {
      // onnxruntime's WebGPU has no BatchNormalization in training mode.
      if (one.name === "batch norm, training" && form === "fused" && provider === "webgpu") continue;
      Deno.test({
        name: `graph: ${one.name}, ${form}, on ${provider} errs no more than it should at any mean`,
        ignore,
        async fn() {
          const bounds = boundsOf(one, form, provider);
          for (const [i, mean] of means.entries()) {
            const error = await errorOf(one, form, provider, mean);
            if (bounds[i] === Infinity) assertGreater(error, 0.1);
            else assertLessOrEqual(error, bounds[i], `at a mean of ${mean}`);
          }
        },
      });
    }
  }
}

for (const one of graphCases.filter(({ forms }) => "robust" in forms)) {
  Deno.test(`graph: ${one.name}, robust, is right however much onnxruntime rewrites it`, async () => {
    for (const optimize of ["disabled", "basic", "extended"] as const) {
      assertLessOrEqual(await errorOf(one, "robust", "wasm", 1e6, "float32", optimize), 1.5e-6, optimize);
    }
  });

  Deno.test(`graph: ${one.name}, robust and decomposed, has primitive operators only`, () => {
    const primitive = "Add Cast Div Mul ReduceMean Reshape Shape Slice Sqrt Sub Unsqueeze".split(" ");
    for (const form of formsOf(one).filter((form) => form === "robust" || form === "decomposed")) {
      const { node } = graphModel(one, form, "float16").graph!;
      assertEquals(node.map(({ opType }) => opType).filter((opType) => !primitive.includes(opType)), []);
    }
  });
}

for (const one of graphCases) {
  Deno.test(`graph: ${one.name} has the default form that it is said to have`, () => {
    assertEquals(writeModel(graphModel(one, undefined)), writeModel(graphModel(one, formsOf(one)[0])));
  });

  Deno.test(`graph: ${one.name}, by default and decomposed, in float64 on wasm errs by roundings of float64`, async () => {
    assertLessOrEqual(await errorOf(one, undefined, "wasm", 100, "float64"), 1e-14);
    if ("decomposed" in one.forms) assertLessOrEqual(await errorOf(one, "decomposed", "wasm", 100, "float64"), 1e-12);
  });

  for (const { provider, ignoreFloat16: ignore } of backends) {
    Deno.test({
      name: `graph: ${one.name}, by default, in float16 on ${provider} errs by at most 2 ulp up to |x| = 1000`,
      ignore,
      async fn() {
        for (const mean of [0, 100, 1000]) {
          const inputs = graphInputs(one, mean, "float16"), want = graphReference(one, inputs);
          const got = await run(graphModel(one, undefined, "float16"), inputs, { provider }) as Outputs;
          for (const name of Object.keys(got)) {
            assertLessOrEqual(halfUlps(got[name], want[name]), 2, `${name}, ${mean}`);
          }
        }
      },
    });
  }
}

Deno.test("graph: layer norm, robust and decomposed, in float16 does not overflow where the fused one does", async () => {
  const [one] = graphCases, x = noise(one.dims, { type: "float16", deviation: 1000 });
  const want = graphReference(one, { x });
  for (const { provider, ignoreFloat16 } of backends) {
    if (ignoreFloat16) continue;
    for (const form of ["robust", "decomposed"] as const) {
      const { y } = await run(graphModel(one, form, "float16"), { x }, { provider }) as Outputs;
      assertLessOrEqual(halfUlps(y, want.y), 2, `${form} on ${provider}`);
    }
  }
});

Deno.test("graph: constant numbers become exactly the bias, far from zero too", async () => {
  const x = noise([3, 768], { mean: 1e6 + 1 / 16, deviation: 0 });
  const model = modelOf((x) => ({ layer: layerNorm(x), meanVariance: meanVarianceNorm(x, { axes: [1] }) }), {
    x: ["N", 768],
  });
  for (const { provider, ignore } of backends) {
    if (ignore) continue;
    const { layer, meanVariance } = await run(model, { x }, { provider });
    assertEquals(new Set([...layer.data, ...meanVariance.data]), new Set([0]));
  }
});

Deno.test("graph: the fused forms that the defaults differ from are still wrong on wasm", async () => {
  const one = graphCases.find(({ name }) => name === "batch norm")!;
  assertGreater(await errorOf(one, "fused", "wasm", 1e6), 1e-3);
  assertGreater(await errorOf(graphCases[0], "fused", "wasm", 1e6), 1e-2);
});

Deno.test("graph: robust layer norm of rows of every size, in grids or not", async () => {
  for (const size of [1, 2, 3, 255, 256, 257, 389 * 2, 768, 1009, 4096]) {
    const x = noise([3, size], { mean: 1e4 });
    const { y } = await run(modelOf((x) => layerNorm(x), { x: ["N", size] }), { x }) as Outputs;
    assertLessOrEqual(maxError(y, reference.layerNorm(x).y), 1e-5, `rows of ${size}`);
  }
});

Deno.test("graph: an empty batch gives an empty result", async () => {
  for (const one of graphCases.filter(({ inputs, kernel }) => !inputs && kernel !== "batchNormTraining")) {
    const inputs = Object.fromEntries(
      Object.keys(graphInputs(one, 0)).map((name) => [name, noise([0, ...one.dims.slice(1)])]),
    );
    // MVN goes over the batch, and has nothing to go over.
    if (one.kernel === "meanVarianceNorm") continue;
    const { y } = await run(graphModel(one, formsOf(one)[0]), inputs);
    assertEquals([...y.dims], [0, ...one.dims.slice(1)], one.name);
  }
});

async function errorOf(
  one: GraphCase,
  form: AddNormForm | undefined,
  provider: Provider,
  mean: number,
  type: DType = "float32",
  optimize?: "disabled" | "basic" | "extended",
): Promise<number> {
  const inputs = graphInputs(one, mean, type);
  const got = await run(graphModel(one, form, type), inputs, { provider, optimize });
  return graphError(got as Outputs, graphReference(one, inputs));
}

/**
 * The largest error in ulp of float16, where an element smaller than 2^-10 is taken to have that size's: scale and bias may
 * cancel, and what is left then is the rounding of float32.
 */
function halfUlps(got: Outputs[string], want: Outputs[string]): number {
  const ulps = Array.from(want.data, (w, i) => {
    const ulp = 2 ** (Math.floor(Math.log2(Math.max(Math.abs(w), 2 ** -10))) - 10);
    return Math.abs(got.data[i] - w) / ulp;
  });
  return ulps.some(Number.isNaN) ? Infinity : Math.max(...ulps);
}
