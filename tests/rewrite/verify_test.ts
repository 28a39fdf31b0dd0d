/** Verify where the first model's normalizations are wrong: the repair is accepted, and nothing else hides behind it. */
import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { layerNorm, linear, modelOf, type SymbolicTensor } from "../../models/mod.ts";
import { type Model, OnnxRuntimeError, protoOf, run, tensorOf } from "../../onnx/mod.ts";
import { changed } from "../../onnx/edit/copy.ts";
import { optimize, verificationText, verify } from "../../rewrite/mod.ts";
import { noise } from "../../tools/judge/noise.ts";
import { randomModel } from "../../tools/rewrite/random_graphs.ts";

const scale = noise([16], { mean: 1, deviation: 0.1, seed: 1 }), weight = noise([16, 16], { seed: 2 });

/** A fused layer norm of values near 10,000, which onnxruntime gets wrong in its third digit, and a product behind it. */
const far = modelOf((x) => linear(layerNorm(x.plus(1e4), { form: "fused", scale }), { weight }), { x: ["N", 16] });

/** The model with each stored tensor of these dims changed. */
function withTensors(model: Model, dims: readonly number[], change: (value: number) => number): Model {
  let count = 0;
  const initializer = model.graph!.initializer.map((proto) => {
    const tensor = tensorOf(proto);
    if (String(tensor.dims) !== String(dims) || tensor.type !== "float32") return proto;
    count++;
    return protoOf({ ...tensor, data: (tensor.data as Float32Array).map(change) }, proto.name);
  });
  assert(count > 0, `no tensor has dims [${dims}]`);
  return changed(model, { graph: changed(model.graph!, { initializer }) });
}

Deno.test("verify: a wrong norm may be all that a model is", async () => {
  const norm = modelOf((x) => layerNorm(x.plus(1e4), { form: "fused" }), { x: ["N", 16] });
  const { verification } = await optimize(norm, { passes: ["stabilize"] });
  assert(verification!.isRight);
  assertLess(1e-4, verification!.values.find(({ inputs }) => inputs === "random")!.errors!.before);
});

Deno.test("verify: a value between a wrong norm and the outputs is compared too", async () => {
  const { model } = await optimize(far, { passes: ["stabilize"], verify: false });
  const inner = far.graph!.node.filter(({ opType }) => opType === "MatMul" || opType === "Add").map(({ output }) =>
    output[0]
  );
  const { values } = await verify(far, model, { values: inner });
  assertEquals(values.filter(({ inputs, value }) => inputs === "random" && inner.includes(value)).length, inner.length);
});

Deno.test("verify: a norm that was wrong with ordinary inputs may be mended, and what is behind it is still compared", async () => {
  const { model, verification } = await optimize(far, { passes: ["stabilize"] });
  const norm = verification!.values.find(({ inputs, errors }) => inputs === "random" && errors)!;
  assertLess(1e-4, norm.errors!.before);
  assertLess(norm.errors!.after, 1e-6);
  assert(verification!.isRight);
  assertEquals(verification!.values.filter(({ inputs, judged }) => inputs === "random" && !judged), []);
  for (
    const [what, wrong] of Object.entries({
      "a weight behind the norm": withTensors(model, [16, 16], (value) => value * 1.01),
      "the norm's scale": withTensors(model, [16], (value) => value * 1.01),
    })
  ) assert(!(await verify(far, wrong)).isRight, what);
});

Deno.test("verify: of equal numbers one norm gives 0 and another a rounding, which is no difference", async () => {
  const flat = (x: SymbolicTensor) => x.times(0).plus(0.307),
    parameters = (x: SymbolicTensor, value: number) =>
      x.of(x.graph.constant({ type: "float32", dims: [2], data: Float32Array.of(value, value) }), { dims: [2] });
  const model = modelOf(
    (x) => flat(x).op("InstanceNormalization", [parameters(x, 1), parameters(x, 0)], { epsilon: 1e-3 }),
    { x: [4, 2, 18] },
  );
  const { y } = await run(model, { x: { type: "float32", dims: [4, 2, 18], data: new Float32Array(144) } });
  assert((y.data as Float32Array).some((one) => one !== 0), "onnxruntime gives 0 by now");
  const { verification } = await optimize(model, { passes: ["stabilize"] });
  assert(verification!.isRight, verificationText(verification!));
});

Deno.test("verify: a model that runs only with onnxruntime's optimizer off may be compared, and be mended", async () => {
  const { model, inputs } = randomModel(1859);
  await assertRejects(() => run(model, inputs), OnnxRuntimeError, "LayerNormFusion");
  const { model: after } = await optimize(model, { passes: ["fuse"], verify: false });
  const { isRight } = await verify(model, after, { inputs: [inputs], bound: 1e-9 });
  assert(!isRight, "a bound that nothing meets asks for all there is to measure");
  await run(after, inputs);
});
