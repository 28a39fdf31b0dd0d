/** Shapes that follow from ONNX's rules. Onnxruntime is the judge: it computes them by running the node. */
import { assert, assertEquals } from "@std/assert";
import {
  type Attribute,
  type Dim,
  type ElementType,
  Graph,
  GraphBuilder,
  type OnnxTensor,
  openSession,
  readModel,
} from "../../../onnx/mod.ts";
import { conformance, onnxFiles } from "../files.ts";

interface NodeCase {
  readonly op: string;
  /** An input's dims for a float32 input, or a list of integers that is a constant. */
  readonly inputs: readonly (readonly number[] | { readonly ints: readonly number[] } | undefined)[];
  readonly attributes?: Record<string, Attribute>;
  readonly outputs?: number;
  readonly opset?: number;
  readonly domain?: string;
}

const ints = (...values: number[]) => ({ ints: values });

const cases: NodeCase[] = [
  { op: "Relu", inputs: [[2, 3]] },
  { op: "Neg", inputs: [[2, 3]] },
  { op: "Erf", inputs: [[]] },
  { op: "Softmax", inputs: [[2, 3]] },
  { op: "Add", inputs: [[2, 1, 3], [4, 1]] },
  { op: "Sub", inputs: [[], [2, 3]] },
  { op: "Pow", inputs: [[2, 3], [1]] },
  { op: "Max", inputs: [[2, 1], [3], [1, 1, 1]] },
  { op: "Greater", inputs: [[2, 3], [3]] },
  { op: "IsNaN", inputs: [[2, 3]] },
  { op: "Cast", inputs: [[2, 3]], attributes: { to: 7n } },
  { op: "Dropout", inputs: [[2, 3]], outputs: 2 },
  ...[{ axes: [-1n] }, { axes: [0n, 2n], keepdims: 0n }, {}, { keepdims: 0n }].map((attributes) => ({
    op: "ReduceMean",
    inputs: [[2, 3, 4]],
    attributes,
  })),
  { op: "ReduceMean", inputs: [[2, 3, 4], ints(1)], opset: 18 },
  { op: "ReduceMean", inputs: [[2, 3, 4]], attributes: { noop_with_empty_axes: 1n }, opset: 18 },
  { op: "ReduceSum", inputs: [[2, 3, 4], ints(0, -1)], attributes: { keepdims: 0n } },
  { op: "ReduceL2", inputs: [[2, 3, 4]], attributes: { axes: [1n] } },
  { op: "ArgMax", inputs: [[2, 3, 4]], attributes: { axis: -1n } },
  { op: "ArgMax", inputs: [[2, 3, 4]], attributes: { keepdims: 0n } },
  { op: "Reshape", inputs: [[2, 3, 4], ints(0, -1)] },
  { op: "Reshape", inputs: [[2, 3, 4], ints(4, 0, 2)] },
  { op: "Reshape", inputs: [[2, 3, 4], ints(-1)] },
  { op: "Reshape", inputs: [[0, 3], ints(3, 0)], attributes: { allowzero: 1n } },
  { op: "Flatten", inputs: [[2, 3, 4]] },
  { op: "Flatten", inputs: [[2, 3, 4]], attributes: { axis: 0n } },
  { op: "Flatten", inputs: [[2, 3, 4]], attributes: { axis: 3n } },
  { op: "Flatten", inputs: [[2, 3, 4]], attributes: { axis: -1n } },
  { op: "Transpose", inputs: [[2, 3, 4]] },
  { op: "Transpose", inputs: [[2, 3, 4]], attributes: { perm: [1n, 0n, 2n] } },
  { op: "Squeeze", inputs: [[1, 3, 1]] },
  { op: "Squeeze", inputs: [[1, 3, 1], ints(-1)] },
  { op: "Squeeze", inputs: [[1, 3, 1]], attributes: { axes: [0n] }, opset: 12 },
  { op: "Unsqueeze", inputs: [[2, 3], ints(0, -1)] },
  { op: "Unsqueeze", inputs: [[2, 3]], attributes: { axes: [1n] }, opset: 12 },
  { op: "Concat", inputs: [[2, 3], [2, 1], [2, 4]], attributes: { axis: -1n } },
  { op: "Split", inputs: [[2, 6]], attributes: { axis: 1n }, outputs: 3 },
  { op: "Split", inputs: [[7]], attributes: { num_outputs: 3n }, outputs: 3, opset: 18 },
  { op: "Split", inputs: [[2, 6], ints(1, 5)], attributes: { axis: 1n }, outputs: 2 },
  { op: "Split", inputs: [[6]], attributes: { split: [2n, 4n] }, outputs: 2, opset: 12 },
  { op: "Slice", inputs: [[4, 5], ints(1), ints(3)] },
  { op: "Slice", inputs: [[4, 5], ints(-2), ints(2 ** 31), ints(1)] },
  { op: "Slice", inputs: [[4, 5], ints(-1, 4), ints(-100, 0), ints(0, 1), ints(-1, -2)] },
  { op: "Slice", inputs: [[4, 5], ints(3), ints(1)] },
  { op: "Slice", inputs: [[4, 5], ints(9), ints(0), ints(1), ints(-1)] },
  { op: "Slice", inputs: [[4, 5], ints(2), ints(-9), ints(1), ints(-2)] },
  { op: "Slice", inputs: [[4, 5]], attributes: { starts: [1n], ends: [9n], axes: [1n] }, opset: 9 },
  { op: "Gather", inputs: [[4, 5], ints(1, 2, 3)], attributes: { axis: 1n } },
  { op: "Gather", inputs: [[4, 5], ints(0)] },
  { op: "Expand", inputs: [[3, 1], ints(2, 1, 4)] },
  { op: "Shape", inputs: [[2, 3, 4]] },
  { op: "Shape", inputs: [[2, 3, 4]], attributes: { start: 1n, end: -1n } },
  { op: "Size", inputs: [[2, 3]] },
  { op: "ConstantOfShape", inputs: [ints(2, 3)] },
  { op: "Pad", inputs: [[2, 3], ints(0, 1, 2, 3)] },
  { op: "Pad", inputs: [[2, 3], ints(1, 2), undefined, ints(-1)], opset: 18 },
  { op: "Tile", inputs: [[2, 3], ints(2, 1)] },
  { op: "MatMul", inputs: [[2, 3], [3, 4]] },
  { op: "MatMul", inputs: [[5, 1, 2, 3], [4, 3, 7]] },
  { op: "MatMul", inputs: [[3], [2, 3, 4]] },
  { op: "MatMul", inputs: [[2, 3], [3]] },
  { op: "MatMul", inputs: [[3], [3]] },
  { op: "Gemm", inputs: [[2, 3], [3, 4]] },
  { op: "Gemm", inputs: [[3, 2], [4, 3]], attributes: { transA: 1n, transB: 1n } },
  { op: "Conv", inputs: [[1, 2, 7, 8], [4, 2, 3, 3]] },
  {
    op: "Conv",
    inputs: [[1, 2, 7, 8], [4, 1, 3, 2]],
    attributes: { group: 2n, strides: [2n, 1n], pads: [1n, 0n, 1n, 2n] },
  },
  { op: "Conv", inputs: [[1, 2, 9], [4, 2, 3]], attributes: { dilations: [2n], auto_pad: "VALID" } },
  { op: "Conv", inputs: [[1, 2, 9], [4, 2, 4]], attributes: { strides: [2n], auto_pad: "SAME_UPPER" } },
  {
    op: "ConvTranspose",
    inputs: [[1, 4, 3, 3], [4, 2, 3, 2]],
    attributes: { strides: [2n, 2n], pads: [1n, 0n, 1n, 0n] },
  },
  {
    op: "ConvTranspose",
    inputs: [[1, 4, 3], [4, 2, 3]],
    attributes: { group: 2n, strides: [2n], output_padding: [1n] },
  },
  { op: "ConvTranspose", inputs: [[1, 4, 3], [4, 2, 3]], attributes: { strides: [2n], output_shape: [8n] } },
  { op: "MaxPool", inputs: [[1, 2, 7, 7]], attributes: { kernel_shape: [3n, 2n], strides: [2n, 2n] } },
  { op: "MaxPool", inputs: [[1, 2, 8]], attributes: { kernel_shape: [3n], strides: [2n], ceil_mode: 1n } },
  { op: "AveragePool", inputs: [[1, 2, 7]], attributes: { kernel_shape: [3n], strides: [2n], pads: [1n, 1n] } },
  { op: "GlobalAveragePool", inputs: [[1, 2, 7, 7]] },
  { op: "BatchNormalization", inputs: [[2, 3, 4], [3], [3], [3], [3]] },
  { op: "BatchNormalization", inputs: [[2, 3, 4], [3], [3], [3], [3]], attributes: { training_mode: 1n }, outputs: 3 },
  { op: "LayerNormalization", inputs: [[2, 3, 4], [3, 4]], attributes: { axis: 1n }, outputs: 3 },
  { op: "RMSNormalization", inputs: [[2, 3, 4], [4]], opset: 23 },
  { op: "InstanceNormalization", inputs: [[2, 3, 4], [3], [3]] },
  { op: "GroupNormalization", inputs: [[2, 4, 4], [4], [4]], attributes: { num_groups: 2n }, opset: 21 },
  { op: "LpNormalization", inputs: [[2, 3]] },
  { op: "LRN", inputs: [[2, 3, 4, 4]], attributes: { size: 3n } },
  { op: "MeanVarianceNormalization", inputs: [[2, 3, 4, 4]] },
  { op: "SkipLayerNormalization", inputs: [[2, 3, 4], [2, 3, 4], [4]], domain: "com.microsoft" },
  { op: "BiasGelu", inputs: [[2, 4], [4]], domain: "com.microsoft" },
];

