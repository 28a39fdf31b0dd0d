/** Evenkeel's kernels run the normalization nodes of ONNX: every version of every operator, its attributes and its errors. */
import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import * as reference from "../../kernels/reference.ts";
import { type DType, type Tensor, tensor } from "../../kernels/tensor.ts";
import { evaluate, evaluateNode } from "../../models/evaluate.ts";
import { operators } from "../../models/operators/mod.ts";
import { type AttributeValue, GraphBuilder, ModelError, type NodeProto, type OnnxTensor, run } from "../../onnx/mod.ts";
import { noise } from "../../tools/judge/noise.ts";
import { specimenCase, specimensOf } from "../../tools/conformance/specimens.ts";
import { assertClose, rounding, types } from "../close.ts";

const f32 = (data: number[], dims?: number[]) => tensor(Float32Array.from(data), dims);

interface NodeOptions {
  attributes?: Record<string, AttributeValue>;
  /** How many outputs, or whether each is there. Default: 1. */
  outputs?: number | boolean[];
  domain?: string;
  name?: string;
}

/** A node of so many inputs. */
function nodeOf(
  opType: string,
  inputs: number,
  { attributes = {}, outputs = 1, ...rest }: NodeOptions = {},
): NodeProto {
  const g = new GraphBuilder("g", { opset: 17 });
  const given = Array.from({ length: inputs }, (_, i) => g.input(`input${i}`));
  g.ops(opType, given, attributes, outputs, rest);
  return g.build().graph!.node[0];
}

/** Runs a node of the given inputs. */
function call(opType: string, opset: number, inputs: (OnnxTensor | undefined)[], options?: NodeOptions) {
  return evaluateNode(nodeOf(opType, inputs.length, options), inputs, { opset });
}

const tolerance: Record<DType, number> = { float32: 2e-6, float64: 1e-13, float16: 2e-6 };

/** How far results may be from specimens, which are rounded themselves; scale and bias may make them several units large. */
function near({ type, data }: Tensor): (i: number) => number {
  const largest = Math.max(1, ...Array.from(data, Math.abs));
  return (i) => tolerance[type] * largest + rounding(type, data[i]);
}

for (const type of types) {
  Deno.test(`evaluate: every version of every operator agrees with the reference, ${type}`, async (t) => {
    for (const specimen of specimensOf(type)) {
      const { name, model, inputs, outputs } = specimenCase(specimen);
      await t.step(name, () => {
        const results = evaluate(model, inputs);
        assertEquals(Object.keys(results), Object.keys(outputs));
        for (const [name, expected] of Object.entries(outputs) as [string, Tensor][]) {
          assertEquals(results[name].type, expected.type, `${name}: type`);
          assertClose(results[name] as Tensor, expected, near(expected), name);
        }
      });
    }
  });
}

Deno.test("evaluate: the specimens show every version of every operator", () => {
  const shown = new Set(specimensOf("float32").map(({ operator, since }) => `${operator} ${since}`));
  const all = Object.values(operators).flatMap((ofDomain) =>
    Object.entries(ofDomain).flatMap(([name, versions]) => versions.map(({ since }) => `${name} ${since}`))
  );
  assertEquals([...shown].sort(), all.sort());
});

Deno.test("evaluate: the version is the latest that the operator set has", () => {
  const x = f32([1, 3, 10, 30], [1, 4]), perGroup = [f32([1, 2]), f32([0, 5])];
  const perChannel = [f32([1, 1, 2, 2]), f32([0, 0, 5, 5])], attributes = { num_groups: 2n, epsilon: 0 };
  const expected = f32([-1, 1, 3, 7], [1, 4]);
  for (const opset of [18, 19, 20]) {
    assertEquals(call("GroupNormalization", opset, [x, ...perGroup], { attributes }), [expected]);
    assertThrows(() => call("GroupNormalization", opset, [x, ...perChannel], { attributes }), RangeError, "[4]");
  }
  for (const opset of [21, 25]) {
    assertEquals(call("GroupNormalization", opset, [x, ...perChannel], { attributes }), [expected]);
    assertThrows(() => call("GroupNormalization", opset, [x, ...perGroup], { attributes }), RangeError, "[2]");
  }
});

