/** Running statistics: each momentum convention, masks, batches of no and of one value, and what is refused. */
import { assertEquals, assertLessOrEqual, assertStringIncludes, assertThrows } from "@std/assert";
import { type Tensor, tensor } from "../../../kernels/tensor.ts";
import {
  BatchNorm,
  BatchRenorm,
  GhostBatchNorm,
  InstanceNorm,
  type Layer,
  Linear,
  recalibrate,
  ReLU,
  Sequential,
  SpectralNorm,
  type Tensors,
} from "../../../layers/mod.ts";
import { maxError } from "../../../tools/judge/compare.ts";
import { noise } from "../../../tools/judge/noise.ts";
import { assertClose } from "../../close.ts";
import { statisticsBy } from "../formulas.ts";

const channel = (index: readonly number[]) => index[1];
const vector = (...values: number[]) => tensor(Float64Array.from(values));

/** An epoch of batches of odd sizes. */
const batches = [5, 1, 8, 3].map((samples, i) =>
  noise([samples, 3, 2], { type: "float64", seed: i + 1, mean: i, deviation: 1 + i })
);

/** The running statistics after the epoch, entry by entry, from the definition. */
function expected(combine: (old: number, value: number, batch: number) => number, unbiased: boolean): Tensors {
  const state = { mean: vector(0, 0, 0), variance: vector(1, 1, 1) };
  batches.forEach((batch, i) => {
    for (const [c, { mean, variance, count }] of statisticsBy(batch, channel) as Map<number, never>) {
      state.mean.data[c] = combine(state.mean.data[c], mean, i);
      state.variance.data[c] = combine(state.variance.data[c], unbiased ? variance * count / (count - 1) : variance, i);
    }
  });
  return state;
}

function after(layer: Layer, of: readonly Tensor[], state = layer.state): Tensors {
  return of.reduce((state, batch) => layer.train(batch, state).state, state);
}

for (const unbiased of [false, true]) {
  const kind = unbiased ? "unbiased" : "population";
  for (const momentum of [0.9, 0.5, 0, 1]) {
    Deno.test(`running statistics weigh the old by momentum ${momentum}, ${kind} variance`, () => {
      const want = expected((old, value) => momentum * old + (1 - momentum) * value, unbiased);
      const state = after(new BatchNorm(3, { momentum, unbiased }), batches);
      assertClose(state.mean, want.mean, 1e-12);
      assertClose(state.variance, want.variance, 1e-12);
    });
  }
  Deno.test(`cumulative running statistics weigh all batches the same, ${kind} variance`, () => {
    const want = expected((old, value, i) => (old * i + value) / (i + 1), unbiased);
    const layer = new BatchNorm(3, { momentum: "cumulative", unbiased });
    const state = after(layer, batches);
    assertClose(state.mean, want.mean, 1e-12);
    assertClose(state.variance, want.variance, 1e-12);
    assertEquals(state.batches.data[0], 4);
    const recalibrated = recalibrate(layer, after(layer, batches), batches);
    assertClose(recalibrated.mean, want.mean, 1e-12, "recalibrate");
    assertClose(recalibrated.variance, want.variance, 1e-12, "recalibrate");
  });
}

Deno.test("training neither changes the state it is given nor the layer's own, and the same pass gives the same", () => {
  const layer = new BatchNorm(3), state = after(layer, batches.slice(0, 2)), before = structuredClone(state);
  const first = layer.train(batches[2], state), second = layer.train(batches[2], state);
  assertEquals(first.state, second.state);
  assertEquals(state, before);
  assertEquals(layer.state.mean.data, new Float64Array(3));
});

Deno.test("a batch of no values changes nothing, and one of a single value normalizes to the bias", () => {
  const layer = new BatchNorm(2, { unbiased: true }), state = after(layer, [noise([4, 2])]);
  const empty = layer.train(tensor(new Float32Array(0), [0, 2]), state);
  assertEquals(empty.state, state);
  assertEquals(empty.y.dims, [0, 2]);
  const one = layer.train(tensor(new Float32Array([5, 7]), [1, 2]), state);
  assertEquals([...one.y.data], [0, 0]);
  assertClose(one.state.mean, vector(0.9 * state.mean.data[0] + 0.5, 0.9 * state.mean.data[1] + 0.7), 1e-12);
  assertClose(one.state.variance, vector(...[...state.variance.data].map((v) => 0.9 * v)), 1e-12);
});

