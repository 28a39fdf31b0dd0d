import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { tensor } from "../../../kernels/tensor.ts";
import { RunningMoments } from "../../../statistics/mod.ts";
import { assertMoments, assertRelative, noise, rowsOf, throughText, UNIT } from "../../exact.ts";

/** Moments of the first feature, as numbers. */
function firstOf(moments: RunningMoments): { count: number; mean: number; variance: number } {
  return { count: moments.count().data[0], mean: moments.mean().data[0], variance: moments.variance().data[0] };
}

function column(values: readonly number[], type: "float32" | "float64" = "float64") {
  return type === "float32"
    ? tensor(Float32Array.from(values), [values.length, 1])
    : tensor(Float64Array.from(values), [values.length, 1]);
}

const value = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: -UNIT, max: UNIT }).map((i) => i / UNIT) },
  { weight: 1, arbitrary: fc.constant(NaN) },
);
const parts = fc.array(fc.array(value, { minLength: 1, maxLength: 40, size: "max" }), {
  minLength: 1,
  maxLength: 12,
  size: "max",
});
const offset = fc.constantFrom(0, 1, 1e4, 1e8, -1e8);

/** Merges moments two by two, as the choices say, until one is left. */
function mergeTree(moments: RunningMoments[], choices: readonly number[]): RunningMoments {
  const left = [...moments];
  for (let c = 0; left.length > 1; c++) {
    const [taken] = left.splice(choices[c % choices.length] % left.length, 1);
    left[choices[(c + 1) % choices.length] % left.length].merge(taken);
  }
  return left[0];
}

Deno.test("running moments: any split, merged in any order, is one pass to 1e-12, at any offset", () => {
  const choices = fc.array(fc.nat(), { minLength: 2, maxLength: 9 }), type = fc.constantFrom("float32", "float64");
  fc.assert(
    fc.property(parts, offset, type, choices, fc.boolean(), (parts, offset, type, choices, asBytes) => {
      const stored = parts.map((part) => column(part.map((value) => value + offset), type as "float32"));
      const summaries = stored.map((x) => {
        const moments = new RunningMoments().push(x);
        return asBytes ? RunningMoments.fromBytes(moments.toBytes()) : RunningMoments.fromJSON(throughText(moments));
      });
      const values = stored.flatMap(({ data }) => Array.from(data));
      assertMoments(firstOf(mergeTree(summaries, choices)), values);
    }),
    { seed: 1, numRuns: 500 },
  );
});

for (const offset of [0, 1e8]) {
  for (const order of ["as they come", "sorted"]) {
    Deno.test(`running moments: 40,000 values at ${offset}, ${order}, one by one and in chunks, are one pass`, () => {
      const values = Array.from(noise(40_000, 3), (value) => value + offset);
      if (order === "sorted") values.sort((a, b) => a - b);
      const whole = new RunningMoments().push(column(values));
      assertMoments(firstOf(whole), values);
      const single = new RunningMoments(), chunks = new RunningMoments();
      for (const value of values) single.push(column([value]));
      for (let at = 0, length = 1; at < values.length; at += length, length = length * 7 % 1009) {
        chunks.push(column(values.slice(at, at + length)));
      }
      assertMoments(firstOf(single), values);
      assertMoments(firstOf(chunks), values);
    });
  }
}

Deno.test("running moments: remove undoes merge, and m2 is never negative", () => {
  fc.assert(
    fc.property(
      parts,
      fc.array(value, { minLength: 1, maxLength: 40, size: "max" }),
      offset,
      (parts, removed, offset) => {
        const kept = parts.flat().map((value) => value + offset), others = removed.map((value) => value + offset);
        const moments = new RunningMoments().push(column(kept)), before = firstOf(moments);
        const other = new RunningMoments().push(column(others));
        const after = firstOf(moments.merge(other).remove(other));
        assertEquals(after.count, before.count);
        if (before.count === 0) return assertEquals(after, before);
        assert(after.variance >= 0);
        // What is removed is of the same size, so that few digits are lost.
        const near = 1e-11, deviation = Math.sqrt(before.variance) + 1;
        assert(Math.abs(after.mean - before.mean) <= near * (deviation + Math.abs(before.mean)), `mean ${after.mean}`);
        assert(Math.abs(after.variance - before.variance) <= near * deviation ** 2, `variance ${after.variance}`);
      },
    ),
    { seed: 1, numRuns: 300 },
  );
});

Deno.test("running moments: where rounding would leave a negative variance there is none", () => {
  let negative = 0;
  for (let seed = 1; seed <= 50; seed++) {
    const values = Array.from(noise(9, seed), (value) => value * 1e6),
      moments = new RunningMoments().push(column(values));
    const { variance } = firstOf(moments.remove(new RunningMoments().push(column(values.slice(1)))));
    assert(variance >= 0, `seed ${seed}: ${variance}`);
    if (variance === 0) negative++;
  }
  assert(negative > 0); // of one value, nothing but rounding is left
});

Deno.test("running moments: what is removed was added before, or nothing is removed", () => {
  const moments = new RunningMoments().push(rowsOf([[1, 2], [3, NaN]])), state = moments.toJSON();
  const twice = new RunningMoments().push(rowsOf([[1, 2], [3, 4]]));
  assertThrows(
    () => moments.remove(twice),
    RangeError,
    "of feature 1 there are 2 values to remove, but only 1 were added",
  );
  assertThrows(
    () => moments.remove(new RunningMoments().push(rowsOf([[1]]))),
    RangeError,
    "has 1 features, these have 2",
  );
  assertThrows(() => new RunningMoments().remove(twice), RangeError, "these have 0");
  assertThrows(() => moments.remove(undefined as unknown as RunningMoments), TypeError, "the other is undefined");
  assertEquals(moments.toJSON(), state);
  assertEquals(moments.remove(new RunningMoments()).toJSON(), state);
  const empty = moments.remove(RunningMoments.fromJSON(state));
  const { features: _, ...zeros } = new RunningMoments().push(rowsOf([[NaN, NaN]])).toJSON();
  assertEquals(empty.toJSON(), { features: 2, ...zeros });
  assertEquals(firstOf(empty.push(rowsOf([[7, 7], [9, 9]]))), { count: 2, mean: 8, variance: 1 });
});

Deno.test("running moments: features have counts of their own, and a correction gives the unbiased variance", () => {
  const moments = new RunningMoments().push(rowsOf([[1, 5, NaN], [3, NaN, NaN], [5, NaN, NaN]]));
  assertEquals([...moments.count().data], [3, 1, 0]);
  assertEquals([...moments.mean().data], [3, 5, NaN]);
  assertRelative(moments.variance().data, [8 / 3, 0, NaN]);
  assertEquals([...moments.variance(1).data], [4, NaN, NaN]);
  assertEquals([...moments.standardDeviation(1).data], [2, NaN, NaN]);
});

Deno.test("running moments: JSON is a plain list of numbers that anyone can write", () => {
  const moments = RunningMoments.fromJSON({
    kind: "RunningMoments",
    version: 1,
    features: 1,
    count: [2],
    mean: [3],
    rest: [0],
    m2: [8],
  });
  assertEquals(firstOf(moments), { count: 2, mean: 3, variance: 4 });
  assertEquals(
    JSON.stringify(moments),
    '{"kind":"RunningMoments","version":1,"features":1,"count":[2],"mean":[3],"rest":[0],"m2":[8]}',
  );
});