Deno.test("batch normalization: how a node says that it is trained", () => {
  const inputs = [f32([1, 5], [2, 1]), f32([1]), f32([0]), f32([7]), f32([8])];
  const run = (opset: number, options: NodeOptions) =>
    call("BatchNormalization", opset, inputs, { ...options, attributes: { epsilon: 0, ...options.attributes } });
  const frozen = f32([-6 / Math.sqrt(8), -2 / Math.sqrt(8)], [2, 1]), trained = f32([-1, 1], [2, 1]);
  // Until 6 by an attribute, until 9 by asking for more than Y, from 14 on by an attribute again.
  for (const opset of [1, 6]) {
    assertClose(run(opset, { attributes: { is_test: 1n } })[0]!, frozen, 1e-6);
    assertEquals(run(opset, {})[0], trained);
  }
  for (const opset of [7, 9]) {
    assertClose(run(opset, {})[0]!, frozen, 1e-6);
    assertEquals(run(opset, { outputs: [true, false, false, true] }), [trained, undefined, undefined, f32([3])]);
  }
  for (const opset of [14, 15]) {
    assertClose(run(opset, {})[0]!, frozen, 1e-6);
    const attributes = { training_mode: 1n, momentum: 0.75 };
    assertEquals(run(opset, { attributes, outputs: 3 }), [trained, f32([6]), f32([7])]);
    assertEquals(run(opset, { attributes }), [trained]);
    assertThrows(() => run(opset, { outputs: 3 }), ModelError, "output 1, running_mean, is not given");
    assertThrows(() => run(opset, { attributes, outputs: 5 }), ModelError, "5 outputs");
  }
});

Deno.test("batch normalization: a vector is samples of one channel", () => {
  const [y] = call("BatchNormalization", 15, [f32([1, 3, 5]), f32([2]), f32([1]), f32([3]), f32([4])], {
    attributes: { epsilon: 0 },
  });
  assertEquals(y, f32([-1, 1, 3]));
});

Deno.test("batch normalization: parameters of each position are a tensor or a vector, and nothing else", () => {
  const x = noise([4, 3, 1, 2]), dims = [3, 1, 2];
  const parameters = [1, 2, 3].map((seed) => noise(dims, { seed })), variance = f32([1, 2, 3, 4, 5, 6], dims);
  const vector = <T extends OnnxTensor>(tensor: T): T => ({ ...tensor, dims: [6] });
  const options = { attributes: { spatial: 0n } };
  const [y] = call("BatchNormalization", 7, [x, ...parameters, variance], options);
  assertEquals(call("BatchNormalization", 7, [x, ...[...parameters, variance].map(vector)], options), [y]);
  const wrong = () => call("BatchNormalization", 7, [x, f32([1, 1, 1]), ...parameters.slice(1), variance], options);
  assertThrows(wrong, RangeError, "scale has dims [3]; they must be [3,1,2] or [6]");
  // Trained, each position has statistics of its own, of the dims that the old ones have.
  const trained = call("BatchNormalization", 7, [x, ...parameters, variance], { ...options, outputs: 5 });
  const expected = reference.batchNormTraining({ ...x, dims: [4, 6] });
  assertEquals(trained[3]!.dims, dims);
  assertClose(vector(trained[4]!), expected.variance, 1e-6);
});

