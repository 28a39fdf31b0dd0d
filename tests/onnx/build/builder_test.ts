/** Models as they are built. */
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import {
  Graph,
  GraphBuilder,
  type OnnxTensor,
  readModel,
  tensorOf,
  type Value,
  writeModel,
} from "../../../onnx/mod.ts";
import { valueTypeOf } from "../../../onnx/value_info.ts";
import { wholeModel } from "../../../tools/fuzz/whole_model.ts";

const f32 = (data: number[]): OnnxTensor => ({ type: "float32", dims: [data.length], data: Float32Array.from(data) });

Deno.test("builder: the same calls give the same bytes", async () => {
  const bytes = writeModel(wholeModel());
  assertEquals(writeModel(wholeModel()), bytes);
  // Pinned, so that no change of names or order goes unnoticed: files that are committed must come out the same.
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  assertEquals(digest.toHex().slice(0, 16), "3761a26b908cee36");
});

Deno.test("builder: what is built is what was called", () => {
  const g = new GraphBuilder("norm", { opset: 18, docString: "A norm.", metadata: { b: "2", a: "1" } });
  const x = g.input("x", "float16", ["N", 4, undefined]);
  const scale = g.constant("scale", f32([1, 2]));
  const [y, deviation] = g.ops("LayerNormalization", [x, scale], { axis: -1n, epsilon: 0.5, stash_type: undefined }, [
    true,
    false,
    true,
  ]);
  g.output("y", y, "float16", ["N", 4, undefined]);
  g.output("deviation", deviation);
  const model = readModel(writeModel(g.build()));
  assertEquals([model.irVersion, model.producerName, model.docString], [8n, "evenkeel", "A norm."]);
  assertEquals(model.opsetImport.map(({ domain, version }) => [domain, version]), [["", 18n]]);
  assertEquals(model.metadataProps.map(({ key, value }) => [key, value]), [["b", "2"], ["a", "1"]]);
  const [node] = model.graph!.node;
  assertEquals([node.opType, node.name, node.input, node.output], [
    "LayerNormalization",
    "LayerNormalization_0",
    ["x", "scale"],
    ["y", "", "deviation"],
  ]);
  assertEquals(node.attribute.map(({ name, type }) => [name, type]), [["axis", 2], ["epsilon", 1]]);
  const graph = Graph.of(model);
  assertEquals(graph.type("x"), { type: "float16", dims: ["N", 4, undefined], elements: undefined });
  assertEquals(graph.constant("scale"), f32([1, 2]));
});

Deno.test("builder: optional inputs are left out between others, and not written at the end", () => {
  const g = new GraphBuilder("clip", { opset: 17 });
  const x = g.input("x", "float32", [1]);
  g.op("Clip", [x, undefined, g.float32(1)]);
  g.op("Clip", [x, g.float32(0), undefined]);
  assertEquals(g.build().graph!.node.map(({ input }) => input), [["x", "", "constant_0"], ["x", "constant_1"]]);
});

Deno.test("builder: attributes of every kind", () => {
  const g = new GraphBuilder("attributes", { opset: 17 });
  g.op("Any", [], {
    i: 1n,
    f: 0.5,
    s: "text",
    is: [1n, 2n],
    fs: [0.5, 1],
    ss: ["a", "b"],
    none: [],
    t: f32([1]),
    absent: undefined,
  });
  const [{ attribute }] = g.build().graph!.node;
  assertEquals(attribute.map(({ name, type }) => [name, type]), [
    ["i", 2],
    ["f", 1],
    ["s", 3],
    ["is", 7],
    ["fs", 6],
    ["ss", 8],
    ["none", 7],
    ["t", 4],
  ]);
  const wrong = new GraphBuilder("wrong", { opset: 17 });
  for (const value of [true, [1, 2n], null, {}]) {
    assertThrows(() => wrong.op("Any", [], { wrong: value as never }), TypeError, `Attribute "wrong"`);
  }
});

Deno.test("builder: an output takes its name, and what has a name already is copied", () => {
  const g = new GraphBuilder("outputs", { opset: 17 });
  const x = g.input("x", "float32", [1]);
  const y = g.op("Neg", [x]);
  g.op("Abs", [y]);
  g.output("first", y);
  g.output("second", y);
  g.output("third", x);
  g.output("fourth", g.float32(1));
  const { node, output } = g.build().graph!;
  assertEquals(output.map(({ name }) => name), ["first", "second", "third", "fourth"]);
  assertEquals(node.map(({ opType, input, output }) => [opType, ...input, ...output]), [
    ["Neg", "x", "first"],
    ["Abs", "first", "Abs_0"],
    ["Identity", "first", "second"],
    ["Identity", "x", "third"],
    ["Identity", "constant_0", "fourth"],
  ]);
});

