/** Models as onnxruntime-web runs them. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertNotMatch,
  assertRejects,
} from "@std/assert";
import * as reference from "../../../kernels/reference.ts";
import { type DType, type Tensor, tensor } from "../../../kernels/tensor.ts";
import {
  GraphBuilder,
  type Model,
  OnnxRuntimeError,
  type OnnxTensor,
  openSession,
  type Provider,
  readModel,
  run,
  type RunOptions,
  splitWeights,
  webGpuFeatures,
  writeModel,
} from "../../../onnx/mod.ts";
import { attributeProto as attribute } from "../../../onnx/attribute.ts";
import { cast, noise } from "../../../tools/judge/noise.ts";
import { run as runCommand } from "../../command.ts";

const features = await webGpuFeatures();
if (!features) console.log("No WebGPU device is here: what needs one is skipped.");
else if (!features.has("shader-f16")) console.log("The WebGPU device lacks shader-f16: float16 is skipped on it.");
const providers: Provider[] = features ? ["wasm", "webgpu"] : ["wasm"];

/** The types in which a provider runs layer norm on this machine. */
function typesOf(provider: Provider): DType[] {
  if (provider === "wasm") return ["float32", "float64", "float16"];
  return features?.has("shader-f16") ? ["float32", "float16"] : ["float32"];
}

function layerNorm(type: DType, features: number): Model {
  const g = new GraphBuilder("layer norm", { opset: 17 });
  const x = g.input("x", type, ["N", features]);
  const scale = g.constant(cast({ type: "float32", dims: [features], data: new Float32Array(features).fill(2) }, type));
  g.output("y", g.op("LayerNormalization", [x, scale]), type, ["N", features]);
  return g.build();
}

const f32 = (dims: number[], data: number[]): Tensor => ({ type: "float32", dims, data: Float32Array.from(data) });

