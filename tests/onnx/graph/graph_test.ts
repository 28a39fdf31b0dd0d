/** What a graph says of its values. */
import { create } from "@bufbuild/protobuf";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { NodeProtoSchema } from "onnx-buf";
import {
  Graph,
  GraphBuilder,
  type Model,
  ModelError,
  type OnnxTensor,
  protoOf,
  readModel,
  writeModel,
} from "../../../onnx/mod.ts";
import { wholeModel } from "../../../tools/fuzz/whole_model.ts";
import { conformance, onnxFiles } from "../files.ts";

const f32 = (data: number[], dims = [data.length]): OnnxTensor => ({
  type: "float32",
  dims,
  data: Float32Array.from(data),
});

const whole = Graph.of(wholeModel());

Deno.test("graph: constants, in every form they have", () => {
  const i64 = (data: bigint[], dims = [data.length]) => ({ type: "int64", dims, data: BigInt64Array.from(data) });
  assertEquals(whole.constant("scale"), f32([1, 2, 3, 4]));
  assertEquals(whole.constant("Constant_0"), f32([0.5]));
  assertEquals(whole.constant("Constant_1"), f32([0.25], []));
  assertEquals(whole.constant("Constant_2"), f32([0.25, 0.5, 0.75, 1]));
  assertEquals(whole.constant("shape"), i64([0n, 12n]) as OnnxTensor);
  assertEquals(whole.constant("one"), i64([1n], []) as OnnxTensor);
  assertEquals(whole.constant("text"), { type: "string", dims: [], data: ["text"] });
  assertEquals(whole.constant("texts"), { type: "string", dims: [2], data: ["a", "ß"] });
  assertEquals(whole.constant("sparse"), f32([0, 1, 0, 2]));
  assertEquals(whole.constant("stored_sparsely"), f32([0, 1, 0, 2]));
  assertEquals(whole.constant("typed_double"), { type: "float64", dims: [1], data: new Float64Array([0.1]) });
});

Deno.test("graph: a sparse constant's indices are positions, or coordinates", () => {
  const stored = (indices: bigint[], dims: number[]) => {
    const model = wholeModel(), sparse = model.graph!.sparseInitializer[0];
    sparse.dims = [2n, 3n];
    sparse.indices = protoOf({ type: "int64", dims, data: BigInt64Array.from(indices) });
    return Graph.of(model).constant("stored_sparsely");
  };
  assertEquals(stored([1n, 5n], [2]), f32([0, 1, 0, 0, 0, 2], [2, 3]));
  assertEquals(stored([0n, 1n, 1n, 2n], [2, 2]), f32([0, 1, 0, 0, 0, 2], [2, 3]));
  assertThrows(() => stored([1n, 6n], [2]), ModelError, "at 6, but 6 elements");
  assertThrows(() => stored([1n], [1]), ModelError, "2 values, but 1 indices");
});

Deno.test("graph: what is no constant, cannot be read here or may be overridden, is none", () => {
  for (const name of ["x", "y", "overridable", "elsewhere", "half_brain", "nothing of that name"]) {
    assertEquals(whole.constant(name), undefined, name);
  }
  assert(whole.isOverridable("overridable"));
  assert(!whole.isOverridable("scale"));
  assert(!whole.isOverridable("x"));
  assertEquals(whole.initializer("elsewhere")?.dims, [4n]);
  assertEquals(whole.initializer("x"), undefined);
});

Deno.test("graph: a constant is seen through Identity nodes", () => {
  const g = new GraphBuilder("identity", { opset: 17 });
  const c = g.float32([3]), x = g.input("x", "float32", [1]);
  const body = g.subgraph("body");
  body.output("inner", body.op("Identity", [g.op("Identity", [c])], {}, { name: "twice" }));
  g.op("If", [x], { then_branch: body }, { name: "if" });
  const graph = Graph.of(g.build()), [inner] = graph.bodies(graph.producer("if")!);
  assertEquals(inner.constant("inner"), f32([3]));
  assertEquals(graph.constant("inner"), undefined);
});

Deno.test("graph: producers, consumers and outputs", () => {
  const g = new GraphBuilder("g", { opset: 17 });
  const x = g.input("x", "float32", [1]), a = g.op("Neg", [x], {}, { name: "a" });
  g.op("Mul", [a, a], {}, { name: "b" });
  g.output("out", g.op("Abs", [a], {}, { name: "c" }));
  g.output("x_too", x);
  const graph = Graph.of(g.build());
  assertEquals(graph.producer("a")?.opType, "Neg");
  assertEquals(graph.producer("x"), undefined);
  assertEquals(graph.uses("a").map(({ node, index }) => [node?.name, index]), [["b", 0], ["b", 1], ["c", 0]]);
  assertEquals(graph.consumers("a").map(({ name }) => name), ["b", "c"]);
  assertEquals(graph.uses("b"), []);
  assert(graph.isOutput("out"));
  assertEquals(graph.uses("out").map(({ node, index }) => [node, index]), [[undefined, 0]]);
  assert(!graph.isOutput("a"));
});