const ones = (dims: readonly number[]): OnnxTensor => ({
  type: "float32",
  dims,
  data: new Float32Array(dims.reduce((a, b) => a * b, 1)).fill(1),
});

Deno.test("shapes: each rule says what onnxruntime computes", async (t) => {
  for (const { op, inputs, attributes = {}, outputs = 1, opset = 17, domain } of cases) {
    await t.step(`${op} ${JSON.stringify(inputs)} ${Deno.inspect(attributes)}`, async () => {
      const g = new GraphBuilder(op, { opset });
      const feeds: Record<string, OnnxTensor> = {};
      const values = inputs.map((input, i) => {
        if (input === undefined) return undefined;
        if ("ints" in input) return g.int64(input.ints);
        feeds[`x${i}`] = ones(input);
        return g.input(`x${i}`, "float32", input);
      });
      g.ops(op, values, attributes, outputs, { domain }).forEach((value, i) => g.output(`y${i}`, value));
      const model = g.build(), graph = Graph.of(model);
      await using session = await openSession(model, { optimize: "disabled" });
      const results = await session.run(feeds);
      for (const [name, { type, dims }] of Object.entries(results)) {
        assertEquals({ type: graph.type(name).type, dims: graph.dims(name) }, { type, dims }, name);
      }
    });
  }
});