for (const provider of providers) {
  Deno.test(`${provider}: runs a model once, in every type that it has`, async () => {
    for (const type of typesOf(provider)) {
      const x = noise([3, 16], { type });
      const { y } = await run(layerNorm(type, 16), { x }, { provider });
      const want = reference.layerNorm(x).y;
      assertEquals([y.type, y.dims], [type, [3, 16]]);
      want.data.forEach((value, i) =>
        assertAlmostEquals(Number(y.data[i]), 2 * value, type === "float16" ? 4e-3 : 1e-5)
      );
    }
  });

  Deno.test(`${provider}: runs that are asked for at once, of two sessions, all end and are right`, async () => {
    await using a = await openSession(layerNorm("float32", 4), { provider });
    await using b = await openSession(layerNorm("float32", 8), { provider });
    const runs = Array.from({ length: 12 }, async (_, i) => {
      const features = i % 2 === 0 ? 4 : 8, x = noise([2, features], { seed: i });
      const { y } = await (i % 2 === 0 ? a : b).run({ x });
      reference.layerNorm(x).y.data.forEach((value, j) => assertAlmostEquals(Number(y.data[j]), 2 * value, 1e-5));
    });
    await Promise.all(runs);
  });

  Deno.test(`${provider}: each run gives arrays of its own`, async () => {
    await using session = await openSession(layerNorm("float32", 2), { provider });
    const first = await session.run({ x: f32([1, 2], [1, 2]) }), kept = first.y.data.slice();
    const second = await session.run({ x: f32([1, 2], [2, 1]) });
    assertEquals(first.y.data, kept);
    assert(first.y.data !== second.y.data);
  });

  Deno.test(`${provider}: wrong inputs are the caller's mistake, and the session goes on`, async () => {
    await using session = await openSession(layerNorm("float32", 2), { provider });
    assertEquals(session.inputs, [{ name: "x", type: "float32", dims: ["N", 2] }]);
    assertEquals(session.outputs, [{ name: "y", type: "float32", dims: ["N", 2] }]);
    const x = f32([1, 2], [1, 2]);
    await assertRejects(() => session.run({}), TypeError, `input "x" is missing; the model's inputs are x.`);
    await assertRejects(() => session.run({ x, z: x }), TypeError, `no input "z"`);
    await assertRejects(() => session.run({ x: cast(x, "float64") }), TypeError, "float64; the model wants float32");
    await assertRejects(() => session.run({ x: f32([2, 1], [1, 2]) }), RangeError, "dims [2,1]; the model wants [N,2]");
    await assertRejects(() => session.run({ x: f32([2], [1, 2]) }), RangeError, "the model wants [N,2]");
    await assertRejects(() => session.run({ x: { ...x, dims: [2, 2] } as Tensor }), RangeError, "4 elements");
    assertEquals((await session.run({ x })).y.dims, [1, 2]);
  });

  Deno.test(`${provider}: a failure names the node, and the session goes on`, async () => {
    const g = new GraphBuilder("product", { opset: 17 });
    const a = g.input("a", "float32", [1, "K"]), b = g.input("b", "float32", ["L", 1]);
    g.output("y", g.op("MatMul", [a, b], {}, { name: "product" }), "float32", [1, 1]);
    await using session = await openSession(g.build(), { provider });
    const error = await assertRejects(
      () => session.run({ a: f32([1, 2], [1, 2]), b: f32([3, 1], [1, 2, 3]) }),
      OnnxRuntimeError,
      `could not run node "product" (MatMul) on "${provider}"`,
    );
    assertEquals([error.node, error.opType], ["product", "MatMul"]);
    const { y } = await session.run({ a: f32([1, 2], [1, 2]), b: f32([2, 1], [3, 4]) });
    assertEquals(y.data, new Float32Array([11]));
  });

  Deno.test(`${provider}: a model that cannot be opened says at which node`, async () => {
    const g = new GraphBuilder("unknown", { opset: 17 });
    g.output("y", g.op("Levitate", [g.input("x", "float32", [1])], {}, { name: "up" }), "float32", [1]);
    const error = await assertRejects(
      () => openSession(g.build(), { provider }),
      OnnxRuntimeError,
      `node "up" (Levitate)`,
    );
    assert(error.message.includes("has no such operator. Check its name"), error.message);
    assertInstanceOf(error.cause, Error);
    await assertRejects(
      () => openSession(new Uint8Array(9), { provider }),
      OnnxRuntimeError,
      "could not open the model",
    );
  });

  Deno.test(`${provider}: after its end a session runs nothing, and ending twice does no harm`, async () => {
    const session = await openSession(layerNorm("float32", 2), { provider });
    const last = session.run({ x: f32([1, 2], [1, 2]) });
    await session[Symbol.asyncDispose]();
    await session[Symbol.asyncDispose]();
    assertEquals((await last).y.dims, [1, 2]);
    await assertRejects(() => session.run({ x: f32([1, 2], [1, 2]) }), TypeError, "closed");
  });
}

Deno.test("wasm: an operator without a kernel is named, with what to do", async () => {
  const g = new GraphBuilder("mvn", { opset: 17 });
  const x = g.input("x", "float64", [1, 1, 1, 1]);
  g.output("y", g.op("MeanVarianceNormalization", [x], {}, { name: "mvn" }), "float64", [1, 1, 1, 1]);
  const error = await assertRejects(
    () => openSession(g.build()),
    OnnxRuntimeError,
    `node "mvn" (MeanVarianceNormalization)`,
  );
  assert(error.message.includes("float32"));
});

Deno.test("wasm: tensors of other types, scalars and text go in and out", async () => {
  const g = new GraphBuilder("types", { opset: 17 });
  const tensors: Record<string, OnnxTensor> = {
    int64: { type: "int64", dims: [2], data: new BigInt64Array([-1n, 2n]) },
    int32: { type: "int32", dims: [], data: new Int32Array([7]) },
    uint8: { type: "uint8", dims: [1, 2], data: new Uint8Array([1, 255]) },
    bool: { type: "bool", dims: [2], data: new Uint8Array([0, 1]) },
    string: { type: "string", dims: [2], data: ["a", "ß"] },
    float16: { type: "float16", dims: [2], data: new Float16Array([1, -2]) },
    float64: { type: "float64", dims: [0, 2], data: new Float64Array() },
  };
  for (const [name, { type, dims }] of Object.entries(tensors)) {
    g.output(`${name}_out`, g.op("Identity", [g.input(name, type, dims)]), type, dims);
  }
  const results = await run(g.build(), tensors);
  for (const [name, tensor] of Object.entries(tensors)) assertEquals(results[`${name}_out`], tensor);
});

