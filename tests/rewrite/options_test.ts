/** Wrong calls are refused before anything is run, by the name of the function and of what is wrong. */
import { assert, assertRejects, assertThrows } from "@std/assert";
import { tensor } from "../../kernels/mod.ts";
import { batchNorm, layerNorm, modelOf } from "../../models/mod.ts";
import { bench, inspect, optimize, recalibrate, verify } from "../../rewrite/mod.ts";

const wrong = (value: unknown) => value as never;
const one = tensor([1]), x = tensor([1, 2], [2, 1]);
const model = modelOf((x) => layerNorm(x, { form: "decomposed" }), { x: ["N", 4] });
const norm = modelOf((x) => batchNorm(x, { mean: one, variance: one, form: "fused" }), { x: ["N", 1] });

const ofOptimize: [options: unknown, says: string][] = [
  [{ passses: [] }, "passses is no option: did you mean passes?"],
  [{ Verify: false }, "did you mean verify?"],
  ["x", 'options is "x"'],
  [[], "options is an Array"],
  [null, "options is null"],
  [{ float16: "false" }, `float16 is "false"; it must be true or false`],
  [{ inference: "false" }, `inference is "false"; it must be true or false`],
  [{ opset: "17" }, 'opset is "17"; it must be a whole number'],
  [{ opset: NaN }, "opset is NaN"],
  [{ passes: "fold" }, 'passes is "fold"; it must be a list'],
  [{ target: "gpu" }, `"wasm", "webgpu", "native" or "any"`],
  [{ verify: true }, "verify is boolean true"],
  [{ verify: null }, "verify is null"],
  [{ verify: { bond: 1 } }, "did you mean bound?"],
  [{ verify: { bound: Infinity } }, "bound is Infinity; it must be a finite number, at least 0"],
];

const ofVerify: [options: unknown, says: string][] = [
  [{ bond: 1 }, "bond is no option: did you mean bound?"],
  [null, "options is null"],
  [{ bound: Infinity }, "bound is Infinity"],
  [{ bound: NaN }, "bound is NaN"],
  [{ bound: -1 }, "bound is -1"],
  [{ bound: "1000" }, 'bound is "1000"; it must be a number'],
  [{ values: "zz" }, 'values is "zz"; it must be a list'],
  [{ mended: "y" }, 'mended is "y"; it must be a list'],
  [{ inputs: { x } }, "inputs is an Object; it must be a list of sets of inputs"],
  [{ provider: "cuda" }, 'provider is "cuda"'],
  [{ seed: "1" }, 'seed is "1"'],
  [{ onProgress: 1 }, "onProgress is number 1; it must be a function"],
];

const ofBench: [models: unknown, options: unknown, says: string][] = [
  [[model], { run: 3 }, "run is no option: did you mean runs?"],
  [[model], null, "options is null"],
  [[model], { runs: "3" }, 'runs is "3"; it must be a whole number'],
  [[model], { provider: "cuda" }, 'provider is "cuda"'],
  [null, {}, "models is null; it must be a list"],
  [undefined, {}, "models is undefined; it must be a list"],
  [model, {}, "it must be a list"],
  [[null], {}, "an entry of models is null"],
];

const ofRecalibrate: [data: unknown, options: unknown, says: string][] = [
  [() => [{ x }], { refrence: norm }, "refrence is no option: did you mean reference?"],
  [() => [{ x }], null, "options is null"],
  [() => [{ x }], { reference: null }, "reference is null; it must be a model"],
  [() => [{ x }], { onBatch: 1 }, "onBatch is number 1"],
  [() => [{ x }], { provider: "cuda" }, 'provider is "cuda"'],
  [[{ x }], {}, "data is an Array; it must be a function"],
  [() => ({ x }), {}, "data gave an Object; it must give a list"],
  [() => Promise.resolve([{ x }]), {}, "data gave a Promise"],
];

async function rejected(name: string, call: () => Promise<unknown>, says: string): Promise<void> {
  const { message } = await assertRejects(call, Error, says);
  assert(message.startsWith(`${name}: `), message);
}

Deno.test("rewrite: an option of another name or kind is refused, by the name of the function", async () => {
  for (const [options, says] of ofOptimize) {
    await rejected("optimize", () => optimize(model, wrong(options)), says);
  }
  for (const [options, says] of ofVerify) {
    await rejected("verify", () => verify(model, model, wrong(options)), says);
  }
  for (const [models, options, says] of ofBench) {
    await rejected("bench", () => bench(wrong(models), wrong(options)), says);
  }
  for (const [data, options, says] of ofRecalibrate) {
    await rejected("recalibrate", () => recalibrate(norm, wrong(data), wrong(options)), says);
  }
});

Deno.test("rewrite: what is no model is refused", async () => {
  for (const value of [null, undefined, {}, new Uint8Array(1)].map(wrong)) {
    assertThrows(() => inspect(value), TypeError, "inspect: model is");
    await rejected("optimize", () => optimize(value), "it must be a model");
    await rejected("verify", () => verify(value, model), "before is");
    await rejected("verify", () => verify(model, value), "after is");
    await rejected("recalibrate", () => recalibrate(value, () => []), "it must be a model");
  }
});
