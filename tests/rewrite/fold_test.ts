import { assert, assertEquals } from "@std/assert";
import { GraphBuilder, type Model, type OnnxTensor, type Value } from "../../onnx/mod.ts";
import { optimize, type PassName } from "../../rewrite/mod.ts";
import { varied } from "../../tools/rewrite/spellings.ts";

type G = GraphBuilder;
const operators = ({ graph }: Model) => graph!.node.map(({ opType }) => opType);
const scalar = (g: G, x: number) => g.constant({ type: "float32", dims: [], data: Float32Array.of(x) });
const weights = (g: G, dims: number[], seed = 1) => {
  const { data, ...rest } = varied(dims, seed);
  return g.constant({ ...rest, data: data.map((x, i) => (x - 1) * (1 + i % 3)) });
};
const norm = (g: G, x: Value, channels: number, attributes = {}) => {
  const [scale, bias, mean, variance] = [1, 2, 3, 4].map((seed) => g.constant(varied([channels], seed)));
  return g.op("BatchNormalization", [x, scale, bias, mean, variance], attributes);
};

/** Graphs over x, the operators that are left of them, and dims of x. */
const cases: Record<string, { build: (g: G, x: Value) => Value; left: string[]; dims?: number[]; opset?: number }> = {
  "Conv before, without a bias": {
    build: (g, x) => norm(g, g.op("Conv", [x, weights(g, [6, 4, 3, 3])], { pads: [1n, 1n, 1n, 1n] }), 6),
    left: ["Conv"],
  },
  "Conv before, grouped and with a bias": {
    build: (g, x) => norm(g, g.op("Conv", [x, weights(g, [6, 2, 1, 1]), weights(g, [6])], { group: 2n }), 6),
    left: ["Conv"],
  },
  "ConvTranspose before": {
    build: (g, x) => norm(g, g.op("ConvTranspose", [x, weights(g, [4, 6, 2, 2])], { strides: [2n, 2n] }), 6),
    left: ["ConvTranspose"],
  },
  "ConvTranspose before, grouped": {
    build: (g, x) => norm(g, g.op("ConvTranspose", [x, weights(g, [4, 3, 2, 2]), weights(g, [6])], { group: 2n }), 6),
    left: ["ConvTranspose"],
  },
  "Conv after, without padding": {
    build: (g, x) => g.op("Conv", [norm(g, x, 4), weights(g, [6, 4, 3, 3]), weights(g, [6])]),
    left: ["Conv"],
  },
  "Conv after, grouped": {
    build: (g, x) => g.op("Conv", [norm(g, x, 4), weights(g, [6, 2, 3, 3])], { group: 2n }),
    left: ["Conv"],
  },
  "Conv after, whose padding a scale alone reaches": {
    build: (g, x) =>
      g.op("Conv", [g.op("Mul", [x, weights(g, [4, 1, 1])]), weights(g, [6, 4, 3, 3])], { pads: [1n, 1n, 1n, 1n] }),
    left: ["Conv"],
  },
  "Conv after, whose padding a shift does not reach": {
    build: (g, x) => g.op("Conv", [norm(g, x, 4), weights(g, [6, 4, 3, 3])], { pads: [1n, 1n, 1n, 1n] }),
    left: ["Mul", "Add", "Conv"],
  },
  "ConvTranspose after, of a scale": {
    build: (g, x) =>
      g.op("ConvTranspose", [g.op("Div", [x, weights(g, [4, 1, 1])]), weights(g, [4, 3, 2, 2])], { group: 2n }),
    left: ["ConvTranspose"],
  },
  "two Convs after": {
    build: (g, x) => {
      const y = norm(g, x, 4);
      return g.op("Add", [g.op("Conv", [y, weights(g, [6, 4, 3, 3])]), g.op("Conv", [y, weights(g, [6, 4, 3, 3], 2)])]);
    },
    left: ["Conv", "Conv", "Add"],
  },
  "a Conv and something else after": {
    build: (g, x) => {
      const y = norm(g, x, 4);
      return g.op("Add", [g.op("Conv", [y, weights(g, [4, 4, 1, 1])]), y]);
    },
    left: ["Mul", "Add", "Conv", "Add"],
  },
  "Gemm before, with all of its factors": {
    build: (g, x) =>
      norm(g, g.op("Gemm", [x, weights(g, [5, 4]), weights(g, [5])], { alpha: 0.5, beta: 3, transB: 1n }), 5),
    left: ["Gemm"],
    dims: [3, 4],
  },
  "Gemm before, with one bias for all": {
    build: (g, x) => norm(g, g.op("Gemm", [x, weights(g, [4, 5]), weights(g, [1])], { beta: 2 }), 5),
    left: ["Gemm"],
    dims: [3, 4],
  },
  "Gemm before, with a bias for each row": {
    build: (g, x) => norm(g, g.op("Gemm", [x, weights(g, [4, 5]), weights(g, [3, 1])]), 5),
    left: ["Gemm"],
    dims: [3, 4],
  },
  "Gemm after, with all of its factors": {
    build: (g, x) =>
      g.op("Gemm", [norm(g, x, 4), weights(g, [5, 4]), weights(g, [5])], { alpha: 0.5, beta: 3, transB: 1n }),
    left: ["Gemm"],
    dims: [3, 4],
  },
  "MatMul and Add before": {
    build: (g, x) => norm(g, g.op("Add", [weights(g, [5]), g.op("MatMul", [x, weights(g, [4, 5])])]), 5),
    left: ["Gemm"],
    dims: [3, 4],
  },
  "MatMul after": {
    build: (g, x) => g.op("MatMul", [norm(g, x, 4), weights(g, [4, 5])]),
    left: ["Gemm"],
    dims: [3, 4],
  },
  "MatMul and Add of more than matrices": {
    build: (g, x) =>
      g.op("Add", [g.op("Mul", [g.op("MatMul", [x, weights(g, [4, 5])]), weights(g, [5])]), weights(g, [5], 2)]),
    left: ["MatMul", "Add"],
    dims: [2, 3, 4],
  },
  "MatMul before, through a Transpose": {
    build: (g, x) => norm(g, g.op("Transpose", [g.op("MatMul", [x, weights(g, [4, 5])])], { perm: [0n, 2n, 1n] }), 5),
    left: ["MatMul", "Add", "Transpose"],
    dims: [2, 3, 4],
  },
  "Conv before, through a Reshape that keeps the channels": {
    build: (g, x) => norm(g, g.op("Reshape", [g.op("Conv", [x, weights(g, [6, 4, 1, 1])]), g.int64([0, 0, -1])]), 6),
    left: ["Conv", "Reshape"],
  },
  "through a Reshape that mixes the channels": {
    build: (g, x) => norm(g, g.op("Reshape", [g.op("Conv", [x, weights(g, [6, 4, 1, 1])]), g.int64([0, 3, -1])]), 3),
    left: ["Conv", "Reshape", "Mul", "Add"],
  },
  "a chain of Mul, Sub, Neg, Div and Add": {
    build: (g, x) => {
      const y = g.op("Neg", [g.op("Sub", [scalar(g, 2), g.op("Mul", [x, weights(g, [4, 1, 1])])])]);
      return g.op("Relu", [g.op("Add", [g.op("Div", [y, scalar(g, 3)]), weights(g, [4, 1, 1], 2)])]);
    },
    left: ["Mul", "Add", "Relu"],
  },
  "steps along two axes": {
    build: (g, x) =>
      g.op("Mul", [g.op("Mul", [g.op("Conv", [x, weights(g, [4, 4, 1, 1])]), weights(g, [8])]), weights(g, [4, 1, 1])]),
    left: ["Conv", "Mul", "Mul"],
  },
  "a step that makes it wider": {
    build: (g, x) => g.op("Mul", [g.op("Conv", [x, weights(g, [1, 4, 1, 1])]), weights(g, [5, 1, 1])]),
    left: ["Conv", "Mul"],
  },
  "an output in the middle": {
    build: (g, x) => {
      const y = g.op("Conv", [x, weights(g, [6, 4, 1, 1])]);
      g.output("middle", y);
      return norm(g, y, 6);
    },
    left: ["Conv", "Mul", "Add"],
  },
  "training mode": {
    build: (g, x) => {
      const parameters = [1, 2, 3, 4].map((seed) => g.constant(varied([4], seed)));
      const [y] = g.ops("BatchNormalization", [x, ...parameters], { training_mode: 1n }, 3);
      return g.op("Conv", [y, weights(g, [6, 4, 3, 3])]);
    },
    left: ["BatchNormalization", "Conv"],
  },
  "a Dropout between": {
    build: (g, x) => norm(g, g.op("Dropout", [g.op("Conv", [x, weights(g, [6, 4, 1, 1])])]), 6),
    left: ["Conv"],
  },
};

