import { assertEquals, assertThrows } from "@std/assert";
import { Editor, Fragment, Graph, GraphBuilder, type Model, readModel, run, writeModel } from "../../../onnx/mod.ts";

const tensor = (...data: number[]) => ({
  type: "float32" as const,
  dims: [data.length],
  data: Float32Array.from(data),
});
const operators = ({ graph }: Model) => graph!.node.map(({ opType }) => opType);

/** `y` as twice `x`. */
function doubled(x: string, y: string): Fragment {
  const f = new Fragment(), two = f.constant(tensor(2));
  f.give(y, f.op("Mul", [f.value(x), two]));
  return f;
}

Deno.test("editor: a value keeps its name, its readers, and its place among the outputs", async () => {
  const g = new GraphBuilder("g", { opset: 17 }), x = g.input("x", "float32", [2]);
  const middle = g.op("Neg", [g.op("Abs", [x])], {}, { name: "m" });
  g.output("y", g.op("Add", [middle, middle]), "float32", [2]);
  g.output("z", g.op("Sqrt", [x]), "float32", [2]);
  const model = g.build(), before = writeModel(model), editor = new Editor(model);
  editor.replace(editor.view(), doubled("x", "m"));
  editor.replace(editor.view(), doubled("m", "z"));
  editor.clean();
  assertEquals(operators(editor.model), ["Mul", "Add", "Mul"]);
  const { y, z } = await run(editor.model, { x: tensor(1, -3) });
  assertEquals([y.data, z.data], [Float32Array.of(4, -12), Float32Array.of(4, -12)]);
  assertEquals(writeModel(model), before); // the model it was made of is as it was
  assertEquals(operators(readModel(writeModel(editor.model))), ["Mul", "Add", "Mul"]);
});

Deno.test("editor: one of several outputs is given by other nodes, and the others stay", () => {
  const g = new GraphBuilder("g", { opset: 17 }), x = g.input("x", "float32", [4]);
  const [a, b] = g.ops("Split", [x], { axis: 0n }, 2);
  g.output("a", a), g.output("b", b);
  const editor = new Editor(g.build());
  editor.replace(editor.view(), doubled("x", "b"));
  editor.clean();
  assertEquals(editor.view().producer("a")!.output.length, 2);
  assertEquals(editor.view().producer("b")!.opType, "Mul");
});

Deno.test("editor: inside of a body, values of the graphs around it are read", () => {
  const g = new GraphBuilder("g", { opset: 17 }), x = g.input("x", "float32", [1]), yes = g.op("Cast", [x], { to: 9n });
  const kept = g.op("Neg", [x], {}, { name: "kept" }),
    branches = ["then", "else"].map((name) => {
      const body = g.subgraph(name);
      body.output(name, body.op("Abs", [name === "then" ? kept : x]));
      return body;
    });
  g.output("y", g.op("If", [yes], { then_branch: branches[0], else_branch: branches[1] }), "float32", [1]);
  const editor = new Editor(g.build()), graph = editor.view();
  editor.replace(graph.bodies(graph.producer("y")!)[0], doubled("x", "then"));
  editor.clean();
  assertEquals(operators(editor.model), ["Cast", "If"]); // nobody reads kept any more
  const [then] = editor.view().bodies(editor.view().producer("y")!);
  assertEquals(then.nodes.map(({ opType }) => opType), ["Mul"]);
  assertEquals(then.proto.initializer.length, 1);
});

Deno.test("editor: what nobody reads goes, but no input of the model", () => {
  const g = new GraphBuilder("g", { opset: 17 }), x = g.input("x", "float32", [1]);
  g.op("Add", [g.op("Neg", [x]), g.constant("unused", tensor(1))]);
  g.output("y", g.op("Abs", [x]));
  const model = g.build();
  model.graph!.input.push({ ...model.graph!.input[0], name: "unused" }, { ...model.graph!.input[0], name: "other" });
  const inputs = ({ model }: Editor) => model.graph!.input.map(({ name }) => name);
  const editor = new Editor(model);
  editor.clean();
  assertEquals([operators(editor.model), inputs(editor)], [["Abs"], ["x", "unused", "other"]]);
  model.irVersion = 3n;
  const old = new Editor(model);
  old.clean();
  assertEquals(inputs(old), ["x", "other"]);
});

Deno.test("editor: a domain that comes in with a fragment is imported, and a version raises that of the file", () => {
  const g = new GraphBuilder("g", { opset: 14 });
  g.output("y", g.op("Abs", [g.input("x", "float32", [1])]));
  const f = new Fragment();
  f.give("y", f.op("Gelu", [f.value("x")], {}, { domain: "com.microsoft" }));
  const editor = new Editor(g.build());
  editor.replace(editor.view(), f);
  editor.setOpset(21);
  assertEquals(editor.model.opsetImport.map(({ domain, version }) => [domain, version]), [["", 21n], [
    "com.microsoft",
    1n,
  ]]);
  assertEquals(editor.model.irVersion, 10n);
  assertEquals(Graph.of(editor.model).opset("com.microsoft"), 1);
});

Deno.test("editor: names within a fragment are apart from those of the graph", async () => {
  const g = new GraphBuilder("g", { opset: 17 }), x = g.input("x", "float32", [1]), c = g.constant(tensor(3));
  g.output("y", g.op("Mul", [g.op("Mul", [x, c], {}, { name: "Mul_0" }), c]), "float32", [1]);
  const editor = new Editor(g.build()),
    f = new Fragment(),
    two = f.constant(tensor(2)),
    sum = f.op("Mul", [two, f.value("Mul_0")]);
  f.give("y", f.op("Add", [sum, f.value(c.name)]));
  editor.replace(editor.view(), f);
  editor.clean();
  assertEquals((await run(editor.model, { x: tensor(5) })).y.data, Float32Array.of(33));
});

Deno.test("editor: inputs that are not there, and outputs that no node gives, are refused", () => {
  const g = new GraphBuilder("g", { opset: 17 });
  g.output("y", g.op("Abs", [g.input("x", "float32", [1])]));
  const editor = new Editor(g.build());
  assertThrows(
    () => editor.replace(editor.view(), doubled("nowhere", "y")),
    TypeError,
    '"nowhere" is no value to read',
  );
  assertThrows(() => editor.replace(editor.view(), doubled("y", "x")), TypeError, 'no node of the graph gives "x"');
});