Deno.test("batch normalization 15: three types at once", () => {
  const x = noise([3, 2, 5], { type: "float16" }), affine = { scale: f32([2, 3]), bias: f32([1, -1]) };
  const mean = tensor(new Float64Array([0.25, -0.5])), variance = tensor(new Float64Array([1.5, 0.5]));
  const inputs = [x, affine.scale, affine.bias, mean, variance], epsilon = Math.fround(1e-5);
  const [y] = call("BatchNormalization", 15, inputs);
  assertEquals(y!.type, "float16");
  assertClose(y!, reference.batchNorm(x, { ...affine, mean, variance, epsilon }).y, 1e-5);
  const trained = call("BatchNormalization", 15, inputs, { attributes: { training_mode: 1n }, outputs: 3 });
  assertEquals(trained.map((one) => one!.type), ["float16", "float64", "float64"]);
  const batch = reference.batchNormTraining(x), momentum = Math.fround(0.9);
  const running = Float64Array.from(mean.data, (old, c) => old * momentum + batch.mean.data[c] * (1 - momentum));
  assertClose(trained[1]!, tensor(running), 1e-7);
});

Deno.test("layer normalization: statistics are float32, each only where the node has it", () => {
  for (const type of types) {
    const x = noise([2, 3, 4], { type, mean: 3 }), scale = noise([3, 4], { type });
    const { mean, invStdDev } = reference.layerNorm(x, { axes: [1, 2], epsilon: Math.fround(1e-5) });
    const run = (outputs: boolean[]) =>
      call("LayerNormalization", 17, [x, scale], { attributes: { axis: -2n }, outputs });
    const [, actual, inverse] = run([true, true, true]);
    assertEquals([actual!.type, inverse!.type, actual!.dims], ["float32", "float32", [2, 1, 1]]);
    assertClose(actual!, mean, 1e-6);
    assertClose(inverse!, invStdDev, 1e-6);
    assertEquals(run([true, false, true]).map((one) => one !== undefined), [true, false, true]);
    assertEquals(run([true]).length, 1);
  }
});

Deno.test("layer and RMS normalization: scale and bias broadcast to x", () => {
  const x = noise([2, 3, 4], { mean: 1 }), epsilon = Math.fround(1e-5);
  const y = reference.layerNorm(x, { axes: [1, 2], epsilon }).y.data;
  const index = (i: number) => ({ n: Math.floor(i / 12), r: Math.floor(i / 4) % 3, c: i % 4 });
  type At = (at: ReturnType<typeof index>) => number;
  const shapes: [number[], At][] = [
    [[4], ({ c }) => c],
    [[1], () => 0],
    [[], () => 0],
    [[3, 1], ({ r }) => r],
    [[1, 4], ({ c }) => c],
    [[1, 3, 4], ({ r, c }) => r * 4 + c],
    // From here on, not the same for every sample.
    [[2, 1, 1], ({ n }) => n],
    [[2, 1, 4], ({ n, c }) => n * 4 + c],
    [[2, 3, 4], ({ n, r, c }) => n * 12 + r * 4 + c],
  ];
  const b = noise([4], { seed: 5 }), options = { attributes: { axis: 1n } };
  for (const [dims, at] of shapes) {
    const scale = noise(dims, { seed: 3, mean: 1 });
    const expected = Float64Array.from(y, (v, i) => v * scale.data[at(index(i))] + b.data[i % 4]);
    const [actual] = call("LayerNormalization", 17, [x, scale, b], options);
    assertClose(actual!, tensor(expected, x.dims), 5e-6, `scale of dims [${dims}]`);
  }
  for (const dims of [[2], [3], [4, 1], [1, 1, 3, 4], [2, 3, 1, 1]]) {
    const wrong = () => call("LayerNormalization", 17, [x, noise(dims)], options);
    assertThrows(wrong, RangeError, `cannot be broadcast to [2,3,4]`);
    assertThrows(() => call("RMSNormalization", 23, [x, noise(dims)], options), RangeError, "cannot be broadcast");
  }
});