Deno.test("graph: bodies see the values around them, and their uses count there", () => {
  const [scan] = whole.nodes.filter(({ opType }) => opType === "Scan"), [step] = whole.bodies(scan);
  assertEquals(step.outer, whole);
  assertEquals(step.scopeOf("scale"), whole);
  assertEquals(step.scopeOf("row"), step);
  assertEquals(whole.scopeOf("row"), undefined);
  assertEquals(step.constant("scale"), f32([1, 2, 3, 4]));
  assertEquals(step.dims("scaled"), [3, 4]);
  assertEquals(whole.uses("scale").map(({ node, graph }) => [node?.opType, graph.proto.name]), [
    ["LayerNormalization", "whole"],
    ["Mul", "step"],
  ]);
  const branches = whole.bodies(whole.nodes.find(({ opType }) => opType === "If")!);
  assertEquals(branches.map(({ proto }) => proto.name), ["then", "otherwise"]);
  assertEquals(whole.consumers(scan.output[1]).map(({ opType }) => opType), ["Identity", "Add"]);
});

Deno.test("graph: functions of the model's own are found by the nodes that call them", () => {
  const { model } = whole, call = whole.nodes.find(({ opType }) => opType === "Half")!;
  const half = whole.functionOf(call)!;
  assertEquals(half.node.map(({ opType }) => opType), ["Constant", "Mul"]);
  assertEquals(whole.functionOf(whole.nodes[0]), undefined);
  const body = Graph.ofFunction(model, half);
  assertEquals(body.constant("half"), f32([0.5], []));
  assertEquals(body.opset(), 17);
  assertEquals(body.producer("b")?.opType, "Mul");
  assertEquals(whole.dims(call.output[0]), ["N", 12]); // from the output's own declaration
});

Deno.test("graph: versions of operator sets, by either name of ONNX's own domain", () => {
  assertEquals([whole.opset(), whole.opset("ai.onnx"), whole.opset("evenkeel.test"), whole.opset("none")], [
    17,
    17,
    1,
    undefined,
  ]);
});

/** A model whose nodes read and give these names. */
function wired(...nodes: [inputs: string[], outputs: string[]][]): Model {
  const g = new GraphBuilder("wired", { opset: 17 });
  g.input("x", "float32", [1]);
  const model = g.build();
  model.graph!.node = nodes.map(([input, output], i) =>
    create(NodeProtoSchema, { name: `n${i}`, opType: "Identity", input, output })
  );
  return model;
}

Deno.test("graph: nodes that a file has in the wrong order are put into one that runs, and otherwise left alone", () => {
  const names = (model: Model) => Graph.of(model).nodes.map(({ name }) => name);
  assertEquals(names(wired([["b"], ["c"]], [["x"], ["a"]], [["a"], ["b"]])), ["n1", "n2", "n0"]);
  assertEquals(names(wired([["x"], ["a"]], [["x"], ["b"]], [["b"], ["c"]])), ["n0", "n1", "n2"]);
  const chain = Array.from({ length: 50_000 }, (_, i): [string[], string[]] => [[`v${i + 1}`], [`v${i}`]]);
  const graph = Graph.of(wired(...chain, [["x"], ["v50000"]]));
  assertEquals(graph.nodes[0].name, "n50000");
  assertEquals(graph.dims("v0"), [1]);
  assertEquals(graph.constant("v0"), undefined);
});

Deno.test("graph: a node whose body uses a value comes after the node that gives it", () => {
  const g = new GraphBuilder("captured", { opset: 17 });
  const x = g.input("x", "float32", [1]), given = g.op("Neg", [x], {}, { name: "given" });
  const body = g.subgraph("body"), inner = body.subgraph("inner");
  inner.output("innermost", inner.op("Abs", [given]));
  body.output("result", body.op("If", [x], { then_branch: inner }));
  g.output("y", g.op("If", [x], { then_branch: body }, { name: "if" }));
  const model = g.build();
  model.graph!.node.reverse();
  assertEquals(Graph.of(model).nodes.map(({ name }) => name), ["given", "if"]);
});

Deno.test("graph: what is no graph is refused, and named", () => {
  const refused = (model: Model, why: string) => assertThrows(() => Graph.of(model), ModelError, why);
  refused(wired([["nothing"], ["a"]]), `The value "nothing", which node "n0" (Identity) reads, is given by nothing.`);
  refused(wired([["x"], ["a"]], [["x"], ["a"]]), `gives the value "a" twice`);
  refused(wired([["x"], ["x"]]), `gives the value "x" twice`);
  refused(wired([["b"], ["a"]], [["a"], ["b"]]), "in a circle");
  refused(wired([["a"], ["a"]]), "in a circle");
  const twice = wired();
  twice.graph!.input.push(twice.graph!.input[0]);
  refused(twice, "two inputs of one name");
});

const files = onnxFiles(conformance);

Deno.test({
  name: "graph: every model from elsewhere is one",
  ignore: files.length === 0,
  fn() {
    for (const { path } of files) {
      const model = readModel(Deno.readFileSync(path)), graph = Graph.of(model);
      assertEquals(graph.nodes.length, model.graph!.node.length);
      for (const { name } of model.graph!.output) assert(graph.scopeOf(name) === graph);
    }
  },
});

Deno.test("graph: where two nodes give one value, both are named, and the file is read and written all the same", () => {
  const g = new GraphBuilder("twice", { opset: 17 }), x = g.input("x", "float32", [1]);
  g.output("y", g.op("Relu", [x], {}, { name: "first" }));
  const model = g.build(), [node] = model.graph!.node;
  model.graph!.node.push({ ...node, name: "second", opType: "Abs" });
  const bytes = writeModel(model);
  assertEquals(writeModel(readModel(bytes)), bytes);
  assertThrows(
    () => Graph.of(readModel(bytes)),
    ModelError,
    `gives the value "y" twice: node "first" (Relu) and node "second" (Abs) do`,
  );
});