Deno.test("wasm: every level of optimization runs", async () => {
  const x = f32([1, 2], [1, 3]), [, want] = reference.layerNorm(x).y.data;
  for (const optimize of ["disabled", "basic", "extended", "all"] as const) {
    const { y } = await run(layerNorm("float32", 2), { x }, { optimize });
    assertAlmostEquals(Number(y.data[1]), 2 * want, 1e-6);
  }
});

for (const provider of providers) {
  Deno.test(`${provider}: a product is the same whether its weights were laid out anew or not`, async () => {
    const g = new GraphBuilder("product", { opset: 17 }), weight = noise([33, 17], { seed: 1 });
    g.output("y", g.op("MatMul", [g.input("x", "float32", ["N", 33]), g.constant(weight)]), "float32", ["N", 17]);
    const model = g.build(), x = noise([5, 33], { seed: 2 });
    const [a, b] = [await run(model, { x }, { provider }), await run(model, { x }, { provider, prepack: false })];
    a.y.data.forEach((value, i) => assertAlmostEquals(Number(b.y.data[i]), Number(value), 1e-5));
  });
}

Deno.test("options that cannot be are refused", async () => {
  const model = layerNorm("float32", 2);
  await assertRejects(() => openSession(model, { threads: 0 }), RangeError, "threads is 0");
  await assertRejects(() => openSession(model, { provider: "cuda" as Provider }), RangeError, `"wasm" or "webgpu"`);
  await assertRejects(() => openSession(model, { provider: "webgpu", threads: 2 }), RangeError, `"webgpu" has one`);
  const refused: [options: unknown, says: string][] = [
    [{ thread: 2 }, "openSession: thread is no option: did you mean threads?"],
    [{ Provider: "webgpu" }, "did you mean provider?"],
    [[], "openSession: options is an Array"],
    [null, "openSession: options is null"],
    [{ prepack: "false" }, "openSession: prepack is"],
    [{ threads: "2" }, 'openSession: threads is "2"'],
    [{ provider: null }, "openSession: provider is null"],
    [{ optimize: "none" }, `"basic", "extended" or "all"`],
  ];
  for (const [options, says] of refused) {
    await assertRejects(() => openSession(model, options as object), Error, says);
  }
  await assertRejects(() => openSession(null as never), TypeError, "openSession: model is null");
  await using session = await openSession(model, { threads: undefined, prepack: undefined });
  const feeds = { x: f32([1, 2], [1, 3]) },
    ofRun: [options: unknown, says: string][] = [
      [{ output: ["y"] }, "run: output is no option: did you mean outputs?"],
      [{ outputs: "y" }, `run: outputs is "y"; it must be a list`],
      [null, "run: options is null"],
    ];
  for (const [options, says] of ofRun) {
    await assertRejects(() => run(model, feeds, options as RunOptions), TypeError, says);
    await assertRejects(() => session.run(feeds, options as RunOptions), TypeError, says);
  }
  await assertRejects(() => run(model, feeds, { threads: 0 }), RangeError, "run: threads is 0");
  await assertRejects(() => run(model, feeds, { outputsOn: "memory" } as object), TypeError, "end with their session");
  await assertRejects(() => openSession(model, { threads: 2 }), RangeError, "started with 1");
});

Deno.test("wasm: outputs that are asked for are computed, and a sequence among them is no hindrance", async () => {
  const g = new GraphBuilder("sequence", { opset: 17 }), x = g.input("x", "float32", [2]);
  g.output("pieces", g.op("SequenceConstruct", [x, x]));
  g.output("y", g.op("Neg", [x]), "float32", [2]);
  g.output("z", g.op("Abs", [x]), "float32", [2]);
  const model = g.build(), feeds = { x: f32([2], [1, -2]) };
  assertEquals(await run(model, feeds, { outputs: ["y"] }), { y: f32([2], [-1, 2]) });
  const session = await openSession(model);
  assertEquals(Object.keys(await session.run(feeds, { outputs: ["z", "y"] })).sort(), ["y", "z"]);
  await assertRejects(() => session.run(feeds), TypeError, `Output "pieces" is no tensor`);
  await assertRejects(() => session.run(feeds, { outputs: ["pieces"] }), TypeError, `{ outputs: ["y","z"] }`);
  await assertRejects(
    () => session.run(feeds, { outputs: ["w"] }),
    TypeError,
    `no output "w"; its outputs are pieces, y, z`,
  );
  await session.close();
});

