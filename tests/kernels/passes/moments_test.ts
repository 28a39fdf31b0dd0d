import { assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Moments } from "../../../kernels/mod.ts";

/** Count, mean and m2 of some values, two-pass. */
function momentsOf(values: readonly number[]): [number, number, number] {
  if (values.length === 0) return [0, 0, 0];
  const mean = values[0] + values.reduce((sum, v) => sum + (v - values[0]), 0) / values.length;
  return [values.length, mean, values.reduce((sum, v) => sum + (v - mean) ** 2, 0)];
}

const parts = fc.array(fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { maxLength: 9 }), { maxLength: 9 });

Deno.test("moments: any split in any order gives the moments of all values, at any offset", () => {
  fc.assert(
    fc.property(parts, fc.constantFrom(0, 1, 1e4, 1e8), fc.boolean(), (parts, offset, backwards) => {
      const shifted = parts.map((part) => part.map((v) => v + offset));
      const moments = new Moments(1);
      for (const part of backwards ? shifted.toReversed() : shifted) moments.merge(0, ...momentsOf(part));
      const [count, mean, m2] = momentsOf(shifted.flat());
      assertEquals(moments.count[0], count);
      assertAlmostEquals(moments.mean[0], mean, 1e-12 * (1 + offset));
      assertAlmostEquals(
        moments.m2[0],
        m2,
        1e-12 * (1 + m2) + count * (1e-15 * offset) ** 2 + 1e-15 * offset * Math.sqrt(count * m2),
      );
    }),
    { seed: 1 },
  );
});

Deno.test("moments: empty ones change nothing, and reset empties", () => {
  const moments = new Moments(2);
  moments.merge(1, 3, 5, 2);
  moments.merge(1, 0, 999, 999);
  assertEquals([moments.count[1], moments.mean[1], moments.m2[1]], [3, 5, 2]);
  assertEquals(moments.variance(0), NaN);
  moments.reset(3);
  assertEquals([...moments.count, ...moments.mean, ...moments.m2], new Array(9).fill(0));
});