Deno.test("RMS normalization: y has the type of scale", () => {
  const epsilon = Math.fround(1e-5);
  for (const of of types) {
    for (const type of types) {
      const x = noise([3, 5], { type: of }), scale = noise([5], { type, mean: 1 });
      for (const [operator, opset] of [["RMSNormalization", 23], ["SimplifiedLayerNormalization", 17]] as const) {
        const [y] = call(operator, opset, [x, scale]);
        assertEquals(y!.type, type);
        const exact = of === "float64" && type === "float64";
        assertClose(y!, reference.rmsNorm(x, { scale, epsilon }).y, exact ? 1e-14 : 2e-6, `${of}, scale ${type}`);
      }
    }
  }
  const [, inverse] = call("SimplifiedLayerNormalization", 17, [f32([3, 4], [1, 2]), f32([1, 1])], {
    attributes: { epsilon: 0 },
    outputs: 2,
  });
  assertClose(inverse!, f32([Math.sqrt(2) / 5], [1, 1]), 1e-7);
});

Deno.test("skip layer normalization: a shared skip, a bias of the sum, and what RMS cannot give", () => {
  const x = noise([2, 3, 4]), skip = noise([3, 4], { seed: 2 }), gamma = noise([4], { seed: 3 });
  const beta = noise([4], { seed: 4 }), bias = noise([4], { seed: 5 }), domain = "com.microsoft";
  const sum = tensor(x.data.map((v, i) => v + skip.data[i % 12] + bias.data[i % 4]), x.dims);
  const epsilon = Math.fround(1e-12);
  const layer = call("SkipLayerNormalization", 1, [x, skip, gamma, beta, bias], { domain, outputs: 4 });
  const expected = reference.layerNorm(sum, { scale: gamma, bias: beta, epsilon });
  assertClose(layer[0]!, expected.y, 1e-5);
  assertClose(layer[1]!, expected.mean, 1e-6);
  assertClose(layer[2]!, expected.invStdDev, 1e-5);
  assertClose(layer[3]!, sum, 1e-6);
  const without = call("SkipLayerNormalization", 1, [x, skip, gamma, undefined, bias], { domain });
  assertClose(without[0]!, reference.layerNorm(sum, { scale: gamma, epsilon }).y, 1e-5);

  const inputs = [x, skip, gamma, bias], outputs = [true, false, true, true];
  const rms = call("SkipSimplifiedLayerNormalization", 1, inputs, { domain, outputs });
  assertClose(rms[0]!, reference.rmsNorm(sum, { scale: gamma, epsilon }).y, 1e-5);
  assertClose(rms[2]!, reference.rmsNorm(sum, { epsilon }).invStdDev, 1e-5);
  const mean = () => call("SkipSimplifiedLayerNormalization", 1, inputs, { domain, outputs: 2 });
  assertThrows(mean, ModelError, "output 1, mean, is not given");
});

Deno.test("the other normalizations, by hand", () => {
  const [standard] = call("MeanVarianceNormalization", 13, [f32([1, 3, 10, 30], [2, 2])], {
    attributes: { axes: [1n] },
  });
  assertEquals(standard, f32([-1, 1, -1, 1], [2, 2]));
  const [vector] = call("LpNormalization", 22, [f32([3, 4, 0, 0], [2, 2])]);
  assertClose(vector!, f32([0.6, 0.8, 0, 0], [2, 2]), 1e-7);
  const even = { size: 2n, alpha: 2, beta: 1, bias: 2 };
  const [local] = call("LRN", 13, [f32([1, 2, 3], [1, 3, 1, 1])], { attributes: even });
  assertClose(local!, f32([1 / 7, 2 / 15, 3 / 11], [1, 3, 1, 1]), 1e-7);
  const x = noise([2, 7, 3], { deviation: 100 });
  const [byDefault] = call("LRN", 13, [x], { attributes: { size: 5n } });
  assertClose(byDefault!, reference.localResponseNorm(x, { size: 5 }).y, 1e-4);
});

