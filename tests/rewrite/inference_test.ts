import { assert, assertEquals } from "@std/assert";
import { GraphBuilder, type Model, type OnnxTensor, run } from "../../onnx/mod.ts";
import { optimize, verify } from "../../rewrite/mod.ts";

const operators = ({ graph }: Model) => graph!.node.map(({ opType }) => opType);

/** A batch norm and a dropout as they are while a network is trained. */
function training(outputs: number): Model {
  const g = new GraphBuilder("training", { opset: 17 }), x = g.input("x", "float32", [4, 2]);
  const parameters = [[1, 2], [0, 1], [0.5, -0.5], [4, 9]].map((list) => g.float32(list));
  const [y, mean] = g.ops("BatchNormalization", [x, ...parameters], { training_mode: 1n }, 3);
  const isTraining = g.constant({ type: "bool", dims: [], data: Uint8Array.of(1) });
  g.output("y", g.op("Dropout", [y, g.float32(0), isTraining]), "float32", [4, 2]);
  if (outputs > 1) g.output("mean", mean, "float32", [2]);
  return g.build();
}

const x: OnnxTensor = { type: "float32", dims: [4, 2], data: Float32Array.of(1, 2, 3, 5, -1, 0, 2, 2) };

Deno.test("inference: nodes in training mode are left alone, and folded where that is asked for", async () => {
  const model = training(1);
  const left = await optimize(model, { verify: { inputs: [{ x }] } });
  assert(operators(left.model).includes("BatchNormalization"));
  const { model: after, actions, claim, verification } = await optimize(model, {
    inference: true,
    verify: { inputs: [{ x }] },
  });
  assertEquals(operators(after), ["Mul", "Add"]);
  assert(verification!.isRight);
  // It is held against the model at inference; in training mode it gives something else.
  assertEquals(await verify(claim!.before, after, claim), verification);
  assert(!(await verify(model, after, claim)).isRight);
  assertEquals(actions.filter(({ pass }) => pass === "inference").map(({ done }) => done), [true, true]);
  const { y } = await run(after, { x });
  const right = Array.from(x.data as Float32Array, (one, i) => i % 2 ? 2 * (one + 0.5) / 3 + 1 : (one - 0.5) / 2);
  right.forEach((one, i) => assert(Math.abs(Number(y.data[i]) - one) < 1e-5));
});

Deno.test("inference: a batch norm whose statistics are used stays in training mode, and says so", async () => {
  const { model, actions } = await optimize(training(2), { inference: true, verify: false });
  assert(operators(model).includes("BatchNormalization"));
  assertEquals(actions.find(({ done }) => !done)?.what.includes("is used"), true);
});

Deno.test("optimize: the target says what is done by default", async () => {
  const g = new GraphBuilder("norm", { opset: 17 });
  g.output("y", g.op("LayerNormalization", [g.input("x", "float32", [3, 8]), g.float32(new Array(8).fill(1))]));
  const model = g.build();
  for (const target of ["any", "native", "wasm", "webgpu"] as const) {
    const { model: after } = await optimize(model, { target, verify: false });
    assertEquals(operators(after).includes("LayerNormalization"), target === "any" || target === "native", target);
  }
});
