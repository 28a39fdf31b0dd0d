/** What ranks exchange, without any: the arithmetic of messages, shares, and merging. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Moments } from "../../../kernels/passes/moments.ts";
import { tensor } from "../../../kernels/tensor.ts";
import { alone, type Communicator, type Reduction } from "../../../statistics/ranks/communicator.ts";
import { ExponentialMoments } from "../../../statistics/moments/exponential_moments.ts";
import { mergeAcross, mergeMomentsAcross } from "../../../statistics/ranks/merge_across.ts";
import { reduce } from "../../../statistics/ranks/reduce.ts";
import { shareOf } from "../../../statistics/ranks/share.ts";
import { StandardScaler } from "../../../statistics/scalers/standard_scaler.ts";
import { sumAcross } from "../../../statistics/ranks/sum_across.ts";

/** A rank among others that say what is given here. */
function among(messages: Float64Array[], bytes: Uint8Array[] = []): Communicator {
  return {
    rank: 0,
    size: messages.length + 1,
    allReduce: (values, operation = "sum") => messages.forEach((others) => reduce(values, others, operation)),
    allGather: (own) => [own, ...bytes],
  };
}

/** The moments of one statistic, as a message. */
function momentsOf(values: readonly number[]): Float64Array {
  const moments = new Moments(1);
  for (const value of values) moments.merge(0, 1, value, 0);
  return Float64Array.of(moments.count[0], moments.mean[0], moments.compensation[0], moments.m2[0]);
}

/** Mean and variance about a point that all values are near to: exact but for the last bits. */
function twoPass(values: readonly number[], near: number): { mean: number; variance: number } {
  const d = values.map((value) => value - near), mean = d.reduce((a, b) => a + b, 0) / d.length;
  return { mean: near + mean, variance: d.reduce((sum, value) => sum + (value - mean) ** 2, 0) / d.length };
}

Deno.test("moments reduced over any shares in any order are those of one pass, at offsets to 1e8", () => {
  const share = fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { maxLength: 40 });
  const shares = fc.array(share, { minLength: 1, maxLength: 9 }).filter((shares) => shares.flat().length > 0);
  fc.assert(
    fc.property(shares, fc.constantFrom(0, 1e3, 1e8), fc.infiniteStream(fc.nat()), (shares, offset, order) => {
      // Constant values have a variance of 0, to which nothing is relative.
      const values = shares.map((share) => share.map((value, i) => offset + value + i % 2 * 3));
      const messages = values.map(momentsOf);
      while (messages.length > 1) {
        const take = () => messages.splice(order.next().value % messages.length, 1)[0];
        const [a, b] = [take(), take()];
        reduce(a, b, "moments");
        messages.push(a);
      }
      const [count, mean, compensation, m2] = messages[0], right = twoPass(values.flat(), offset);
      assertEquals(count, values.flat().length);
      assert(Math.abs(mean + compensation - right.mean) <= 1e-12 * Math.max(Math.abs(right.mean), 1));
      if (right.variance > 1e-3) assert(Math.abs(m2 / count - right.variance) <= 1e-12 * right.variance);
    }),
    { seed: 1 },
  );
});

Deno.test("messages are reduced place by place", () => {
  const results: [Reduction, number[]][] = [["sum", [4, -1]], ["min", [1, -3]], ["max", [3, 2]]];
  for (const [operation, right] of results) {
    const values = Float64Array.of(1, 2);
    among([Float64Array.of(3, -3)]).allReduce(values, operation);
    assertEquals([...values], right);
  }
});

Deno.test("a rank that has seen nothing merges without effect", () => {
  const moments = new Moments(2);
  mergeMomentsAcross(among([Float64Array.of(2, 5, 0, 1, 0, 0, 0, 0)]), moments);
  assertEquals([...moments.count], [2, 0]);
  assertEquals([...moments.mean], [5, 0]);
  assertEquals(moments.variance(0), 0.5);
});

Deno.test("estimators are merged in the order of ranks, and that of this rank stays as it is", () => {
  const fitted = (...values: number[]) =>
    new StandardScaler().partialFit(tensor(Float64Array.from(values), [values.length, 1]));
  const bytes = (scaler: StandardScaler) => new TextEncoder().encode(JSON.stringify(scaler));
  const own = fitted(1, 2), before = own.toJSON();
  const merged = mergeAcross(among([], [bytes(new StandardScaler()), bytes(fitted(6))]), own, StandardScaler);
  assertEquals(merged.toJSON(), fitted(1, 2).merge(fitted(6)).toJSON());
  assertEquals(own.toJSON(), before);
  const [one, two, three] = [1, 5, 25].map((value) =>
    new ExponentialMoments({ decay: 0.5 }).push(tensor(Float64Array.of(value), [1, 1]))
  );
  const others = [two, three].map((moments) => new TextEncoder().encode(JSON.stringify(moments)));
  const mean = mergeAcross(among([], others), one, ExponentialMoments).mean().data[0];
  assert(Math.abs(mean - (0.25 * 1 + 0.5 * 5 + 25) / 1.75) < 1e-12); // what came later weighs more
  const first = mergeAcross(among([], [bytes(own)]), new StandardScaler(), StandardScaler);
  assertEquals(first.toJSON(), before);
});

Deno.test("arrays of all types are summed in one message", () => {
  const arrays = [Float32Array.of(1, 2), Float64Array.of(3)];
  let messages = 0;
  sumAcross(
    { ...alone, allReduce: (values) => (messages++, values.forEach((value, i) => values[i] = value * 10)) },
    arrays,
  );
  assertEquals(arrays, [Float32Array.of(10, 20), Float64Array.of(30)]);
  assertEquals(messages, 1);
});