for (const [name, { build, left, dims = [2, 4, 8, 8], opset = 17 }] of Object.entries(cases)) {
  Deno.test(`fold: ${name}`, async () => {
    const g = new GraphBuilder("fold", { opset }), y = build(g, g.input("x", "float32", dims));
    g.output("y", y);
    const { model, verification, actions } = await optimize(g.build(), { passes: ["fold"] });
    assertEquals(operators(model), left);
    assertEquals(verification === undefined, actions.every(({ done }) => !done), "what is as it was needs no proof");
    if (verification) {
      assert(
        verification.isRight,
        JSON.stringify(verification.values.filter(({ isRight }) => !isRight)),
      );
    }
  });
}

Deno.test("fold: weights of two products are split where one of them is scaled", async () => {
  const g = new GraphBuilder("shared", { opset: 17 }), x = g.input("x", "float32", [2, 4]), w = weights(g, [4, 4]);
  const a = g.op("MatMul", [x, w]), b = g.op("Mul", [g.op("MatMul", [a, w]), weights(g, [4])]);
  g.output("y", b);
  const { model, verification } = await optimize(g.build(), { passes: ["fold"] });
  assertEquals(operators(model), ["MatMul", "MatMul"]);
  assertEquals(model.graph!.initializer.length, 2);
  assert(verification!.isRight);
});