/** The dims of a node's first output. */
function dimsOf(build: (g: GraphBuilder) => unknown, type: ElementType = "float32"): readonly Dim[] | undefined {
  const g = new GraphBuilder("dims", { opset: 17 });
  build(g);
  g.input("unused", type, []);
  const graph = Graph.of(g.build());
  return graph.dims(graph.nodes.at(-1)!.output[0]);
}

Deno.test("shapes: names stay names, and what is not known stays unknown", () => {
  const input = (g: GraphBuilder, name: string, dims?: Dim[]) => g.input(name, "float32", dims);
  assertEquals(dimsOf((g) => g.op("Add", [input(g, "a", ["N", 1]), input(g, "b", ["N", "C"])])), ["N", "C"]);
  assertEquals(dimsOf((g) => g.op("Add", [input(g, "a", ["N", 4]), input(g, "b", ["M", undefined])])), [undefined, 4]);
  assertEquals(dimsOf((g) => g.op("Add", [input(g, "a", ["N"]), input(g, "b")])), undefined);
  assertEquals(dimsOf((g) => g.op("Transpose", [input(g, "a", ["N", 3])])), [3, "N"]);
  assertEquals(dimsOf((g) => g.op("Flatten", [input(g, "a", ["N", 3, 4])])), ["N", 12]);
  assertEquals(dimsOf((g) => g.op("Reshape", [input(g, "a", ["N", 8, 2, 2]), g.int64([0, 4, -1])])), ["N", 4, 8]);
  assertEquals(dimsOf((g) => g.op("Reshape", [input(g, "a", [undefined, 8]), g.int64([0, 2, -1])])), [undefined, 2, 4]);
  assertEquals(dimsOf((g) => g.op("Reshape", [input(g, "a", ["N", 8, "W"]), g.int64([0, 2, -1])])), [
    "N",
    2,
    undefined,
  ]);
  assertEquals(dimsOf((g) => g.op("Reshape", [input(g, "a", ["N"]), input(g, "b", [3])])), [
    undefined,
    undefined,
    undefined,
  ]);
  assertEquals(dimsOf((g) => g.op("MatMul", [input(g, "a", ["B", "T", 4]), input(g, "b", [4, 8])])), ["B", "T", 8]);
  assertEquals(dimsOf((g) => g.op("ReduceMean", [input(g, "a", ["N", 4])], { axes: [1n] })), ["N", 1]);
  assertEquals(dimsOf((g) => g.op("Add", [input(g, "a", [2, 4]), input(g, "b", [3, 1])])), [undefined, 4]);
  assertEquals(dimsOf((g) => g.op("ConstantOfShape", [g.int64([0, 3])])), [0, 3]);
  const scales: OnnxTensor = { type: "float32", dims: [3], data: Float32Array.of(1, 2, 1) };
  assertEquals(dimsOf((g) => g.op("Resize", [input(g, "a", ["N", 3, "W"]), undefined, g.constant(scales)])), [
    "N",
    6,
    "W",
  ]);
  const grouped = { q_num_heads: 4n, kv_num_heads: 2n };
  assertEquals(
    dimsOf((g) =>
      g.op("Attention", [input(g, "q", [1, 3, 8]), input(g, "k", [1, 5, 4]), input(g, "v", [1, 5, 6])], grouped)
    ),
    [1, 3, 12],
  );
  const zero: OnnxTensor = { type: "int64", dims: [1], data: new BigInt64Array(1) };
  assertEquals(dimsOf((g) => g.op("ConstantOfShape", [g.int64([-1])], { value: zero })), [undefined]);
  const disputed = { kernel_shape: [2n], strides: [3n], ceil_mode: 1n, pads: [0n, 1n] };
  assertEquals(dimsOf((g) => g.op("MaxPool", [input(g, "a", [1, 2, 5])], disputed)), [1, 2, undefined]);
  assertEquals(dimsOf((g) => g.op("Nonsense", [input(g, "a", ["N", 4])])), undefined);
  assertEquals(dimsOf((g) => g.op("Relu", [input(g, "a", [4])], {}, { domain: "elsewhere" })), undefined);
});

