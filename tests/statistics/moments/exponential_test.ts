import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { tensor } from "../../../kernels/tensor.ts";
import { ExponentialMoments } from "../../../statistics/mod.ts";
import { assertRelative, noise, rowsOf } from "../../exact.ts";

/** The weighted mean and variance by their definition. */
function weighted(values: readonly number[], weights: readonly number[]): [mean: number, variance: number] {
  const total = weights.reduce((a, b) => a + b, 0),
    average = (of: (value: number) => number) =>
      values.reduce((sum, value, i) => sum + weights[i] * of(value), 0) / total;
  const mean = average((value) => value);
  return [mean, average((value) => (value - mean) ** 2)];
}

function column(values: readonly number[]) {
  return tensor(Float64Array.from(values), [values.length, 1]);
}

function read(moments: ExponentialMoments): [mean: number, variance: number] {
  return [moments.mean().data[0], moments.variance().data[0]];
}

const values = Array.from(noise(50));

for (const decay of [0, 0.5, 0.9, 0.999]) {
  Deno.test(`exponential moments: decay ${decay}, corrected, are the weighted mean and variance`, () => {
    const weights = values.map((_, i) => decay ** (values.length - 1 - i));
    assertRelative(read(new ExponentialMoments({ decay }).push(column(values))), weighted(values, weights));
  });

  Deno.test(`exponential moments: decay ${decay}, not corrected, follow the recursions of Finch (2009)`, () => {
    const moments = new ExponentialMoments({ decay, biasCorrection: false });
    let mean = values[0], variance = 0;
    for (const [i, value] of values.entries()) {
      const difference = value - mean, step = (1 - decay) * difference;
      mean += step;
      variance = decay * (variance + difference * step);
      const [actualMean, actualVariance] = read(moments.push(column([value])));
      assert(Math.abs(actualMean - mean) <= 1e-12, `mean of ${i + 1}`);
      assert(Math.abs(actualVariance - variance) <= 1e-12, `variance of ${i + 1}`);
    }
  });
}

Deno.test("exponential moments: parts in order give what one pass gives, at any offset", () => {
  const part = fc.array(fc.oneof(fc.double({ min: -1, max: 1, noNaN: true }), fc.constant(NaN)), {
    minLength: 1,
    maxLength: 20,
  });
  const decay = fc.constantFrom(0, 0.5, 0.99), offset = fc.constantFrom(0, 1e8);
  fc.assert(
    fc.property(
      fc.array(part, { minLength: 1 }),
      decay,
      offset,
      fc.boolean(),
      (parts, decay, offset, biasCorrection) => {
        const make = (values: number[]) =>
          new ExponentialMoments({ decay, biasCorrection }).push(column(values.map((value) => value + offset)));
        const whole = make(parts.flat()), [first, ...others] = parts.map(make);
        const merged = others.reduce((all, other) => all.merge(other), first);
        assertEquals(merged.count(), whole.count());
        const [mean, variance] = read(merged), [expectedMean, expectedVariance] = read(whole);
        if (Number.isNaN(expectedMean)) return assertEquals(mean, NaN);
        assertRelative([mean], [expectedMean], "mean", 1e-12 * (1 + 1 / Math.abs(expectedMean)));
        assert(Math.abs(variance - expectedVariance) <= 1e-12, `variance ${variance}, expected ${expectedVariance}`);
      },
    ),
    { seed: 1, numRuns: 300 },
  );
});

Deno.test("exponential moments: a missing value is as if it had not been", () => {
  const moments = new ExponentialMoments({ decay: 0.5 });
  moments.push(rowsOf([[1, 1], [NaN, 2], [4, NaN]]));
  assertRelative(moments.mean().data, [3, 5 / 3]);
  assertEquals([...moments.count().data], [2, 2]);
  assertRelative(moments.standardDeviation().data, [Math.sqrt(2), Math.sqrt(2) / 3]);
});

Deno.test("exponential moments: a decay out of range is refused", () => {
  assertThrows(() => new ExponentialMoments({ decay: 1 }), RangeError, "decay is 1; it must be below 1");
  assertThrows(() => new ExponentialMoments({ decay: -0.1 }), RangeError, "decay is -0.1");
  assertThrows(() => new ExponentialMoments({ decay: NaN }), RangeError, "decay is NaN");
});
