/** Models without their batch norms give what they gave with them. */
import { assertEquals, assertThrows } from "@std/assert";
import {
  BatchNorm,
  Conv2d,
  Flatten,
  foldBatchNorms,
  GroupNorm,
  type Layer,
  Linear,
  PostNormResidual,
  PreNormResidual,
  random,
  ReLU,
  Sequential,
} from "../../../layers/mod.ts";
import { noise } from "../../../tools/judge/noise.ts";
import { assertClose } from "../../close.ts";

const type = "float64", init = { type, random: random(3) } as const;
const norm = (features: number, axis = 1) => new BatchNorm(features, { type, axis });

function network(): Sequential {
  const branch = [norm(4), new ReLU(), new Conv2d(4, 4, 3, { padding: 1, bias: false, ...init }), norm(4)];
  return new Sequential({
    stem: new Conv2d(2, 4, 3, init),
    norm: norm(4),
    pre: new PreNormResidual(norm(4), new Sequential(branch)),
    post: new PostNormResidual(norm(4), new Conv2d(4, 4, 1, init), { alpha: 2 }),
    group: new GroupNorm(2, 4, { type }),
    flatten: new Flatten(),
    hidden: new Linear(16, 5, init),
    last: norm(5, -1),
  });
}

/** The state after two batches, so that statistics are not 0 and 1. */
function trained(model: Layer, dims: readonly number[]) {
  let state = model.state;
  for (const seed of [1, 2]) state = model.train(noise(dims, { type, seed, mean: 3 }), state).state;
  return state;
}

Deno.test("a whole model is folded: convolutions take their norms, the others become tables", () => {
  const model = network(), dims = [3, 2, 4, 4], state = trained(model, dims), x = noise(dims, { type, seed: 5 });
  const before = model.evaluate(x, state), folded = foldBatchNorms(model, state);
  assertEquals(folded.state, {});
  assertClose(folded.model.evaluate(x, folded.state), before, 1e-12, "folded");
  assertEquals(model.evaluate(x, state), before);
  const { layers } = folded.model as Sequential;
  assertEquals(Object.keys(layers), ["stem", "pre", "post", "group", "flatten", "hidden"]);
  const { branch } = layers.pre as PreNormResidual;
  assertEquals(Object.keys((branch as Sequential).layers), ["0", "1", "2"]);
});

Deno.test("what tracks nothing, or stands behind something else, stays", () => {
  const model = new Sequential([
    new Conv2d(2, 4, 3, init),
    new BatchNorm(4, { type, trackStatistics: false }),
    norm(4),
  ]);
  const dims = [3, 2, 4, 4], state = trained(model, dims), x = noise(dims, { type, seed: 5 });
  const folded = foldBatchNorms(model, state);
  assertClose(folded.model.evaluate(x, folded.state), model.evaluate(x, state), 1e-12, "folded");
  assertEquals(Object.keys((folded.model as Sequential).layers), ["0", "1", "2"]);
});

Deno.test("a state that lacks something is refused", () => {
  assertThrows(() => foldBatchNorms(network(), {}), TypeError, "the state lacks norm.mean");
  assertThrows(() => foldBatchNorms(3 as never, {}), TypeError, "must be a layer");
});

Deno.test("layers that were given by name keep their classes", () => {
  const model = new Sequential({ bn: norm(2), linear: new Linear(2, 3, init) });
  assertEquals(model.layers.bn.features + model.layers.linear.outputs, 5);
});