Deno.test("shapes: those that the graph computes itself are followed", () => {
  // As PyTorch writes a group norm: to groups, and back to the shape it had.
  assertEquals(
    dimsOf((g) => {
      const x = g.input("x", "float32", ["N", 8, 5, 5]), groups = g.op("Reshape", [x, g.int64([0, 2, -1])]);
      g.op("Reshape", [groups, g.op("Shape", [x])]);
    }),
    ["N", 8, 5, 5],
  );
  // As exporters flatten: the batch is gathered from the shape, and -1 concatenated.
  assertEquals(
    dimsOf((g) => {
      const x = g.input("x", "float32", ["N", 3, 4]);
      const batch = g.op("Gather", [g.op("Shape", [x]), g.int64(0)]);
      const shape = g.op("Concat", [g.op("Unsqueeze", [batch, g.int64([0])]), g.int64([-1])], { axis: 0n });
      g.op("Reshape", [x, shape]);
    }),
    ["N", 12],
  );
  assertEquals(
    dimsOf((g) => {
      const x = g.input("x", "float32", ["N", 6, 4]), shape = g.op("Shape", [x]);
      const half = g.op("Div", [g.op("Slice", [shape, g.int64([1]), g.int64([2])]), g.int64([2])]);
      const twice = g.op("Mul", [g.op("Add", [half, g.int64([1])]), g.op("Cast", [g.int64([2])], { to: 7n })]);
      g.op("Expand", [g.float32(0), g.op("Concat", [half, twice], { axis: 0n })]);
    }),
    [3, 8],
  );
  // One number beside a list of them, on either side, and lists of one length.
  assertEquals(
    dimsOf((g) => {
      const shape = g.op("Shape", [g.input("x", "float32", [2, 5])]);
      const changed = g.op("Mul", [g.op("Sub", [g.int64([8]), shape]), g.int64([2])]); // 12 and 6
      g.op("Expand", [g.float32(0), g.op("Add", [changed, shape])]);
    }),
    [14, 11],
  );
  assertEquals(
    dimsOf((g) => {
      const rank = g.op("Neg", [g.int64([-3])]), start = g.op("Squeeze", [g.int64([1]), g.int64([0])]);
      g.op("Expand", [g.op("ConstantOfShape", [rank]), g.op("Range", [start, g.int64(4), g.int64(2)])]);
    }),
    [1, 3],
  );
});