Deno.test("fold: float16 stays float16, and is rounded once", async () => {
  const half = (dims: number[], seed: number): OnnxTensor => ({
    type: "float16",
    dims,
    data: Float16Array.from(varied(dims, seed).data),
  });
  const g = new GraphBuilder("half", { opset: 17 }), x = g.input("x", "float16", [2, 4]);
  const product = g.op("MatMul", [x, g.constant(half([4, 4], 1))]);
  g.output("y", g.op("Add", [g.op("Mul", [product, g.constant(half([4], 2))]), g.constant(half([4], 3))]));
  const { model, verification } = await optimize(g.build(), { passes: ["fold"] });
  assertEquals(operators(model), ["Gemm"]);
  assertEquals(model.graph!.initializer.map(({ dataType }) => dataType), [10, 10]);
  assert(verification!.isRight);
});

Deno.test("absorb: a layer norm's scale and bias go into all the products behind it, or stay", async () => {
  const g = new GraphBuilder("absorb", { opset: 17 }), x = g.input("x", "float32", [2, 3, 8]);
  const norm = () => g.op("LayerNormalization", [x, weights(g, [8]), weights(g, [8], 2)]);
  const taken = norm(), kept = norm();
  const a = g.op("MatMul", [taken, weights(g, [8, 8], 3)]), b = g.op("MatMul", [taken, weights(g, [8, 8], 4)]);
  g.output("y", g.op("Add", [g.op("Mul", [a, b]), g.op("Add", [g.op("MatMul", [kept, weights(g, [8, 8])]), kept])]));
  const { model, verification } = await optimize(g.build(), { passes: ["absorb"] });
  const scales = model.graph!.node.filter(({ opType }) => opType === "LayerNormalization").map(({ input }) =>
    input.length
  );
  assertEquals(scales.sort(), [2, 3]);
  assertEquals(operators(model).filter((one) => one === "MatMul").length, 3);
  assert(verification!.isRight, JSON.stringify(verification!.values.filter(({ isRight }) => !isRight)));
});

