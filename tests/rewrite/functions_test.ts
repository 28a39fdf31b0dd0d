/** Normalizations in functions of a model's own. */
import { create } from "@bufbuild/protobuf";
import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  FunctionProtoSchema,
  NodeProtoSchema,
} from "onnx-buf";
import {
  type FunctionProto,
  Graph,
  GraphBuilder,
  type Model,
  type NodeProto,
  type OnnxTensor,
  run,
  type SubgraphBuilder,
  type Value,
} from "../../onnx/mod.ts";
import { inspect, optimize, verificationText } from "../../rewrite/mod.ts";
import { varied } from "../../tools/rewrite/spellings.ts";

const domain = "mine";

/** Nodes that a builder makes between inputs and an output, as the body of a function. */
function body(
  inputs: readonly string[],
  build: (g: GraphBuilder, inputs: Value[]) => Value,
  name: string,
): NodeProto[] {
  const g = new GraphBuilder(name, { opset: 17 });
  g.output("y", build(g, inputs.map((name) => g.input(name, "float32", ["N", 8]))));
  const { node, initializer } = g.build().graph!;
  const constants = initializer.map((t) =>
    create(NodeProtoSchema, {
      opType: "Constant",
      output: [t.name],
      attribute: [create(AttributeProtoSchema, { name: "value", type: AttributeType.TENSOR, t: { ...t, name: "" } })],
    })
  );
  return [...constants, ...node];
}

function functionOf(name: string, input: string[], node: NodeProto[], version = 17n): FunctionProto {
  const opsetImport = [{ domain: "", version }, { domain, version: 1n }];
  return create(FunctionProtoSchema, { name, domain, input, output: ["y"], node, opsetImport });
}

/** A layer norm whose epsilon is what the caller says, else 0.1. */
function layerNormFunction(): FunctionProto {
  const node = body(["x", "scale"], (g, [x, scale]) => {
    const centred = g.op("Sub", [x, g.op("ReduceMean", [x], { axes: [-1n] })]);
    const variance = g.op("ReduceMean", [g.op("Mul", [centred, centred])], { axes: [-1n] });
    const epsilon = g.op("Constant", [], { value_float: 0.1 });
    return g.op("Mul", [g.op("Div", [centred, g.op("Sqrt", [g.op("Add", [variance, epsilon])])]), scale]);
  }, "norm");
  const constant = node.find(({ attribute }) => attribute.some(({ name }) => name === "value_float"))!;
  constant.attribute[0].refAttrName = "epsilon";
  const found = functionOf("Norm", ["x", "scale"], node);
  found.attributeProto = [create(AttributeProtoSchema, { name: "epsilon", type: AttributeType.FLOAT, f: 0.1 })];
  return found;
}

/** Two norms, one within another function and one in a branch, and one by the default epsilon. */
function model(version?: bigint): Model {
  const g = new GraphBuilder("functions", { opset: 17 }), x = g.input("x", "float32", ["N", 8]);
  const scale = g.constant(varied([8], 1));
  const call = (b: SubgraphBuilder, name: string, inputs: Value[], epsilon?: number) =>
    b.op(name, inputs, epsilon === undefined ? {} : { epsilon }, { domain });
  const first = call(g, "Norm", [x, scale], 1e-3), second = call(g, "Twice", [first, scale]);
  const bodies = [1e-4, 1e-2].map((epsilon, i) => {
    const inner = g.subgraph(`branch ${i}`);
    inner.output(`z${i}`, call(inner, "Norm", [second, scale], epsilon));
    return inner;
  });
  const condition = g.op("Greater", [g.op("ReduceMean", [x], { keepdims: 0n }), g.float32(0)]);
  g.output("y", g.op("If", [condition], { then_branch: bodies[0], else_branch: bodies[1] }), "float32", ["N", 8]);
  const built = g.build();
  const twice = body(
    ["x", "scale"],
    (g, [x, scale]) => g.op("Tanh", [g.op("Norm", [g.op("Add", [x, x]), scale], {}, { domain })]),
    "twice",
  );
  built.functions = [functionOf("Twice", ["x", "scale"], twice, version), layerNormFunction()];
  if (version) built.functions[1].opsetImport[0].version = version;
  return built;
}

const inputs: Record<string, OnnxTensor> = { x: { ...varied([8, 8], 3), dims: [8, 8] } };

Deno.test("functions: norms in functions are found where they are called, with the caller's epsilon, and become operators", async () => {
  const before = model(), { model: after, verification, actions } = await optimize(before);
  assert(verification!.isRight, verificationText(verification!));
  assertEquals(after.functions, []);
  const graph = Graph.of(after),
    nodes = [graph, ...graph.nodes.flatMap((node) => graph.bodies(node))].flatMap(({ nodes }) => nodes);
  const epsilons = nodes.filter(({ opType }) => opType === "LayerNormalization")
    .map(({ attribute }) => attribute.find(({ name }) => name === "epsilon")!.f);
  [1e-3, 0.1, 1e-4, 1e-2].forEach((epsilon, i) => assertAlmostEquals(epsilons[i], epsilon, 1e-8));
  assertEquals(actions.filter(({ pass, done }) => pass === "inline" && done).length, 5);
  const [right, found] = [
    await run(before, inputs, { provider: "wasm" }),
    await run(after, inputs, { provider: "wasm" }),
  ];
  right.y.data.forEach((value, i) => assertAlmostEquals(Number(found.y.data[i]), Number(value), 1e-5));
});

Deno.test("functions: those of another version of the operators stay, and say so; the model is as it was", async () => {
  const before = model(18n), { model: after, actions } = await optimize(before, { verify: false });
  assert(after === before);
  assertEquals(actions.map(({ done }) => done), [false, false]);
  // The norm's epsilon is the caller's, so that nothing is found in the function itself.
  const fixed = model(18n);
  fixed.functions[1].node.find(({ attribute: [one] }) => one?.name === "value_float")!.attribute[0].refAttrName = "";
  assertMatch(inspect(fixed).norms[0].obstacle!, /another version of ONNX's operators/);
  fixed.functions[1].opsetImport[0].version = 17n;
  assertEquals(inspect(fixed).norms.map(({ kind, possible }) => [kind, possible]), [[
    "layer",
    "rewrite where it is called",
  ]]);
});

Deno.test("functions: one that calls itself, and many that call others twice, end without an end of nodes", async () => {
  const node = (opType: string, domain: string, input: string, output: string) =>
    create(NodeProtoSchema, { opType, domain, input: [input], output: [output] });
  const calling = (name: string, node: NodeProto[]) => functionOf(name, ["x"], node);
  const circle = [calling("F0", [node("ReduceMean", "", "x", "z"), node("F0", domain, "z", "y")])];
  const twice = Array.from({ length: 40 }, (_, i) =>
    calling(
      `F${i}`,
      i === 39 ? [node("ReduceMean", "", "x", "y")] : [
        node(`F${i + 1}`, domain, "x", "z"),
        node(`F${i + 1}`, domain, "z", "y"),
      ],
    ));
  for (const functions of [circle, twice]) {
    const g = new GraphBuilder("calls", { opset: 17 });
    g.output("y", g.op("F0", [g.input("x", "float32", ["N", 8])], {}, { domain }), "float32", ["N", 8]);
    const before = Object.assign(g.build(), { functions });
    assert((await optimize(before, { verify: false })).model === before);
  }
});