Deno.test("shapes: where the model contradicts the operators, nothing is known", () => {
  const g = new GraphBuilder("wrong", { opset: 17 });
  const x = g.input("x", "float32", [2, 3]);
  g.output("y", g.op("Relu", [x]), "float16", [2, 4]);
  g.output("z", g.op("Neg", [x]), "float32", [2, 3, 1]);
  const graph = Graph.of(g.build());
  assertEquals(graph.type("y"), { type: undefined, dims: [2, undefined], elements: undefined });
  assertEquals(graph.dims("z"), undefined);
});

Deno.test("shapes: an initializer that may be overridden says nothing that its input does not", () => {
  const g = new GraphBuilder("overridable", { opset: 17 });
  const x = g.input("x", "float32", [6]), shape = g.input("shape", "int64", [2]);
  g.output("y", g.op("Reshape", [x, shape]));
  const model = g.build();
  const other = new GraphBuilder("other", { opset: 17 });
  other.constant("shape", { type: "int64", dims: [2], data: new BigInt64Array([2n, 3n]) });
  model.graph!.initializer = other.build().graph!.initializer;
  assertEquals(Graph.of(model).dims("y"), [undefined, undefined]);
  model.graph!.input[1].type = model.graph!.output[0].type = undefined;
  assertEquals(Graph.of(model).dims("shape"), undefined);
  assertEquals(Graph.of(model).dims("y"), undefined);
});

const files = onnxFiles(conformance).filter(({ name }) => /^(onnx-node-tests|burn-onnx)/.test(name));

Deno.test({
  name: "shapes: models from elsewhere, whose own declarations are taken away, come to the same",
  ignore: files.length === 0,
  fn() {
    for (const { name, path } of files) {
      const declared = readModel(Deno.readFileSync(path)), stripped = readModel(Deno.readFileSync(path));
      for (const info of stripped.graph!.output) info.type = undefined;
      stripped.graph!.valueInfo = [];
      const before = Graph.of(declared), after = Graph.of(stripped);
      for (const { name: output } of declared.graph!.output) {
        const known = after.dims(output);
        assert(known !== undefined, `${name}: ${output}`);
        before.dims(output)!.forEach((dim, i) => {
          if (typeof dim === "number" && known[i] !== undefined) assertEquals(known[i], dim, `${name}: ${output}`);
        });
      }
    }
  },
});

Deno.test("shapes: division of integers goes towards 0, and a size that is no whole number is not known", () => {
  const g = new GraphBuilder("quotients", { opset: 17 }), x = g.input("x", "float32", [3, 4]);
  const quotient = g.op("Div", [g.int64([-7]), g.int64([2])]);
  const length = g.op("Add", [quotient, g.int64([5])]);
  g.output("filled", g.op("ConstantOfShape", [length]));
  g.output("odd", g.op("Reshape", [x, g.int64([-1, 5])]));
  const graph = Graph.of(g.build());
  assertEquals([graph.dims("filled"), graph.dims("odd")], [[2], [undefined, 5]]);
});

/** The dims and types that inference finds for the outputs of a model, and those that onnxruntime computes. */
async function compared(g: GraphBuilder, feeds: Record<string, OnnxTensor>) {
  const model = g.build(), graph = Graph.of(model);
  await using session = await openSession(model, { optimize: "disabled" });
  const computed = Object.entries(await session.run(feeds)).map(([name, { type, dims }]) => [name, type, [...dims]]);
  const inferred = model.graph!.output.map(({ name }) => [name, graph.type(name).type, graph.dims(name)]);
  return { computed, inferred };
}