Deno.test("builder: the type of an output that is not given is the one that follows", () => {
  const g = new GraphBuilder("types", { opset: 17 });
  const x = g.input("x", "float16", ["N", 3]);
  g.output("y", g.op("Softmax", [x]));
  g.output("shape", g.op("Shape", [x]));
  g.output("unknown", g.op("Unknown", [x]));
  g.output("given", g.op("Neg", [x]), "float16", [2, 3]);
  const { output } = g.build().graph!;
  assertEquals(output.map(valueTypeOf), [
    { type: "float16", dims: ["N", 3] },
    { type: "int64", dims: [2] },
    {},
    { type: "float16", dims: [2, 3] },
  ]);
});

Deno.test("builder: names are unique in the whole model", () => {
  const g = new GraphBuilder("names", { opset: 17 });
  const x = g.input("x", "float32", [1]);
  g.op("Neg", [x], {}, { name: "Abs_0" });
  assertNotEquals(g.op("Abs", [x]).name, "Abs_0");
  const body = g.subgraph("body");
  assertThrows(() => g.input("x"), TypeError, `"x" is the name of another value`);
  assertThrows(() => body.input("x"), TypeError, `"x" is the name of another value`);
  assertThrows(() => g.constant("x", f32([1])), TypeError);
  assertThrows(() => g.op("Neg", [x], {}, { name: "x" }), TypeError);
  assertThrows(() => g.output("x", x), TypeError);
  assertThrows(() => g.input(""), TypeError, "no name");
});

Deno.test("builder: a constant is copied, so that later changes to the array are not in the model", () => {
  const g = new GraphBuilder("copy", { opset: 17 }), tensor = f32([1]);
  g.constant("c", tensor);
  (tensor.data as Float32Array)[0] = 2;
  assertEquals(tensorOf(g.build().graph!.initializer[0]).data, new Float32Array([1]));
});

Deno.test("builder: subgraphs use the values around them, and no others", () => {
  const g = new GraphBuilder("outer", { opset: 17 }), other = new GraphBuilder("other", { opset: 17 });
  const x = g.input("x", "float32", [2]), foreign = other.input("x", "float32", [2]);
  const body = g.subgraph("body"), inner = body.subgraph("inner");
  const value = inner.op("Neg", [x]);
  inner.output("negative", value);
  assertThrows(() => g.op("Neg", [value]), TypeError, `a value of graph "inner"`);
  assertThrows(() => g.op("Neg", [foreign]), TypeError, `a value of graph "other"`);
  assertThrows(() => g.op("Neg", [3 as unknown as Value]), TypeError, "g.float32(2)");
  assertThrows(() => g.op("If", [x], { then_branch: inner }), TypeError, `"outer".subgraph`);
  body.op("If", [x], { then_branch: inner });
  assertThrows(() => inner.op("Neg", [x]), TypeError, "is built");
});

Deno.test("builder: operator sets of other domains are imported when nodes use them", () => {
  const g = new GraphBuilder("domains", { opset: 23, domains: { "org.example": 3 } });
  const x = g.input("x", "float32", [2]);
  const body = g.subgraph("body");
  body.output("y", body.op("BiasGelu", [x], {}, { domain: "com.microsoft" }));
  g.op("If", [x], { then_branch: body });
  const model = g.build();
  assertEquals(model.opsetImport.map(({ domain, version }) => [domain, version]), [
    ["", 23n],
    ["com.microsoft", 1n],
    ["org.example", 3n],
  ]);
  assertEquals(model.irVersion, 11n);
  assertThrows(() => new GraphBuilder("g", { opset: 17.5 }), RangeError, "opset is 17.5");
  assert(new GraphBuilder("g", { opset: 1 }).build().irVersion === 4n);
});

Deno.test("builder: a subgraph reads a value by the name that it has in the end", () => {
  const g = new GraphBuilder("g", { opset: 17 }), x = g.input("x", "float32", [1]), body = g.subgraph("body");
  const outer = g.op("Neg", [x]);
  body.output("inner", body.op("Abs", [outer]));
  g.output("y", g.op("If", [g.op("Cast", [x], { to: 9n })], { then_branch: body, else_branch: body }));
  g.output("renamed", outer);
  assertEquals(g.build().graph!.node[2].attribute[0].g!.node[0].input, ["renamed"]);
});
