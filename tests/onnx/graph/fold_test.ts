import { assert, assertEquals } from "@std/assert";
import { Graph, GraphBuilder, type Model, type OnnxTensor, run, type Value } from "../../../onnx/mod.ts";

const f32 = (data: number[], dims = [data.length]): OnnxTensor => ({
  type: "float32",
  dims,
  data: Float32Array.from(data),
});
const i64 = (...data: number[]): OnnxTensor => ({
  type: "int64",
  dims: [data.length],
  data: BigInt64Array.from(data, BigInt),
});

/** Chains of operators on constants, by what they are to show. */
const chains: Record<string, (g: GraphBuilder) => Value> = {
  "a transpose of three axes": (g) => g.op("Transpose", [cube(g)], { perm: [2n, 0n, 1n] }),
  "a transpose that turns all axes": (g) => g.op("Transpose", [cube(g)]),
  "shapes that copy and infer": (g) => g.op("Reshape", [cube(g), g.constant(i64(0, -1))]),
  "axes of 1, in and out": (g) => {
    const wide = g.op("Unsqueeze", [g.op("Flatten", [cube(g)], { axis: 2n }), g.constant(i64(0, -1))]);
    return g.op("Squeeze", [wide, g.constant(i64(-1))]);
  },
  "all axes of 1": (g) => g.op("Squeeze", [g.constant(f32([1, 2], [1, 2, 1]))]),
  "expansion both ways": (g) => g.op("Expand", [g.constant(f32([1, 2, 3], [3, 1])), g.constant(i64(2, 1, 4))]),
  "ones of a shape": (g) => g.op("ConstantOfShape", [g.constant(i64(2, 3))], { value: f32([7]) }),
  "zeros of a shape": (g) => g.op("ConstantOfShape", [g.constant(i64(3))]),
  "arithmetic that broadcasts": (g) => {
    const product = g.op("Mul", [cube(g), g.constant(f32([0.1, -2], [2, 1]))]);
    return g.op("Div", [g.op("Sub", [g.op("Add", [product, g.float32(1 / 3)]), cube(g)]), g.float32([3, 5, 7])]);
  },
  "roots, powers and reciprocals": (g) => {
    const root = g.op("Sqrt", [g.op("Abs", [g.op("Neg", [cube(g)])])]);
    return g.op("Reciprocal", [g.op("Pow", [g.op("Add", [root, g.float32(1)]), g.float32(3)])]);
  },
  "integers": (g) => g.op("Sub", [g.op("Mul", [g.constant(i64(3, -4)), g.int64(5)]), g.int64([1, 2])]),
  "an epsilon rounded to float16": (g) => cast(g, cast(g, g.float32([1e-8, 1e-3]), 10n), 1n),
  "floats cut to integers": (g) => cast(g, g.float32([-1.7, 2.9, 0]), 7n),
  "booleans": (g) => cast(g, cast(g, g.float32([0, -0.5, 2]), 9n), 1n),
};

function cube(g: GraphBuilder): Value {
  return g.constant(f32(Array.from({ length: 12 }, (_, i) => i - 5), [2, 2, 3]));
}

function cast(g: GraphBuilder, x: Value, to: bigint): Value {
  return g.op("Cast", [x], { to });
}

function modelOf(chain: (g: GraphBuilder) => Value): Model {
  const g = new GraphBuilder("chain", { opset: 17 });
  g.output("y", chain(g));
  return g.build();
}

for (const [name, chain] of Object.entries(chains)) {
  Deno.test(`graph: what operators make of constants is constant: ${name}`, async () => {
    const model = modelOf(chain), { y } = await run(model, {}, { optimize: "disabled" });
    const { type, dims, data } = Graph.of(model).constant("y")!;
    assertEquals({ type, dims, data }, { type: y.type, dims: [...y.dims], data: y.data } as OnnxTensor);
  });
}

Deno.test("graph: elements of what is folded are made when they are read, and once", () => {
  const g = new GraphBuilder("lazy", { opset: 17 });
  g.output("y", g.op("ConstantOfShape", [g.constant(i64(4096, 4096))]));
  g.output("too_large", g.op("ConstantOfShape", [g.constant(i64(2 ** 40, 4096))]));
  const graph = Graph.of(g.build()), y = graph.constant("y")!;
  assert(typeof Object.getOwnPropertyDescriptor(y, "data")?.get === "function");
  assertEquals(y.dims, [4096, 4096]);
  assert(y.data === y.data);
  assertEquals(graph.constant("too_large"), undefined);
});

Deno.test("graph: dims that do not fit, types that differ and long chains are no constants", () => {
  const g = new GraphBuilder("broken", { opset: 17 }), c = g.float32([1, 2, 3]);
  g.op("Add", [c, g.float32([1, 2])], {}, { name: "unequal" });
  g.op("Add", [c, g.int64([1])], {}, { name: "mixed" });
  g.op("Reshape", [c, g.constant(i64(2, -1))], {}, { name: "odd" });
  g.op("Transpose", [c], { perm: [1n, 0n] }, { name: "turned" });
  let end = c;
  for (let i = 0; i < 10_000; i++) end = g.op("Neg", [end]);
  g.output("end", end);
  const graph = Graph.of(g.build());
  for (const name of ["unequal", "mixed", "odd", "turned", "end"]) assertEquals(graph.constant(name), undefined, name);
});

Deno.test("graph: an initializer of an old file is constant though it is an input", () => {
  const g = new GraphBuilder("old", { opset: 7 });
  g.output("y", g.op("Add", [g.input("x", "float32", [1]), g.constant("c", f32([1]))]));
  const model = g.build(), { graph } = model;
  graph!.input.push({ ...graph!.input[0], name: "c" });
  assertEquals(Graph.of(model).constant("c"), undefined);
  model.irVersion = 3n;
  assertEquals(Graph.of(model).constant("c"), f32([1]));
});

Deno.test("graph: a Constant that is written twice is read once", () => {
  const g = new GraphBuilder("twice", { opset: 17 });
  const c = g.op("Constant", [], { value: f32([2]) }, { name: "c" });
  g.output("y", g.op("Mul", [g.input("x", "float32", [1]), c]));
  const model = g.build(), { node } = model.graph!;
  node.splice(1, 0, { ...node[0], name: "again" });
  assertEquals(Graph.of(model).nodes.map(({ opType }) => opType), ["Constant", "Mul"]);
});

Deno.test("fold: what fills a shape must be one number; broken, it is no constant", () => {
  for (const value of [3n, "text", f32([]), f32([1, 2]), { type: "string", dims: [1], data: ["a"] } as OnnxTensor]) {
    const g = new GraphBuilder("g", { opset: 17 });
    g.output("y", g.op("ConstantOfShape", [g.constant(i64(2))], { value }));
    assertEquals(Graph.of(g.build()).constant("y"), undefined);
  }
});
