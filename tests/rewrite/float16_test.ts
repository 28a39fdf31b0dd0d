import { assert, assertEquals, assertRejects } from "@std/assert";
import { layerNorm, modelOf, type SymbolicTensor } from "../../models/mod.ts";
import { Editor, GraphBuilder, type Model, type OnnxTensor, run } from "../../onnx/mod.ts";
import { convert, openDoors } from "../../rewrite/float16/convert.ts";
import { optimize, rangesText } from "../../rewrite/mod.ts";
import { difference } from "../../rewrite/verify/compare.ts";
import { backends } from "../models/backends.ts";
import { varied } from "../../tools/rewrite/spellings.ts";

type X = SymbolicTensor;
const operators = ({ graph }: Model) => graph!.node.map(({ opType }) => opType);
const float32 = (dims: number[], data: ArrayLike<number>): OnnxTensor => ({
  type: "float32",
  dims,
  data: Float32Array.from(data),
});
const weight = (x: X, dims: number[], seed = 1, around = 0) => {
  const { data, ...rest } = varied(dims, seed);
  return x.of(x.graph.constant({ ...rest, data: data.map((one) => one - 1 + around) }), { dims });
};

/** A layer norm in a spelling that onnxruntime does not fuse: its squares are values of the graph. */
const norm = (x: X, seed: number) => {
  const axes = [x.dims.length - 1], d = x.minus(x.reduce("ReduceMean", axes)), n = x.dims.at(-1) as number;
  const y = d.over(d.times(d).reduce("ReduceMean", axes).plus(1e-5).sqrt());
  return y.times(weight(x, [n], seed, 1)).plus(weight(x, [n], seed + 1));
};

const width = 16;
const linear = (x: X, outputs: number, seed: number) => {
  const inputs = x.dims.at(-1) as number, { data, ...rest } = varied([inputs, outputs], seed);
  const w = x.graph.constant({ ...rest, data: data.map((one) => 2 * (one - 1) / Math.sqrt(inputs)) });
  const y = x.of(x.op("MatMul", [w]).value, { dims: [...x.dims.slice(0, -1), outputs] });
  return y.plus(weight(x, [outputs], seed + 1));
};

/** Attention of one head and a perceptron, each behind a norm and beside a residual stream. */
const block = (x: X, seed: number): X => {
  const h = norm(x, seed), [q, k, v] = [10, 12, 14].map((more) => linear(h, width, seed + more)), [n, t] = x.dims;
  const scores = q.of(q.op("MatMul", [k.op("Transpose", [], { perm: [0n, 2n, 1n] })]).value, { dims: [n, t, t] });
  const mixed = x.of(scores.times(width ** -0.5).op("Softmax", [], { axis: -1n }).op("MatMul", [v]).value);
  const y = x.plus(linear(mixed, width, seed + 20));
  return y.plus(linear(linear(norm(y, seed + 30), 2 * width, seed + 40).op("Relu"), width, seed + 50));
};

/** A transformer whose residual stream has features near 900, as those of trained ones do. */
const dims = [1, 5, width];
const transformer = () => modelOf((x) => norm([100, 200].reduce(block, x), 300), { x: dims });
const residuals = float32(
  dims,
  Array.from({ length: 5 * width }, (_, i) => Math.sin(i * 1.7) + (i % width < 3 ? 900 : 0)),
);

/** Everything in float16, whatever its range: what converters do. */
function plain(model: Model): Model {
  const editor = new Editor(model);
  openDoors(editor);
  const graph = editor.view(), names = [...graph.nodes.flatMap(({ input, output }) => [...input, ...output])];
  convert(editor, new Map(names.filter((name) => graph.type(name).type === "float32").map((name) => [name, 1])));
  editor.clean();
  return editor.model;
}

for (const { provider, ignore, ignoreFloat16 } of backends) {
  Deno.test({
    name: `float16: a transformer with residuals near 900 on ${provider}, plainly converted and with its ranges known`,
    ignore: ignore || ignoreFloat16,
    async fn() {
      const model = transformer(), inputs = { x: residuals }, { y } = await run(model, inputs);
      const off = async (model: Model) => difference(y, (await run(model, inputs, { provider })).y);
      const options = { passes: ["tidy"], float16: true, verify: { inputs: [inputs] } } as const;
      const { model: half, ranges, verification } = await optimize(model, options);
      assert(verification!.isRight);
      assertEquals(ranges!.map(({ overflows, form }) => [overflows, form]), new Array(5).fill([true, "float32"]));
      assert(ranges!.every(({ largest }) => largest! > 890 && largest! < 910));
      if (provider === "webgpu") assert(!(await off(plain(model)) < 0.5), "a plain conversion is right here by now");
      assert(await off(half) < 5e-3, `${await off(half)}`);
      const weights = half.graph!.initializer.filter(({ dims }) => dims.length === 2);
      assertEquals(weights.map(({ dataType }) => dataType), new Array(12).fill(10));
    },
  });
}

