/** Precomputed tables: frozen batch norm, frame by frame, and folded into the layer before it. */
import { assertEquals, assertLessOrEqual, assertThrows } from "@std/assert";
import {
  BatchNorm,
  batchNormTable,
  Conv2d,
  foldTable,
  FrozenBatchNorm,
  type Layer,
  Linear,
  random,
  Sequential,
} from "../../../layers/mod.ts";
import { maxError } from "../../../tools/judge/compare.ts";
import { noise } from "../../../tools/judge/noise.ts";
import { assertClose } from "../../close.ts";

/** A batch norm away from its start, and its state. */
function trained(dims: readonly number[], axis = 1) {
  const layer = new BatchNorm(dims.at(axis)!, { axis });
  layer.parameters.scale.data.set(noise(layer.parameters.scale.dims, { mean: 1, seed: 3 }).data);
  layer.parameters.bias.data.set(noise(layer.parameters.bias.dims, { seed: 4 }).data);
  return { layer, state: layer.train(noise(dims, { mean: 2, deviation: 3 }), layer.state).state };
}

for (const [dims, axis] of [[[4, 3], 1], [[2, 3, 5], 1], [[2, 5, 3], -1], [[2, 3, 4, 5], 1]] as const) {
  Deno.test(`a frozen batch norm over [${dims}], channels on axis ${axis}, is the layer in evaluation`, () => {
    const { layer, state } = trained(dims, axis), frozen = layer.freeze(state);
    const x = noise(dims, { seed: 7 }), want = layer.evaluate(x, state);
    assertLessOrEqual(maxError(frozen.evaluate(x), want), 1e-6);
    const copy = { ...x, data: x.data.slice() };
    assertEquals(frozen.process(copy, copy), frozen.evaluate(x));
    const dy = noise(dims, { seed: 8 }), { dx } = frozen.train(x).backward(dy);
    const c = axis === 1 ? Math.floor(1 / (dims.length > 2 ? dims.slice(2).reduce((a, b) => a * b, 1) : 1)) % 3 : 1;
    assertClose(dx, { ...dx, data: dx.data.map((v, i) => i === 1 ? dy.data[1] * frozen.slope.data[c] : v) }, 1e-6);
  });
}

const uniform = random(5);
const foldable: [string, Layer & (Linear | Conv2d), readonly number[]][] = [
  ["Linear", new Linear(4, 3, { random: uniform }), [5, 4]],
  ["Linear without bias", new Linear(4, 3, { bias: false, random: uniform }), [5, 4]],
  ["Conv2d", new Conv2d(2, 3, 3, { padding: 1, random: uniform }), [2, 2, 6, 5]],
  ["Conv2d in groups", new Conv2d(2, 4, [3, 1], { groups: 2, stride: 2, bias: false, random: uniform }), [2, 2, 6, 5]],
];

for (const [name, before, dims] of foldable) {
  Deno.test(`batch norm folds into ${name}, which then does the work of both`, () => {
    const x = noise(dims, { seed: 9 }), { layer, state } = trained(before.evaluate(x).dims);
    const both = new Sequential({ before, norm: layer });
    const prefixed = Object.fromEntries(Object.entries(state).map(([name, t]) => [`norm.${name}`, t]));
    const want = both.evaluate(x, prefixed), folded = layer.freeze(state).foldInto(before);
    assertLessOrEqual(maxError(folded.evaluate(x), want), 2e-6);
  });
}

Deno.test("batch norm without affine folds too", () => {
  const linear = new Linear(2, 2, { random: uniform }), norm = new BatchNorm(2, { scale: false, bias: false });
  const { state } = norm.train(noise([6, 2], { mean: 3 }), norm.state), x = noise([4, 2]);
  const want = norm.evaluate(linear.evaluate(x), state);
  assertLessOrEqual(maxError(norm.freeze(state).foldInto(linear).evaluate(x), want), 1e-6);
});

Deno.test("a frame is processed without allocation", () => {
  const { layer, state } = trained([4, 64]), frozen = layer.freeze(state), frame = noise([1, 64]);
  const y = { ...frame, data: new Float32Array(64) };
  for (let i = 0; i < 1e5; i++) frozen.process(frame, y); // compiled by now
  const before = Deno.memoryUsage().heapUsed;
  for (let i = 0; i < 1e4; i++) frozen.process(frame, y);
  // An object a frame would be 160 kB and more; what the measurement itself allocates is far less.
  assertLessOrEqual(Deno.memoryUsage().heapUsed - before, 32e3);
});

Deno.test("tables and layers that do not fit are refused", () => {
  const mean = noise([5]), variance = noise([4]);
  assertThrows(() => batchNormTable({ mean, variance }), RangeError, "each has one a channel");
  const table = batchNormTable({ mean, variance: mean });
  assertThrows(() => foldTable({ weight: noise([4, 2]) }, table), RangeError, "of 5 channels");
  const frozen = new FrozenBatchNorm(table), x = noise([2, 5]);
  assertThrows(() => frozen.foldInto(new Linear(2, 4)), RangeError, "4 outputs");
  assertThrows(() => frozen.evaluate(noise([2, 4])), RangeError, "the layer has 5");
  assertThrows(() => frozen.process(x, noise([5, 2])), RangeError, "y has dims [5, 2]");
  const given = { mean, variance: mean }, weight = noise([5, 2]);
  const wrong: [() => unknown, string][] = [
    [() => batchNormTable(null as never), "batchNormTable: options is null"],
    [() => batchNormTable({ ...given, eps: 1 } as never), "batchNormTable: eps is no option: did you mean epsilon?"],
    [() => batchNormTable({ ...given, scale: null as never }), "batchNormTable: scale is null"],
    [() => batchNormTable({ ...given, bias: [0, 0, 0, 0, 0] as never }), "batchNormTable: bias is an Array"],
    [() => foldTable(null as never, table), "foldTable: weights is null"],
    [() => foldTable({ weight, biass: mean } as never, table), "foldTable: biass is no option: did you mean bias?"],
    [() => foldTable({ weight, bias: null as never }, table), "foldTable: bias is null"],
    [() => foldTable({ weight: [1, 2] as never }, table), "foldTable: weight is an Array"],
    [() => foldTable({ weight }, null as never), "foldTable: the table is null"],
    [() => foldTable({ weight }, {} as never), "foldTable: slope is undefined"],
    [() => new FrozenBatchNorm(null as never), "FrozenBatchNorm: the table is null"],
    [() => new FrozenBatchNorm({} as never), "FrozenBatchNorm: slope is undefined"],
  ];
  for (const [call, says] of wrong) assertThrows(call, TypeError, says);
});