Deno.test("attributes of floating point are float32, defaults too", () => {
  const x = noise([1, 4], { type: "float64", deviation: 1e-3 }), scale = tensor(new Float64Array(4).fill(1));
  const { y } = reference.layerNorm(x, { epsilon: Math.fround(1e-5) });
  for (const attributes of [{}, { epsilon: 1e-5 }, { epsilon: Math.fround(1e-5) }] as Record<string, number>[]) {
    assertClose(call("LayerNormalization", 17, [x, scale], { attributes })[0]!, y, 1e-14);
  }
});

Deno.test("stash types: any floating point type, but statistics are float32", () => {
  const x = noise([2, 4]), scale = f32([1, 1, 1, 1]);
  const run = (stash_type: bigint, outputs = 1) =>
    call("LayerNormalization", 17, [x, scale], { attributes: { stash_type }, outputs });
  for (const type of [10n, 11n, 16n]) {
    assertEquals(run(type), run(1n));
    assertThrows(() => run(type, 2), ModelError, "Mean and InvStdDev are float32");
  }
  assertThrows(() => run(7n), ModelError, "stash_type is 7");
});

Deno.test("errors say which node, and what to do", () => {
  const x = f32([1, 2], [1, 2]), scale = f32([1, 1]);
  const message = (run: () => unknown, type: ErrorConstructor | typeof ModelError) =>
    assertThrows(run, type as typeof Error).message;
  const named = message(() => call("LayerNormalization", 16, [x, scale], { name: "norm_3" }), ModelError);
  assertStringIncludes(named, `LayerNormalization node "norm_3": version 16 of its operator set does not have it`);
  assertStringIncludes(named, "versions 17 and up");

  const anonymous = nodeOf("LayerNormalization", 2);
  anonymous.name = "";
  anonymous.output = ["y"];
  const wrong = message(() => evaluateNode(anonymous, [x, f32([1, 1, 1])], { opset: 17 }), RangeError);
  assertStringIncludes(wrong, `LayerNormalization node that gives "y": scale has dims [3]`);

  const unknown = () => call("BatchNormalization", 9, [x, scale, scale, scale, scale], { attributes: { spatial: 1n } });
  assertStringIncludes(
    message(unknown, ModelError),
    `attribute "spatial" is unknown; this version has epsilon, momentum`,
  );
  const kind = () => call("LayerNormalization", 17, [x, scale], { attributes: { axis: -1 } });
  assertStringIncludes(message(kind, ModelError), "attribute axis must be of type INT");
  const required = () => call("LRN", 13, [x]);
  assertStringIncludes(message(required, ModelError), "it lacks the attribute size");
  const few = () => call("LayerNormalization", 17, [x]);
  assertStringIncludes(message(few, ModelError), "it lacks its input 1, Scale");
  const many = () => call("LpNormalization", 22, [x, x]);
  assertStringIncludes(message(many, ModelError), "it has 2 inputs, but there are at most 1");
  const axis = () => call("LayerNormalization", 17, [x, scale], { attributes: { axis: 2n } });
  assertStringIncludes(message(axis, RangeError), "axis is 2");
  const integers = () => call("LpNormalization", 22, [{ type: "int64", dims: [1], data: new BigInt64Array(1) }]);
  assertStringIncludes(message(integers, TypeError), "its input 0 is int64");
  for (const [opType, domain] of [["Conv", ""], ["constructor", ""], ["name", "constructor"], ["LRN", "elsewhere"]]) {
    const other = () => call(opType, 17, [x], { domain });
    assertStringIncludes(message(other, ModelError), "it is no normalization");
  }
});