Deno.test("float16: what fits is float16 throughout, and a norm stays the operator that it is", async () => {
  const model = modelOf((x) => layerNorm(linear(x, 8, 1), { form: "fused" }).op("Relu"), { x: [3, width] });
  const { model: half, ranges, actions, verification } = await optimize(model, { float16: true, target: "native" });
  assert(verification!.isRight);
  assertEquals(operators(half), ["Cast", "Gemm", "LayerNormalization", "Relu", "Cast"]);
  assertEquals(ranges!.map(({ form, overflows }) => [form, overflows]), [["float16", false]]);
  assertEquals(actions.filter(({ pass }) => pass === "float16"), []);
  assertEquals(half.graph!.initializer.map(({ dataType }) => dataType), half.graph!.initializer.map(() => 10));
  assert(rangesText(ranges!).includes("float16"));
});

Deno.test("float16: what is too large or too small for it stays float32, and an epsilon is not lost", async () => {
  const model = modelOf((x) => {
    const masked = x.plus(x.of(x.graph.constant(float32([4], [0, -1e9, 0, 0])), { dims: [4] })).op("Softmax");
    const large = x.times(1e6).op("Relu").times(1e-6), small = x.times(1e-9).plus(1e-9).times(1e9);
    return masked.plus(large).plus(small);
  }, { x: [3, 4] });
  const { model: half, verification } = await optimize(model, { passes: [], float16: true });
  assert(verification!.isRight && operators(half).includes("Cast"));
  const x = float32([3, 4], [-1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  assert(difference((await run(model, { x })).y, (await run(half, { x })).y) < 2e-3);
});

const truth: OnnxTensor = { type: "bool", dims: [], data: Uint8Array.of(1) };

Deno.test("float16: a norm in a branch is not measured, and stays float32", async () => {
  const g = new GraphBuilder("branch", { opset: 17 }), x = g.input("x", "float32", [3, 4]);
  const y = g.op("Mul", [x, g.float32(2)]), condition = g.op("Constant", [], { value: truth });
  const [then, otherwise] = ["then", "else"].map((name) => {
    const body = g.subgraph(name), scale = body.float32([1, 1, 1, 1]);
    body.output(`${name}_y`, body.op("LayerNormalization", [body.op("Mul", [y, body.float32(1e5)]), scale]), "float32");
    return body;
  });
  const z = g.op("If", [condition], { then_branch: then, else_branch: otherwise });
  g.output("z", g.op("Add", [z, y]), "float32", [3, 4]);
  const { model: half, ranges, actions, verification } = await optimize(g.build(), { passes: [], float16: true });
  assert(verification!.isRight, JSON.stringify(verification!.values));
  assertEquals(ranges!.map(({ largest, form }) => [largest, form]), [[undefined, "float32"], [undefined, "float32"]]);
  assert(rangesText(ranges!).includes("not measured") && rangesText(ranges!).includes("float32, as it was"));
  assertEquals(actions.map(({ what }) => what), ["If stays: what is inside is not measured"]);
  assertEquals(half.graph!.node.filter(({ opType }) => opType === "Cast").length, 4);
});

/** Nodes whose types or meaning a conversion may miss. */
const odd: Record<string, (g: GraphBuilder, x: ReturnType<GraphBuilder["input"]>) => ReturnType<GraphBuilder["op"]>> = {
  "an If whose branches read from outside": (g, x) => {
    const condition = g.op("Greater", [g.op("ReduceMean", [x], { keepdims: 0n }), g.float32(0)]);
    const [then, otherwise] = ["then", "else"].map((name, i) => {
      const body = g.subgraph(name);
      body.output(`${name}_y`, body.op("Mul", [x, body.float32(i + 0.5)]), "float32", [3, 4]);
      return body;
    });
    return g.op("Add", [g.op("If", [condition], { then_branch: then, else_branch: otherwise }), x]);
  },
  "an If whose result does not fit": (g, x) => {
    const condition = g.op("Greater", [g.op("ReduceMean", [x], { keepdims: 0n }), g.float32(-999)]);
    const [then, otherwise] = ["then", "else"].map((name) => {
      const body = g.subgraph(name);
      body.output(`${name}_y`, body.op("Mul", [x, body.float32(9000)]), "float32", [3, 4]);
      return body;
    });
    return g.op("Div", [g.op("If", [condition], { then_branch: then, else_branch: otherwise }), g.float32(9000)]);
  },
  "branches within a branch, whose own values do not fit": (g, x) => {
    const half = g.op("Mul", [x, g.float32(0.5)]), condition = g.op("Constant", [], { value: truth });
    const [then, otherwise] = ["then", "else"].map((name) => {
      const body = g.subgraph(name),
        [inner, other] = ["inner", "other"].map((part) => {
          const deep = body.subgraph(part), large = deep.op("Mul", [half, deep.float32(1e5)]);
          deep.output(`${name}_${part}`, deep.op("Mul", [large, deep.float32(1e-5)]), "float32", [3, 4]);
          return deep;
        });
      body.output(`${name}_y`, body.op("If", [condition], { then_branch: inner, else_branch: other }), "float32", [
        3,
        4,
      ]);
      return body;
    });
    return g.op("Add", [g.op("If", [condition], { then_branch: then, else_branch: otherwise }), half]);
  },
  "a Resize, whose scales are float32": (g, x) => {
    const image = g.op("Reshape", [x, g.int64([1, 1, 3, 4])]);
    const sized = g.op("Resize", [image, undefined, g.float32([1, 1, 2, 2])], { mode: "nearest" });
    return g.op("Sigmoid", [g.op("Reshape", [sized, g.int64([12, 4])])]);
  },
  "Constant nodes, ones of a shape, and a Range": (g, x) => {
    const c = g.op("Constant", [], { value: float32([1], [0.3]) });
    const ones = g.op("ConstantOfShape", [g.op("Shape", [x])], { value: float32([1], [1.5]) });
    const range = g.op("Range", [g.float32(0), g.float32(4), g.float32(1)]);
    return g.op("Add", [g.op("Add", [g.op("Mul", [x, c]), ones]), range]);
  },
  "a constant and an input that are outputs too": (g, x) => {
    g.output("c", g.op("Identity", [g.float32([1, 2])]), "float32", [2]);
    g.output("same", g.op("Identity", [x]), "float32", [3, 4]);
    return g.op("Exp", [x]);
  },
  "statistics of a LayerNormalization, and integers": (g, x) => {
    const [y, mean] = g.ops("LayerNormalization", [x, g.float32([1, 2, 3, 4])], {}, 2);
    const whole = g.op("Cast", [g.op("Cast", [x], { to: 7n })], { to: 1n });
    return g.op("Add", [g.op("Add", [y, mean]), whole]);
  },
};

for (const [name, build] of Object.entries(odd)) {
  Deno.test(`float16: ${name}`, async () => {
    const g = new GraphBuilder("odd", { opset: 17 }), x = g.input("x", "float32", [3, 4]);
    g.output("y", build(g, x), "float32");
    const model = g.build(), input = float32([3, 4], Array.from({ length: 12 }, (_, i) => Math.sin(i) * 2 + 0.01));
    const { model: half, verification } = await optimize(model, {
      passes: [],
      float16: true,
      verify: { inputs: [{ x: input }] },
    });
    assert(verification!.isRight, JSON.stringify(verification!.values));
    const before = await run(model, { x: input }), after = await run(half, { x: input });
    for (const name of Object.keys(before)) {
      assertEquals(after[name].type, before[name].type);
      assert(difference(before[name], after[name]) < 3e-3, `${name}: ${difference(before[name], after[name])}`);
    }
  });
}

Deno.test("float16: a model that cannot be raised is refused, and stays", async () => {
  const g = new GraphBuilder("old", { opset: 9 }), x = g.input("x", "float32", [1, 1, 2, 2]);
  g.output("y", g.op("Upsample", [x, g.float32([1, 1, 2, 2])], { mode: "nearest" }), "float32");
  await assertRejects(() => optimize(g.build(), { float16: true }), RangeError, "cannot be brought to float16");
});
