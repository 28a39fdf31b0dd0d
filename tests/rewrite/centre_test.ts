import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Graph, GraphBuilder, type Model, type OnnxTensor, type Value } from "../../onnx/mod.ts";
import { optimize } from "../../rewrite/mod.ts";
import { evaluateGraph } from "../../tools/rewrite/evaluate.ts";
import { varied } from "../../tools/rewrite/spellings.ts";

type G = GraphBuilder;
const width = 8, rows = 3;
const count = ({ graph }: Model, opType: string) => graph!.node.filter((node) => node.opType === opType).length;
const norm = (g: G, x: Value, attributes = {}) =>
  g.op("LayerNormalization", [x, g.constant(varied([width], 1)), g.constant(varied([width], 2))], attributes);
const turned = (g: G, x: Value, seed: number) =>
  g.op("Gemm", [x, g.constant(varied([width, width], seed)), g.constant(varied([width], seed))], { transB: 1n });
const product = (g: G, x: Value, seed: number) => g.op("MatMul", [x, g.constant(varied([width, width], seed))]);

/** Two blocks on a residual stream that embeddings begin, and a last norm; `change` may do something else with the stream. */
function model(change: (g: G, stream: Value, x: Value) => Value | undefined = () => undefined): Model {
  const g = new GraphBuilder("stream", { opset: 17 }), x = g.input("x", "float32", [rows, width]);
  const table = g.constant(varied([5, width], 9)), index = g.int64([0, 4, 2]);
  let stream = g.op("Add", [g.op("Gather", [table, index]), g.constant(varied([rows, width], 8))]);
  stream = g.op("Add", [stream, product(g, x, 3)]);
  const other = change(g, stream, x);
  for (const seed of [4, 5]) {
    stream = g.op("Add", [stream, turned(g, g.op("Relu", [norm(g, stream)]), seed)]);
    stream = g.op("Add", [
      g.op("Add", [product(g, norm(g, stream), seed + 10), g.constant(varied([width], 6))]),
      stream,
    ]);
  }
  const y = norm(g, stream);
  g.output("y", other ? g.op("Add", [y, other]) : y, "float32", [rows, width]);
  return g.build();
}

const x: OnnxTensor = {
  type: "float32",
  dims: [rows, width],
  data: Float32Array.from({ length: rows * width }, (_, i) => Math.sin(2 * i) + 1),
};

Deno.test("absorb: layer norms of a residual stream become RMS norms, of which each is what it was", async () => {
  const before = model(), { model: after, actions, verification } = await optimize(before, { passes: ["absorb"] });
  assertEquals([count(after, "LayerNormalization"), count(after, "RMSNormalization")], [0, 5]);
  assertEquals(actions.filter(({ what }) => what.includes("RMSNormalization")).length, 5);
  assert(verification!.isRight, JSON.stringify(verification!.values.filter(({ isRight }) => !isRight)));
  const [a, b] = [before, after].map((one) => evaluateGraph(Graph.of(one), { x }).y.data);
  a.forEach((one, i) => assert(Math.abs(one - b[i]) < 1e-5, `${one} and ${b[i]}`));
});

Deno.test("absorb: what else a centred weight is read by, reads it as it was", async () => {
  const g = new GraphBuilder("shared", { opset: 17 }), x = g.input("x", "float32", [rows, width]);
  const weights = g.constant(varied([width, width], 3));
  const y = norm(g, g.op("Add", [g.op("MatMul", [x, weights]), g.op("MatMul", [g.op("Relu", [x]), weights])]));
  g.output("y", g.op("MatMul", [y, weights]), "float32", [rows, width]);
  const { model, verification } = await optimize(g.build(), { passes: ["absorb"] });
  assertEquals(count(model, "RMSNormalization"), 1);
  assert(verification!.isRight);
});

/** Readers that do not ignore the mean, and writers that cannot be centred. */
const refused: Record<string, { change: Parameters<typeof model>[0]; why: string }> = {
  "a product reads the stream": { change: (g, stream) => product(g, stream, 7), why: "read by MatMul" },
  "a sum with something else that is read": {
    change: (g, stream, x) => g.op("Relu", [g.op("Add", [stream, product(g, x, 7)])]),
    why: "read by Relu",
  },
  "the stream is an output": {
    change: (g, stream) => {
      g.output("stream", stream, "float32", [rows, width]);
      return undefined;
    },
    why: "read by whoever runs the model",
  },
  "an input is added": {
    change: (g, stream, x) => norm(g, g.op("Add", [stream, x])),
    why: "is an input",
  },
  "an activation is added": {
    change: (g, stream, x) => norm(g, g.op("Add", [stream, g.op("Relu", [x])])),
    why: "is of Relu, which cannot be centred",
  },
  "a norm whose mean is read": {
    change: (g, stream) => {
      const [y, mean] = g.ops("LayerNormalization", [stream, g.constant(varied([width], 1))], {}, 2);
      return g.op("Add", [y, mean]);
    },
    why: "read by LayerNormalization",
  },
  "a norm over all axes": {
    change: (g, stream) => g.op("LayerNormalization", [stream, g.constant(varied([rows, width], 1))], { axis: 0n }),
    why: "read by LayerNormalization",
  },
  "a graph inside reads it": {
    change: (g, stream, x) => {
      const condition = g.op("Greater", [g.op("ReduceMean", [x], { keepdims: 0n }), g.float32(0)]);
      const [then, otherwise] = ["then", "else"].map((name) => {
        const body = g.subgraph(name);
        body.output(`${name}_y`, body.op("Relu", [stream]), "float32", [rows, width]);
        return body;
      });
      return g.op("If", [condition], { then_branch: then, else_branch: otherwise });
    },
    why: "read by Relu",
  },
};

for (const [name, { change, why }] of Object.entries(refused)) {
  Deno.test(`absorb: layer norms stay where ${name}`, async () => {
    const { model: after, actions } = await optimize(model(change), { passes: ["absorb"], verify: false });
    assertEquals(count(after, "RMSNormalization"), 0);
    assertStringIncludes(actions.filter(({ done }) => !done).map(({ what }) => what).join(), why);
  });
}
