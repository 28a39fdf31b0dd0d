import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { tensor } from "../../../kernels/tensor.ts";
import { random } from "../../../layers/network/random.ts";
import { QuantileSketch } from "../../../statistics/mod.ts";
import { noise, rowsOf } from "../../exact.ts";

function sketchOf(values: Float64Array, accuracy: number, chunk = 1000): QuantileSketch {
  const sketch = new QuantileSketch({ accuracy });
  for (let at = 0; at < values.length; at += chunk) {
    const part = values.slice(at, at + chunk);
    sketch.push(tensor(part, [part.length, 1]));
  }
  return sketch;
}

/** By how much the rank of a value that was given for a quantile is off, as a part of all. */
function rankError(sorted: Float64Array, q: number, value: number): number {
  let below = 0, upTo = 0;
  for (const other of sorted) {
    if (other < value) below++;
    if (other <= value) upTo++;
  }
  const n = sorted.length, rank = q * (n - 1);
  return Math.max(0, below - rank - 1, rank - upTo) / n; // 1: quantiles are interpolated
}

const rows = 60_000, next = random(11), normal = noise(rows, 5);
const hostile: Record<string, (i: number) => number> = {
  "ascending": (i) => i,
  "descending": (i) => -i,
  "far from zero": (i) => 1e15 + normal[i],
  "zigzag outwards": (i) => i % 2 === 0 ? i : -i,
  "two values": (i) => i % 2,
  "one value and rare others": (i) => i % 1000 === 0 ? i : 7,
  "runs of equal values": (i) => Math.floor(i / 500) % 17,
  "every magnitude": () => 10 ** (600 * next() - 300),
  "sawtooth as long as a chunk": (i) => i % 1000,
};
const quantiles = [0, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1];

for (const [name, value] of Object.entries(hostile)) {
  Deno.test(`quantile sketch: ranks are within the accuracy: ${name}`, () => {
    const values = Float64Array.from({ length: rows }, (_, i) => value(i)), sorted = values.toSorted();
    for (const accuracy of [0.05, 0.01]) {
      const sketch = sketchOf(values, accuracy), [certain] = sketch.rankError().data;
      for (const q of quantiles) {
        const error = rankError(sorted, q, sketch.quantile(q).data[0]);
        assert(error <= Math.min(accuracy, certain), `${q} at ${accuracy}: ${error}`);
      }
    }
  });
}

Deno.test("quantile sketch: any parts merged in any order are within the accuracy, in bounded memory", () => {
  const parts = fc.array(fc.tuple(fc.integer({ min: 0, max: 4000 }), fc.constantFrom(...Object.values(hostile))), {
    minLength: 1,
    maxLength: 12,
  });
  const accuracy = 0.02;
  fc.assert(
    fc.property(parts, fc.boolean(), (parts, pairwise) => {
      const lists = parts.map(([length, value]) => Float64Array.from({ length }, (_, i) => value(i)));
      const sorted = Float64Array.from(lists.flatMap((list) => [...list])).sort();
      const sketches = lists.map((list) => sketchOf(list, accuracy, 700));
      while (sketches.length > 1) {
        const first = sketches.shift()!;
        if (pairwise) sketches.push(first.merge(sketches.shift()!));
        else sketches[0] = sketches[0].merge(first);
      }
      const [sketch] = sketches;
      if (sorted.length === 0) return;
      assertEquals(sketch.count().data[0], sorted.length);
      assert((sketch.toJSON().values as number[]).length <= 3 * (2.3 / accuracy) ** 1.11 + 200);
      for (const q of quantiles) {
        const error = rankError(sorted, q, sketch.quantile(q).data[0]);
        assert(error <= accuracy, `${q}: ${error}`);
      }
    }),
    { seed: 1, numRuns: 60 },
  );
});

Deno.test("quantile sketch: few values are exact, and interpolated", () => {
  const sketch = sketchOf(Float64Array.of(-8, -4, 0, 100), 0.002);
  for (const [q, expected] of [[0, -8], [1 / 6, -6], [0.5, -2], [5 / 6, 50], [1, 100]]) {
    assert(Math.abs(sketch.quantile(q).data[0] - expected) < 1e-9, `${q}`);
  }
  assertEquals([...sketch.rankError().data], [0]);
});

Deno.test("quantile sketch: missing values are not counted, and arguments out of range are refused", () => {
  const sketch = new QuantileSketch().push(rowsOf([[1, NaN], [NaN, NaN]]));
  assertEquals([...sketch.count().data], [1, 0]);
  assertEquals([...sketch.quantile(0.5).data], [1, NaN]);
  assertThrows(() => sketch.quantile(1.5), RangeError, "q is 1.5; it must be at most 1");
  assertThrows(() => sketch.quantile(NaN), RangeError, "q is NaN");
  assertThrows(() => new QuantileSketch({ accuracy: 0 }), RangeError, "accuracy is 0");
  assertThrows(() => new QuantileSketch({ accuracy: 0.2 }), RangeError, "at most 0.1");
});

Deno.test("quantile sketch: a state that cannot be is refused", () => {
  const json = sketchOf(Float64Array.from({ length: 300 }, (_, i) => i), 0.1).toJSON();
  const sizes = json.sizes as number[], values = json.values as number[];
  const broken: [object, string][] = [
    [{ count: [299] }, "count of feature 0"],
    [{ error: [-1] }, "error of feature 0"],
    [{ levels: [sizes.length + 1] }, "levels of feature 0"],
    [{ levels: [1] }, "feature 0"],
    [{ sizes: sizes.with(0, sizes[0] + 1e6) }, "size 0"],
    [{ values: values.toReversed() }, "values of feature 0"],
    [{ minimum: [5] }, "values of feature 0"],
  ];
  for (const [change, message] of broken) {
    assertThrows(() => QuantileSketch.fromJSON({ ...json, ...change }), RangeError, message);
  }
});