/** Models that onnxruntime cannot open, each for another reason, and the advice that is right. */
const unopened: Record<string, { model: () => Model; advice: RegExp | undefined }> = {
  "an operator of a domain that is not known": {
    model: () =>
      changed((model) => {
        model.graph!.node[0].domain = "com.acme";
        model.opsetImport.push({ ...model.opsetImport[0], domain: "com.acme", version: 1n });
      }),
    advice: /has no such operator/,
  },
  "a domain that is not imported": {
    model: () => changed((model) => model.graph!.node[0].domain = "com.acme"),
    advice: /Add "com.acme" to the model's opsetImport\.$/,
  },
  "an opset of the future": {
    model: () => changed((model) => model.opsetImport[0].version = 99n),
    advice: /Export the model for opset \d\d or an earlier one\.$/,
  },
  "an IR of the future": {
    model: () => changed((model) => model.irVersion = 99n),
    advice: /Set the model's irVersion to \d\d:/,
  },
  "weights in another file": {
    model: () => {
      const g = new GraphBuilder("g", { opset: 17 });
      const x = g.input("x", "float32", [1024]), weight = g.constant(f32([1024], new Array(1024).fill(1)));
      g.output("y", g.op("Add", [x, weight]), "float32", [1024]);
      return readModel(splitWeights(g.build(), { location: "weights.data" }).model);
    },
    advice: /open what readModelFile or readExternalData gives/,
  },
  "types that do not go together": {
    model: () => {
      const g = new GraphBuilder("g", { opset: 17 });
      g.output("y", g.op("Add", [g.input("a", "float32", [1]), g.input("b", "int64", [1])]), "float32", [1]);
      return g.build();
    },
    advice: /with Cast/,
  },
  "a version of an operator without a kernel": {
    model: () => {
      const g = new GraphBuilder("g", { opset: 1 });
      g.output("y", g.op("Add", [g.input("a", "float32", [1]), g.input("b", "float32", [1])]), "float32", [1]);
      return g.build();
    },
    advice: /no kernel for version 1 of it with these types\. Write it in a later opset/,
  },
  "an attribute of another version": {
    model: () => changed((model) => model.graph!.node[0].attribute.push(attribute("alpha", 1))),
    advice: /in the version that the model imports/,
  },
  "dims that do not follow": {
    model: () => {
      const g = new GraphBuilder("g", { opset: 17 });
      g.output("y", g.op("Neg", [g.input("x", "float32", [2])]), "float32", [3]);
      return g.build();
    },
    advice: /correct them, or try/,
  },
  "an input that nothing gives, of which there is nothing to add": {
    model: () => changed((model) => model.graph!.node[0].input[0] = "absent"),
    advice: undefined,
  },
};

function changed(change: (model: Model) => void): Model {
  const g = new GraphBuilder("g", { opset: 17 });
  g.output("y", g.op("Neg", [g.input("x", "float32", [1])]), "float32", [1]);
  const model = g.build();
  change(model);
  return model;
}

for (const [what, { model, advice }] of Object.entries(unopened)) {
  Deno.test(`wasm: advice on ${what} is right`, async () => {
    const { message } = await assertRejects(() => openSession(model()), OnnxRuntimeError);
    if (advice) assertMatch(message, advice);
    else assertMatch(message, /output of a previous node\.$/);
    assertNotMatch(message, /it runs as it is written/);
  });
}

/** What a program prints that has a model to run. A process of its own: onnxruntime takes its threads once. */
async function printed(program: string): Promise<string> {
  const source = `import { GraphBuilder, hasWebGpu, openSession, run, webGpuFeatures, writeModel } from ${
    JSON.stringify(`${root}onnx/mod.ts`)
  };
const g = new GraphBuilder("double", { opset: 17 });
const x = g.input("x", "float32", [2]);
g.output("y", g.op("Add", [x, x]), "float32", [2]);
const model = g.build(), feeds = { x: { type: "float32", dims: [2], data: new Float32Array([1, 2]) } };
${program}`;
  return (await runCommand(Deno.execPath(), ["eval", source], { cwd: root })).trim();
}

const root = new URL("../../../", import.meta.url);

Deno.test("wasm: several threads compute the same, and do not keep the process alive", async () => {
  const program = `const { y } = await run(model, feeds, { threads: 2 }); console.log([...y.data].join());`;
  assertEquals(await printed(program), "2,4");
});