Deno.test("padding is not counted, whatever it holds", () => {
  const x = noise([2, 3, 4], { type: "float64" }), mask = tensor(Float32Array.of(1, 1, 1, 0, 1, 0, 0, 0), [2, 4]);
  const layer = new BatchNorm(3, { momentum: 0 }), want = layer.train(x, layer.state, { mask });
  x.data.forEach((_, i) => mask.data[Math.floor(i / 12) * 4 + i % 4] === 0 && (x.data[i] = NaN));
  const { y, state } = layer.train(x, layer.state, { mask });
  assertEquals(state, want.state);
  assertEquals(y, want.y);
  const counted = [0, 1, 2].map((c) => [0, 1, 2, 12].map((i) => x.data[i + 4 * c]));
  assertClose(state.mean, vector(...counted.map((values) => values.reduce((a, b) => a + b) / 4)), 1e-12);
  assertEquals([...layer.evaluate(x, state, { mask }).data].map(Number.isFinite).includes(false), false);
  const none = layer.train(x, state, { mask: tensor(new Float32Array(8), [2, 4]) });
  assertEquals([none.state, Math.max(...none.y.data.map(Math.abs))], [state, 0]);
});

Deno.test("ghost batches carry running statistics on one after the other", () => {
  const x = noise([5, 3], { type: "float64", mean: 2 }), ghosts = [[0, 2], [2, 4], [4, 5]];
  const ghost = new GhostBatchNorm(3, { size: 2 }), plain = new BatchNorm(3);
  const parts = ghosts.map(([from, to]) => tensor(x.data.slice(from * 3, to * 3), [to - from, 3]));
  assertEquals(after(ghost, [x]), after(plain, parts));
});

Deno.test("instance norm's running statistics are the batch's averages of its instances", () => {
  const x = noise([4, 2, 5], { type: "float64", mean: 3 }), instances = statisticsBy(x, ([n, c]) => `${n} ${c}`);
  const layer = new InstanceNorm(2, { trackStatistics: true, unbiased: true, momentum: 0 });
  const { state } = layer.train(x, layer.state);
  const average = (of: (s: { mean: number; variance: number }) => number) =>
    vector(...[0, 1].map((c) => [0, 1, 2, 3].reduce((sum, n) => sum + of(instances.get(`${n} ${c}`)!) / 4, 0)));
  assertClose(state.mean, average(({ mean }) => mean), 1e-12);
  assertClose(state.variance, average(({ variance }) => variance * 5 / 4), 1e-12);
});

Deno.test("evaluation is right where means are a million deviations", () => {
  const x = noise([256, 3], { mean: 1e6 }), layer = new BatchNorm(3, { momentum: 0 });
  const { y, state } = layer.train(x, layer.state);
  assertLessOrEqual(maxError(layer.evaluate(x, state), y), 1e-6);
  assertLessOrEqual(maxError(layer.freeze(state).evaluate(x), y), 1e-6);
});

Deno.test("recalibrating a model whose statistics went wrong makes evaluation agree with training", () => {
  const x = noise([64, 4], { mean: 5 });
  const model = new Sequential([new BatchNorm(4), new Linear(4, 3), new BatchNorm(3), new ReLU()]);
  const state = recalibrate(model, model.state, [x]);
  assertLessOrEqual(maxError(model.evaluate(x, state), model.train(x, state).y), 1e-6);
  assertEquals(recalibrate(model, state, []), state);
});

Deno.test("a state that is missing or of another layer is refused, never replaced", () => {
  const x = noise([2, 3]);
  for (const layer of [new BatchNorm(3), new GhostBatchNorm(3, { size: 1 }), new BatchRenorm(3)]) {
    const missing = assertThrows(() => layer.train(x), TypeError, "mean and variance of the state are missing");
    assertStringIncludes(missing.message, layer.constructor.name);
    assertThrows(() => layer.evaluate(x), TypeError, "of the state are missing");
    assertThrows(() => layer.train(x, {}), TypeError, "of the state are missing");
    assertThrows(
      () => layer.freeze(new BatchNorm(4).state),
      RangeError,
      "the state's mean has dims [4]; they must be [3]",
    );
  }
  assertThrows(() => new Sequential([new BatchNorm(3)]).train(x), TypeError, "of the state are missing");
  assertThrows(() => new InstanceNorm(3, { trackStatistics: true }).evaluate(noise([2, 3, 4])), TypeError, "missing");
});