Deno.test("tidy: what is constant is computed, what does nothing goes, and outputs keep their names", async () => {
  const g = new GraphBuilder("tidy", { opset: 17 }), x = g.input("x", "float32", [2, 4]);
  const axes = g.op("Constant", [], { value_ints: [0n] }),
    c = g.op("Sqrt", [g.op("Add", [scalar(g, 3), scalar(g, 1)])]);
  const shape = g.op("Concat", [
    g.op("Unsqueeze", [g.op("Gather", [g.op("Shape", [x]), g.int64(0)]), axes]),
    g.int64([-1]),
  ], { axis: 0n });
  const y = g.op("Mul", [g.op("Reshape", [g.op("Identity", [x]), shape]), g.op("Cast", [c], { to: 1n })]);
  g.output("y", g.op("Identity", [g.op("Dropout", [y])]), "float32", [2, 4]);
  const { model, verification } = await optimize(g.build(), { passes: ["tidy"] });
  assertEquals(operators(model), ["Reshape", "Mul", "Identity"]);
  assert(verification!.isRight);
});

Deno.test("tidy: a shape of which one size is unknown is no longer computed, and of two it is", async () => {
  const build = (dims: string[]) => {
    const g = new GraphBuilder("shapes", { opset: 17 }), x = g.input("x", "float32", [...dims, 4, 6]);
    const flat = g.op("Reshape", [x, g.int64([-1, 24])]);
    g.output("y", g.op("Relu", [g.op("Reshape", [flat, g.op("Shape", [x])])]), "float32", [...dims, 4, 6]);
    return g.build();
  };
  const one = await optimize(build(["N"]), { passes: ["tidy"] }),
    two = await optimize(build(["N", "T"]), { passes: ["tidy"] });
  assertEquals(operators(one.model), ["Reshape", "Reshape", "Relu"]);
  assertEquals(operators(two.model), ["Reshape", "Shape", "Reshape", "Relu"]);
  assert(one.verification!.isRight && two.verification!.isRight);
});

/** Models of old versions of the operator set, which fuse raises, and the operators that they have then. */
const raised: { name: string; opset: number; passes?: PassName[]; build: (g: G, x: Value) => Value; left: string[] }[] =
  [
    {
      name: "axes become inputs",
      opset: 11,
      build: (g, x) => {
        const y = g.op("Squeeze", [g.op("Unsqueeze", [x], { axes: [1n] })], { axes: [1n] });
        return g.op("ReduceMean", [g.op("ReduceSum", [y], { axes: [1n], keepdims: 1n })], { axes: [2n], keepdims: 1n });
      },
      left: ["Unsqueeze", "Squeeze", "ReduceSum", "ReduceMean"],
    },
    {
      name: "bounds and slices become inputs, Dropout goes, Split says how many",
      opset: 9,
      build: (g, x) => {
        const y = g.op("Slice", [g.op("Clip", [x], { min: -1, max: 0.5 })], { starts: [0n], ends: [4n], axes: [2n] });
        const [a, b] = g.ops("Split", [g.op("Dropout", [y], { ratio: 0.5 })], { axis: 2n, split: [1n, 3n] }, 2);
        const [c, d] = g.ops("Split", [y], { axis: 2n }, 2);
        return g.op("Concat", [a, b, c, d], { axis: 2n });
      },
      left: ["Clip", "Slice", "Identity", "Split", "Split", "Concat"],
    },
    {
      name: "Softmax over the last axis",
      opset: 11,
      build: (g, x) => g.op("Softmax", [x], { axis: 2n }),
      left: ["Softmax"],
    },
  ];

for (const { name, opset, build, left } of raised) {
  Deno.test(`opset: ${name}`, async () => {
    const g = new GraphBuilder("raised", { opset }), x = g.input("x", "float32", [2, 3, 8]);
    g.output("y", build(g, x));
    const { model, verification } = await optimize(g.build(), { passes: [], opset: 23 });
    assertEquals([operators(model), model.opsetImport[0].version], [left, 23n]);
    assert(verification!.isRight);
  });
}

Deno.test("opset: what changed its meaning keeps a model where it is, and the reason names the node", async () => {
  const g = new GraphBuilder("softmax", { opset: 11 });
  g.output("y", g.op("Softmax", [g.input("x", "float32", [2, 3, 8])], { axis: 1n }, { name: "coerced" }));
  const error = await optimize(g.build(), { opset: 17 }).catch((error) => error);
  assert(error instanceof RangeError);
  assert(error.message.includes('Softmax over several axes changed in opset 13 (it gives "y")'), error.message);
});
