import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { tensor } from "../../../kernels/tensor.ts";
import { HistogramSketch, type HistogramSketchInit } from "../../../statistics/mod.ts";
import { rowsOf } from "../../exact.ts";

function sketchOf(values: readonly number[], init?: HistogramSketchInit): HistogramSketch {
  return new HistogramSketch(init).push(tensor(Float64Array.from(values), [values.length, 1]));
}

const magnitude = fc.double({ min: -300, max: 300, noNaN: true });
const value = fc.oneof(
  fc.tuple(magnitude, fc.constantFrom(-1, 1)).map(([power, sign]) => sign * 10 ** power),
  fc.double({ min: -10, max: 10, noNaN: true }),
  fc.constantFrom(0, -0, 1, 5e-324, -5e-324, Number.MAX_VALUE, -Number.MAX_VALUE),
);
const values = fc.array(value, { minLength: 1, maxLength: 200, size: "max" });
const init = fc.record({ accuracy: fc.constantFrom(0.0001, 0.01, 0.3), buckets: fc.constantFrom(16, 50, 2048) });

Deno.test("histogram: every order statistic is within the accuracy that is promised", () => {
  fc.assert(
    fc.property(values, init, (values, init) => {
      const sketch = sketchOf(values, init), sorted = values.toSorted((a, b) => a - b), n = values.length;
      const accuracy = sketch.accuracyOf(0) * (1 + 1e-9) + 1e-9 * init.accuracy;
      if (init.buckets === 2048 && init.accuracy >= 0.01) assert(accuracy <= init.accuracy * 1.001);
      sorted.forEach((value, i) => {
        const estimate = sketch.quantile(n === 1 ? 0.5 : i / (n - 1)).data[0];
        // The rank i may be missed by a rounding, by which the quantile is interpolated: allow for that part of the step.
        const step = Math.max(
          sorted[Math.min(i + 1, n - 1)] / 2 - value / 2,
          value / 2 - sorted[Math.max(i - 1, 0)] / 2,
        );
        const allowed = accuracy * Math.abs(value) + 1e-12 * step + 5e-324;
        assert(Math.abs(estimate - value) <= allowed, `rank ${i}: ${estimate}, expected ${value}`);
      });
    }),
    { seed: 1, numRuns: 300 },
  );
});

Deno.test("histogram: any split in any order ends in the same state, to the last count", () => {
  fc.assert(
    fc.property(fc.array(values, { minLength: 1, maxLength: 6 }), init, fc.boolean(), (parts, init, backwards) => {
      const [first, ...others] = (backwards ? parts.toReversed() : parts).map((part) => sketchOf(part, init));
      const merged = others.reduce((all, other) => all.merge(other), first);
      assertEquals(merged.toJSON(), sketchOf(parts.flat(), init).toJSON());
    }),
    { seed: 1, numRuns: 200 },
  );
});

Deno.test("histogram: never more buckets than allowed, which hold every value between their ends", () => {
  fc.assert(
    fc.property(values, init, (values, init) => {
      const buckets = sketchOf(values, init).buckets(0);
      assert(buckets.length <= init.buckets);
      assertEquals(buckets.reduce((sum, { count }) => sum + count, 0), values.length);
      const slack = (end: number) => Math.abs(end) * 1e-9 + 1e-320;
      let from = 0;
      const sorted = values.toSorted((a, b) => a - b);
      for (const { low, high, count } of buckets) {
        for (const value of sorted.slice(from, from += count)) {
          assert(low - slack(low) <= value && value <= high + slack(high), `${value} in [${low}, ${high}]`);
        }
      }
    }),
    { seed: 1, numRuns: 200 },
  );
});

Deno.test("histogram: quantiles between two values are interpolated", () => {
  const sketch = sketchOf([-8, -4, 0, 100], { accuracy: 0.001 });
  for (const [q, expected] of [[0, -8], [1 / 6, -6], [0.5, -2], [5 / 6, 50], [1, 100]]) {
    const actual = sketch.quantile(q).data[0];
    assert(Math.abs(actual - expected) <= 0.001 * Math.abs(expected) + 0.004, `${q}: ${actual}, expected ${expected}`);
  }
});

Deno.test("histogram: missing values are not counted", () => {
  const sketch = new HistogramSketch().push(rowsOf([[1, NaN], [NaN, NaN]]));
  assertEquals([...sketch.count().data], [1, 0]);
  assertEquals(sketch.quantile(0.5).data[1], NaN);
  assertEquals(sketch.buckets(1), []);
});

Deno.test("histogram: arguments out of range are refused", () => {
  const sketch = sketchOf([1]);
  assertThrows(() => sketch.quantile(1.5), RangeError, "q is 1.5; it must be at most 1");
  assertThrows(() => sketch.quantile(NaN), RangeError, "q is NaN");
  assertThrows(() => sketch.buckets(1), RangeError, "feature is number 1; it must be a whole number from 0 to below 1");
  assertThrows(() => new HistogramSketch({ accuracy: 0 }), RangeError, "accuracy is 0");
  assertThrows(() => new HistogramSketch({ accuracy: 0.6 }), RangeError, "at most 0.5");
  assertThrows(() => new HistogramSketch({ buckets: 15 }), RangeError, "at least 16");
});

Deno.test("histogram: buckets that make no sense are refused", () => {
  const json = sketchOf([1, 2]).toJSON();
  const broken: [object, string][] = [
    [{ counts: [1, 0] }, "bucket 1"],
    [{ keys: (json.keys as number[]).toReversed() }, "bucket 1"],
    [{ keys: [0, 2 ** 30] }, "bucket 1"],
    [{ used: [3] }, "used of feature 0"],
    [{ used: [1] }, "features use 1 of them"],
    [{ level: [-1] }, "level of feature 0"],
  ];
  for (const [change, message] of broken) {
    assertThrows(() => HistogramSketch.fromJSON({ ...json, ...change }), RangeError, message);
  }
});
