/** The residual network of the digits: it learns, and folded and as a graph it is the same. */
import { assert, assertLessOrEqual } from "@std/assert";
import { AdamW, foldBatchNorms, type Layer, type Tensors } from "../../layers/mod.ts";
import { digitResNet } from "../../examples/digits/residual_network.ts";
import { splitDigits } from "../../examples/digits/digits.ts";
import { rowsOf, train } from "../../examples/digits/training.ts";
import { applyLayer, modelOf } from "../../models/mod.ts";
import { run } from "../../onnx/mod.ts";
import { maxError, type Outputs } from "../../tools/judge/compare.ts";

Deno.test("residual digits: ten steps lower the loss; folded and as a graph the network gives the same", async () => {
  const { training, test } = splitDigits(), model = digitResNet();
  const optimizer = new AdamW(model.parameters, { rate: 0.01 });
  const { state, losses } = train(model, training, { batch: 16, steps: 10, optimizer });
  assert(losses[9] < 0.9 * losses[0], `${losses}`);

  const x = rowsOf(test.x, [0, 1, 2, 3]), want = model.evaluate(x, state), folded = foldBatchNorms(model, state);
  assertLessOrEqual(maxError(folded.model.evaluate(x, folded.state), want), 1e-5);
  const graph = (layer: Layer, state: Tensors) => modelOf((x) => applyLayer(x, layer, { state }), { x: ["N", 784] });
  for (const one of [graph(model, state), graph(folded.model, folded.state)]) {
    const { y } = await run(one, { x }, { provider: "wasm" }) as Outputs;
    assertLessOrEqual(maxError(y, want), 1e-5);
  }
});