Deno.test("evaluate: constants, copies and shapes between normalizations", () => {
  const g = new GraphBuilder("g", { opset: 17 });
  const x = g.input("x", "float32", ["N", 2, 3]);
  const scale = g.op("Constant", [], { value: f32([1, 1, 1, 1, 1, 1]) });
  const rows = g.op("Reshape", [x, g.int64([0, -1])]);
  const y = g.op("LayerNormalization", [g.op("Identity", [rows]), scale], { epsilon: 0 });
  g.output("y", g.op("Reshape", [y, g.int64([-1, 3, 2])]));
  const given = noise([2, 2, 3]);
  const results = evaluate(g.build(), { x: given });
  assertEquals(Object.keys(results), ["y"]);
  const expected = reference.layerNorm({ ...given, dims: [2, 6] }, { epsilon: 0 }).y;
  assertClose(results.y as Tensor, { ...expected, dims: [2, 3, 2] }, 1e-6);
});

Deno.test("evaluate: inputs by name, judged as run judges them; those with an initializer are what is stored", async () => {
  const model = () => {
    const g = new GraphBuilder("g", { opset: 17 });
    const x = g.input("x", "float32", [1, 2]), scale = g.constant("scale", f32([1, 2]));
    g.output("y", g.op("LayerNormalization", [x, scale], { epsilon: 0 }));
    const built = g.build();
    const stored = new GraphBuilder("stored", { opset: 17 });
    stored.output("same", stored.op("Identity", [stored.input("scale", "float32", [2])]));
    built.graph!.input.push(...stored.build().graph!.input);
    return built;
  };
  const x = f32([1, 3], [1, 2]);
  assertEquals(evaluate(model(), { x }).y, f32([-1, 2], [1, 2]));
  const double: OnnxTensor = { type: "float64", dims: [1, 2], data: Float64Array.of(1, 3) };
  const wrong: [Record<string, OnnxTensor>, typeof TypeError | typeof RangeError, string][] = [
    [{}, TypeError, 'input "x" is missing; the model\'s inputs are x.'],
    [{ x, z: x }, TypeError, 'the model has no input "z"; its inputs are x.'],
    [{ x, scale: f32([3, 4]) }, TypeError, 'the model has no input "scale"; its inputs are x.'],
    [{ x: double }, TypeError, 'input "x" is float64; the model wants float32. Convert it first.'],
    [{ x: f32([1, 3], [2, 1]) }, RangeError, 'input "x" has dims [2,1]; the model wants [1,2].'],
  ];
  for (const [inputs, error, says] of wrong) {
    assertThrows(() => evaluate(model(), inputs), error, `evaluate: ${says}`);
    await assertRejects(() => run(model(), inputs), error, `run: ${says}`);
  }
  const unimported = model();
  unimported.opsetImport = [];
  assertThrows(() => evaluate(unimported, { x }), ModelError, "does not import its operator set, ai.onnx");
});

Deno.test("evaluate: other nodes are refused by name", () => {
  const g = new GraphBuilder("g", { opset: 17 });
  g.output("y", g.op("Relu", [g.input("x", "float32", [2])], {}, { name: "act" }));
  assertThrows(() => evaluate(g.build(), { x: f32([1, 2]) }), ModelError, `Relu node "act" is no normalization`);

  // A function of the model's own may have the name of an operator, and then it is what the node means.
  const own = new GraphBuilder("own", { opset: 13 });
  own.output("y", own.op("LpNormalization", [own.input("x", "float32", [2])]));
  const model = own.build();
  const mine = { $typeName: "onnx.FunctionProto", name: "LpNormalization", domain: "", overload: "" } as const;
  assertEquals(Object.keys(evaluate(model, { x: f32([1, 2]) })), ["y"]);
  model.functions.push(mine as unknown as typeof model.functions[number]);
  assertThrows(() => evaluate(model, { x: f32([1, 2]) }), ModelError, "no normalization");

  const h = new GraphBuilder("h", { opset: 17 });
  const bad = h.op("Reshape", [h.input("x", "float32", [2]), h.int64([-1, 3])], {}, { name: "to rows" });
  h.output("y", bad);
  const reshape = () => evaluate(h.build(), { x: f32([1, 2]) });
  assertThrows(reshape, RangeError, `Reshape node "to rows": a tensor of dims [2] cannot have the shape [-1,3]`);
});