Deno.test("options that do not fit are refused", () => {
  assertThrows(() => new BatchNorm(0), RangeError, "features is 0");
  assertThrows(() => new BatchNorm(3, { momentum: 1.5 }), RangeError, "from 0 to 1");
  assertThrows(() => new BatchNorm(3, { momentum: null as never }), TypeError, "momentum is null");
  assertThrows(() => new BatchNorm(3, { epsilon: -1 }), RangeError, "epsilon is -1");
  assertThrows(() => new BatchNorm(3, { scale: noise([4]) }), RangeError, "scale has dims [4]");
  assertThrows(() => new BatchNorm(3, { mean: noise([4]) }), RangeError, "mean has dims [4]");
  assertThrows(() => new BatchNorm(3, { trackStatistics: false }).freeze({}), TypeError, "no running statistics");
  assertThrows(() => new BatchRenorm(3, { trackStatistics: false }), RangeError, "Use BatchNorm");
  assertThrows(() => new BatchRenorm(3, { maxScale: 0.5 }), RangeError, "maxScale is 0.5");
  assertThrows(() => new GhostBatchNorm(3, { size: 0 }), RangeError, "size is 0");
  const layer = new BatchNorm(3), mask = noise([2, 5]);
  assertThrows(() => layer.train(noise([2, 3, 4]), layer.state, { mask }), RangeError, "mask has dims [2, 5]");
  assertThrows(() => layer.train(noise([2, 4]), layer.state), RangeError, "4 features on axis 1; the layer has 3");
});

Deno.test("the running variance of instances that vary far less than epsilon is that of the values", () => {
  const layer = new InstanceNorm(1, { type: "float64", trackStatistics: true, momentum: 0 });
  const x = tensor(Float64Array.of(1e-11, 2e-11, 3e-11, 4e-11, 2e-11, 4e-11, 6e-11, 8e-11), [2, 1, 4]);
  const { mean, variance } = layer.train(x, layer.state).state;
  assertClose(mean, vector(3.75e-11), 1e-24);
  assertClose(variance, vector((1.25e-22 + 5e-22) / 2), 1e-34);
});

Deno.test("BatchNorm with fixed statistics: training is evaluation, the state stays, and statistics must be there", () => {
  const layer = new BatchNorm(3, { fixedStatistics: true }), x = noise([5, 3], { mean: 4 });
  const state = layer.state, pass = layer.train(x, state);
  assertEquals(pass.y, layer.evaluate(x, state));
  assertEquals(pass.state, state);
  assertThrows(
    () => new BatchNorm(3, { fixedStatistics: true, trackStatistics: false }),
    TypeError,
    "fixedStatistics needs running statistics",
  );
});

Deno.test("InstanceNorm of [samples, channels] is refused: nothing would be left of x; by running statistics it is not", () => {
  const x = noise([4, 3]), layer = new InstanceNorm(3), tracking = new InstanceNorm(3, { trackStatistics: true });
  assertThrows(() => layer.train(x), RangeError, "each channel of a sample is one number");
  assertThrows(() => layer.evaluate(x), RangeError, "take LayerNorm");
  assertThrows(() => tracking.train(x, tracking.state), RangeError, "each channel of a sample is one number");
  assertEquals(tracking.evaluate(x, tracking.state).dims, [4, 3]);
});

Deno.test("SpectralNorm: vectors of a file that are not of length 1 give what those of length 1 give", () => {
  const layer = new SpectralNorm(new Linear(4, 3)), x = noise([2, 4]), want = layer.evaluate(x, layer.state);
  const longer = Object.fromEntries(
    Object.entries(layer.state).map(([name, t]) => [name, { ...t, data: t.data.map((v) => 5 * v) } as Tensor]),
  );
  assertClose(layer.evaluate(x, longer), want, 1e-6, "y");
});

Deno.test("BatchRenorm without scale and bias corrects as with a scale of 1 and a bias of 0", () => {
  const x = noise([6, 3], { seed: 5, mean: 2 }), state = (layer: BatchRenorm) => layer.train(x, layer.state).state;
  const plain = new BatchRenorm(3, { scale: false, bias: false }),
    unit = new BatchRenorm(3),
    next = noise([6, 3], { seed: 6 });
  assertEquals(plain.train(next, state(plain)).y, unit.train(next, state(unit)).y);
});
