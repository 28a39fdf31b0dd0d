/**
 * The normalization operators as others have them: ONNX's own tests, onnxruntime's, files of burn-onnx, and specimens of every
 * version, run by Evenkeel's kernels and by onnxruntime-web on both of its backends. What onnxruntime fails at is known
 * (tools/conformance/known_failures.ts), and a failure that ends is news too.
 */
import { assertEquals } from "@std/assert";
import { evaluate } from "../../models/evaluate.ts";
import { type OnnxTensor, readModel, run } from "../../onnx/mod.ts";
import { noise } from "../../tools/judge/noise.ts";
import type { Case } from "../../tools/conformance/case.ts";
import { differenceOf, onnxTolerance, outcomeOf } from "../../tools/conformance/outcome.ts";
import { type Runtime, runtimes } from "../../tools/conformance/runtimes.ts";
import { burnFiles, list, sources } from "../../tools/conformance/sources.ts";
import { specimenCase, specimensOf } from "../../tools/conformance/specimens.ts";
import { explain, judge, surprisesIn } from "../../tools/conformance/verdict.ts";
import { types } from "../close.ts";

/** How many cases a checkout has at least, so that an empty folder does not pass for success. */
const least: Record<string, number> = { "ONNX's node tests": 37, "onnxruntime's operator tests": 18 };

const suites: Record<string, Case[] | undefined> = {};
for (const [name, read] of Object.entries(sources)) suites[name] = read();
suites["every version of every operator"] = types.flatMap(specimensOf).map(specimenCase);

for (const [suite, cases] of Object.entries(suites)) {
  if (cases === undefined) console.log(`${suite} are not beside this checkout: skipped.`);
  for (const runtime of runtimes) {
    if (runtime.missing) console.log(`${runtime.name}, ${suite}: skipped, ${runtime.missing}.`);
    Deno.test({
      name: `conformance, ${runtime.name}: ${suite}`,
      ignore: cases === undefined || runtime.missing !== undefined,
      async fn() {
        const verdicts = await judge(runtime, cases!);
        const right = verdicts.filter(({ outcome }) => outcome === undefined).length;
        console.log(`${runtime.name}: ${right} of ${verdicts.length} right. Not, with the reason:`);
        for (const line of explain(verdicts)) console.log(`- ${line}`);
        assertEquals(surprisesIn(verdicts), []);
        assertEquals(verdicts.length >= (least[suite] ?? 1), true, `only ${verdicts.length} cases were found`);
      },
    });
  }
}

const files = list(burnFiles)?.filter((name) => name.endsWith(".onnx"));
if (files === undefined) console.log("The files of burn-onnx are not beside this checkout: skipped.");

Deno.test({
  name: "conformance: the files of burn-onnx, kernels and WASM alike",
  ignore: files === undefined,
  async fn(t) {
    assertEquals(files!.length, 11);
    for (const file of files!) {
      await t.step(file, async () => {
        const model = readModel(Deno.readFileSync(new URL(file, burnFiles))), inputs: Record<string, OnnxTensor> = {};
        model.graph!.input.forEach(({ name, type }, i) => {
          const { shape } = type!.value.value as { shape: { dim: { value: { value?: unknown } }[] } };
          const tensor = noise(shape.dim.map(({ value }) => Number(value.value)), { seed: i + 1, mean: 0.5 });
          // Any of them may be a variance.
          inputs[name] = { ...tensor, data: tensor.data.map(Math.abs) };
        });
        const actual = evaluate(model, inputs), expected = await run(model, inputs, { provider: "wasm" });
        assertEquals(Object.keys(actual), Object.keys(expected));
        for (const [name, tensor] of Object.entries(expected)) {
          assertEquals(differenceOf(actual[name], tensor, { rtol: 1e-5, atol: 5e-6 }), undefined, name);
        }
      });
    }
  },
});

Deno.test("conformance: the comparison sees a number outside of the tolerance, a NaN, other dims and other types", () => {
  const f32 = (dims: number[], data: number[]): OnnxTensor => ({
    type: "float32",
    dims,
    data: Float32Array.from(data),
  });
  const expected = f32([2], [100, 0]);
  assertEquals(differenceOf(f32([2], [100.09, 9e-8]), expected, onnxTolerance), undefined);
  assertEquals(differenceOf(f32([2], [NaN, Infinity]), f32([2], [NaN, Infinity]), onnxTolerance), undefined);
  const wrong: [OnnxTensor | undefined, string][] = [
    [f32([2], [100.25, 0]), "element 0 is 100.25, expected 100"],
    [f32([2], [100, 2 ** -20]), "element 1 is 9.5367431640625e-7, expected 0"],
    [f32([2], [NaN, 0]), "element 0 is NaN, expected 100"],
    [f32([1, 2], [100, 0]), "has dims [1,2], expected [2]"],
    [f32([2], [100]), "has 1 elements"],
    [{ type: "float64", dims: [2], data: new Float64Array([100, 0]) }, "is float64, expected float32"],
    [undefined, "is missing"],
  ];
  for (const [actual, says] of wrong) assertEquals(differenceOf(actual, expected, onnxTolerance), says);
});

Deno.test("conformance: failures that are not known and known ones that ended are both surprises", async () => {
  const [test] = specimensOf("float32").map(specimenCase);
  const known = { runtimes: ["WASM" as const], cases: /./, says: /no kernel/, why: "it has none" };
  const outcomes: [string | undefined, typeof known | undefined, boolean][] = [
    [undefined, undefined, true],
    ["no kernel", known, true],
    ["no kernel", undefined, false],
    ["something else", known, false],
    [undefined, known, false],
  ];
  for (const [outcome, failure, fine] of outcomes) {
    assertEquals(surprisesIn([{ test, outcome, known: failure }]).length === 0, fine);
  }
  // deno-lint-ignore require-await -- a runtime that gives nothing at all
  const empty: Runtime = { name: "kernels", run: async () => ({}) };
  assertEquals(await outcomeOf(empty, test), "output0: is missing");
});