Deno.test("shares are neighbours, of sizes that differ by one at most, and together the whole", () => {
  fc.assert(
    fc.property(fc.nat(20), fc.integer({ min: 1, max: 6 }), (rows, size) => {
      const x = tensor(Float32Array.from({ length: rows * 2 }, (_, i) => i), [rows, 2]);
      const shares = Array.from({ length: size }, (_, rank) => shareOf(x, { rank, size }));
      assertEquals(shares.flatMap(({ data }) => [...data]), [...x.data]);
      const sizes = shares.map(({ dims }) => dims[0]);
      assert(Math.max(...sizes) - Math.min(...sizes) <= 1);
      assert(shares.every(({ data }) => data.buffer === x.data.buffer));
    }),
    { seed: 2 },
  );
});

Deno.test("a tensor without rows to share is refused", () => {
  assertThrows(() => shareOf(tensor(Float32Array.of(1), []), alone), RangeError, "at least 1 dimension");
});

Deno.test("a share of ranks that are none is refused", () => {
  const x = tensor(new Float32Array(6), [3, 2]);
  const wrong: [of: unknown, says: string][] = [
    [null, "the communicator is null"],
    [{}, "size is undefined"],
    [{ rank: 0, size: 0 }, "size is 0"],
    [{ rank: 0, size: "2" }, 'size is "2"'],
    ...[2, 5, -1, 0.5, NaN, "0", undefined].map((rank) =>
      [{ rank, size: 2 }, `rank is ${rank}; it must be a whole number from 0 to 1`] as [unknown, string]
    ),
  ];
  for (const [of, says] of wrong) assertThrows(() => shareOf(x, of as never), Error, `shareOf: ${says}`);
});

Deno.test("what is no communicator, no array and no estimator is refused by its function, and nothing is changed", () => {
  const wrong = (value: unknown) => value as never, own = new StandardScaler(), moments = new Moments(1);
  const array = Float32Array.of(1), others = among([Float64Array.of(1)]);
  for (const none of [null, undefined, {}, { allReduce: () => {} }]) {
    const is = none ? "an Object" : String(none), says = `the communicator is ${is}; it must be one such as`;
    assertThrows(() => sumAcross(wrong(none), [array]), TypeError, `sumAcross: ${says}`);
    assertThrows(() => mergeMomentsAcross(wrong(none), moments), TypeError, `mergeMomentsAcross: ${says}`);
    assertThrows(() => mergeAcross(wrong(none), own, StandardScaler), TypeError, `mergeAcross: ${says}`);
  }
  for (const none of [null, undefined, {}, array]) {
    assertThrows(() => sumAcross(others, wrong(none)), TypeError, "sumAcross: arrays is ");
    assertThrows(() => mergeMomentsAcross(others, wrong(none)), TypeError, "mergeMomentsAcross: moments is ");
    assertThrows(() => mergeAcross(others, wrong(none), StandardScaler), TypeError, "mergeAcross: estimator is ");
    assertThrows(() => mergeAcross(others, own, wrong(none)), TypeError, "mergeAcross: type is ");
  }
  for (const none of [null, undefined, [1], tensor(array)]) {
    assertThrows(() => sumAcross(others, wrong([array, none])), TypeError, "sumAcross: an entry of arrays is ");
  }
  assertEquals(array[0], 1);
});

Deno.test("one rank alone keeps what it has", () => {
  const values = Float64Array.of(1, 2), bytes = Uint8Array.of(3);
  alone.allReduce(values, "max");
  assertEquals(values, Float64Array.of(1, 2));
  assertEquals(alone.allGather(bytes), [bytes]);
  assert(alone.allGather(bytes)[0] !== bytes);
});

Deno.test("messages that do not fit are refused", () => {
  const wrong = (value: unknown) => value as never;
  assertThrows(() => alone.allReduce(wrong([1])), TypeError, "must be a Float64Array");
  assertThrows(() => alone.allReduce(new Float64Array(1), wrong("mean")), RangeError, 'operation is "mean"');
  assertThrows(() => alone.allReduce(new Float64Array(6), "moments"), RangeError, "multiple of 4");
  assertThrows(() => alone.allGather(wrong("bytes")), TypeError, "must be a Uint8Array");
});

Deno.test("what a rank gives that is no estimator of this kind is refused by its number", () => {
  const own = new StandardScaler().partialFit(tensor(Float64Array.of(1, 2), [2, 1])), text = JSON.stringify(own);
  const encode = (text: string) => new TextEncoder().encode(text);
  const garbage: [bytes: Uint8Array, says: string][] = [
    [new Uint8Array(), "JSON"],
    [Uint8Array.of(0xff, 0xfe, 0), "JSON"],
    [encode(text.slice(0, -1)), "JSON"],
    [encode("null"), "this is null"],
    [encode(JSON.stringify(new ExponentialMoments())), "ExponentialMoments"],
    [encode(text.replace('"version":1', '"version":2')), "version is"],
    [encode(text.replace('"center":true', '"center":1')), "center is"],
    [encode(JSON.stringify(new StandardScaler().partialFit(tensor(Float64Array.of(1, 2), [1, 2])))), "2 features"],
  ];
  for (const [bytes, says] of garbage) {
    const communicator = among([], [encode(text), bytes]);
    const error = assertThrows(() => mergeAcross(communicator, own, StandardScaler), TypeError, says);
    assert(error.message.startsWith("mergeAcross: what rank 2 gives cannot be merged: "), error.message);
  }
});