Deno.test("without a WebGPU device, asking for one is a clear error", async () => {
  const program = `navigator.gpu.requestAdapter = () => Promise.resolve(null);
console.log(await webGpuFeatures(), await hasWebGpu());
await openSession(model, { provider: "webgpu" }).catch((error) => console.log(error.name, error.message));`;
  const text = await printed(program);
  assert(/^undefined false\nOnnxRuntimeError There is no WebGPU device here\. Use provider "wasm"/.test(text), text);
});

Deno.test("without shader-f16, a model with float16 anywhere is a clear error before it is opened", async () => {
  const program = `const plain = { features: new Set(["depth-clip-control"]) };
navigator.gpu.requestAdapter = () => Promise.resolve(plain);
console.log(...await webGpuFeatures());
const half = () => new GraphBuilder("half", { opset: 17 });
const asInput = half(), asWeight = half(), converted = half();
asInput.output("y", asInput.op("Neg", [asInput.input("x", "float16", [2])]), "float16", [2]);
asWeight.output("y", asWeight.op("Cast", [asWeight.constant({ type: "float16", dims: [1], data: new Float16Array(1) })], { to: 1n }));
converted.output("y", converted.op("Cast", [converted.op("Cast", [converted.input("x", "float32", [2])], { to: 10n })], { to: 1n }));
for (const model of [asInput.build(), asWeight.build(), writeModel(converted.build())]) {
  await openSession(model, { provider: "webgpu" }).catch(({ name, message }) => console.log(name, message));
}
await openSession(model, { provider: "webgpu" }).catch(({ message }) => console.log(message));`;
  const [names, ...lines] = (await printed(program)).split("\n");
  assertEquals(names, "depth-clip-control");
  const refusal = /^OnnxRuntimeError .* needs shader-f16, which this device does not have\. Use/;
  for (const line of lines.slice(0, 3)) assertMatch(line, refusal);
  // What has none goes on to onnxruntime, which finds that this is no adapter of its own.
  assertNotMatch(lines.slice(3).join(), /shader-f16/);
});

Deno.test("importing the room does not load onnxruntime", async () => {
  interface Module {
    dependencies?: { specifier: string; code?: unknown; isDynamic?: boolean }[];
  }
  const info = await runCommand(Deno.execPath(), ["info", "--json", "onnx/mod.ts"], { cwd: root });
  const { modules } = JSON.parse(info) as { modules: Module[] };
  const imports = modules.flatMap(({ dependencies = [] }) => dependencies)
    .filter(({ specifier, code }) => specifier.startsWith("onnxruntime-web") && code);
  assertEquals(imports.map(({ specifier, isDynamic }) => [specifier, isDynamic]).sort(), [
    ["onnxruntime-web", true],
    ["onnxruntime-web/wasm", true],
    ["onnxruntime-web/webgpu", true],
  ]);
});

Deno.test("run: large weights are given where they lie, those of a branch within the model, and it stays as it is", async () => {
  const size = 1 << 19, g = new GraphBuilder("large", { opset: 17 }), x = g.input("x", "float32", [size]);
  const weights = (factor: number) => Float32Array.from({ length: size }, (_, i) => factor * (i % 7));
  const condition = g.op("Greater", [g.op("ReduceMax", [x], { keepdims: 0n }), g.float32(0)]);
  const [yes, no] = [2, 3].map((factor) => {
    const body = g.subgraph(`times ${factor}`);
    body.output(`by ${factor}`, body.op("Mul", [x, body.constant(tensor(weights(factor), [size]))]));
    return body;
  });
  const y = g.op("If", [condition], { then_branch: yes, else_branch: no });
  g.output("y", g.op("Add", [y, g.constant(tensor(weights(1), [size]))]), "float32", [size]);
  const model = g.build(), bytes = writeModel(model);
  for (const provider of providers) {
    for (const sign of [1, -1]) {
      const inputs = { x: tensor(new Float32Array(size).fill(sign), [size]) };
      const apart = await run(model, inputs, { provider }), whole = await run(bytes, inputs, { provider });
      assertEquals(apart.y.data, whole.y.data);
      assertEquals(apart.y.data[5], sign > 0 ? 15 : -10);
    }
  }
  assertEquals(writeModel(model), bytes);
});