Deno.test("shapes: Resize, quantization, TopK, Trilu and Attention are as onnxruntime computes them", async () => {
  const floats = (g: GraphBuilder, ...values: number[]) =>
    g.constant({ type: "float32", dims: [values.length], data: Float32Array.from(values) });
  const scalar = (g: GraphBuilder, value: number) =>
    g.constant({ type: "float32", dims: [], data: Float32Array.of(value) });
  const zero = (g: GraphBuilder) => g.constant({ type: "int8", dims: [], data: Int8Array.of(0) });
  const build: Record<string, (g: GraphBuilder, x: ReturnType<GraphBuilder["input"]>) => void> = {
    sizes: (g, x) => g.output("y", g.op("Resize", [x, undefined, undefined, g.int64([2, 3, 7, 9])])),
    scales: (g, x) => g.output("y", g.op("Resize", [x, undefined, floats(g, 1, 1, 1.6, 2)])),
    topK: (g, x) => g.ops("TopK", [x, g.int64([2])], { axis: 1n }, 2).forEach((v, i) => g.output(`y${i}`, v)),
    trilu: (g, x) => g.output("y", g.op("Trilu", [x])),
    quantized: (g, x) => {
      const q = g.op("QuantizeLinear", [x, scalar(g, 0.1), zero(g)]);
      g.output("q", q);
      g.output("y", g.op("DequantizeLinear", [q, scalar(g, 0.1), zero(g)]));
      g.output("u", g.op("QuantizeLinear", [x, scalar(g, 0.1)]));
    },
    attention: (g, x) => g.output("y", g.op("Attention", [x, x, x])),
  };
  for (const [name, write] of Object.entries(build)) {
    const g = new GraphBuilder(name, { opset: 23 });
    write(g, g.input("x", "float32", [2, 3, 4, 5]));
    const { computed, inferred } = await compared(g, { x: ones([2, 3, 4, 5]) });
    assertEquals(inferred, computed, name);
  }
});

Deno.test("shapes: an If is what both of its branches are, a Loop what its body carries and gives", async () => {
  const g = new GraphBuilder("bodies", { opset: 17 }), x = g.input("x", "float32", [2, 3]);
  const yes = g.constant({ type: "bool", dims: [], data: Uint8Array.of(1) });
  const [same, longer] = [1, 2].map((times) => {
    const body = g.subgraph(`branch${times}`);
    body.output(`out${times}`, body.op("Concat", new Array(times).fill(x), { axis: 1n }));
    return body;
  });
  g.output("chosen", g.op("If", [yes], { then_branch: same, else_branch: longer }));
  const body = g.subgraph("body");
  body.input("i", "int64", []);
  const going = body.input("going", "bool", []), carried = body.input("carried", "float32", [2, 3]);
  body.output("still", body.op("Identity", [going]));
  body.output("next", body.op("Add", [carried, x]));
  body.output("each", body.op("Transpose", [carried]));
  const loop = g.ops("Loop", [g.int64(4), yes, x], { body }, 2);
  g.output("last", loop[0]);
  g.output("all", loop[1]);
  const { computed, inferred } = await compared(g, { x: ones([2, 3]) });
  assertEquals(computed, [["chosen", "float32", [2, 3]], ["last", "float32", [2, 3]], ["all", "float32", [4, 3, 2]]]);
  assertEquals(inferred, [
    ["chosen", "float32", [2, undefined]],
    ["last", "float32", [undefined, undefined]],
    ["all", "float32", [undefined, 3, 2]],
  ]);
});

Deno.test("shapes: rules are those of the opset: broadcasting from an axis up to 6, a mask of x's type below 10", () => {
  const g = new GraphBuilder("old", { opset: 6 }),
    x = g.input("x", "float32", [2, 3, 4, 5]),
    b = g.input("b", "float32", [3, 4]);
  g.output("y", g.op("Add", [x, b], { broadcast: 1n, axis: 1n }));
  assertEquals(Graph.of(g.build()).dims("y"), [2, 3, 4, 5]);
  for (const [opset, type] of [[9, "float32"], [10, "bool"]] as const) {
    const g = new GraphBuilder("mask", { opset });
    const [y, mask] = g.ops("Dropout", [g.input("x", "float32", [2])], {}, 2);
    g.output("y", y);
    g.output("mask", mask);
    assertEquals(Graph.of(g.build()).type("mask").type, type);
  }
});

Deno.test("shapes: two sizes called ? need not be equal", () => {
  const g = new GraphBuilder("unknown", { opset: 17 });
  const a = g.input("a", "float32", ["?", 3]), b = g.input("b", "float32", ["?", 3]);
  g.output("y", g.op("Add", [a, b]));
  assertEquals(Graph.of(g.build()).dims("y"), [undefined, 3]);
});
