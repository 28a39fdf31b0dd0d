import { assert, assertEquals } from "@std/assert";
import { type Tensor, tensor } from "../kernels/tensor.ts";

/** Values are multiples of 1 / UNIT, so that whole numbers can hold them and their squares. */
export const UNIT = 2 ** 20;

/** Count, mean and population variance of some values, without any rounding before the last division. NaN is missing. */
export function exactMoments(values: readonly number[]): { count: number; mean: number; variance: number } {
  const whole = values.filter((value) => !Number.isNaN(value)).map((value) => BigInt(value * UNIT));
  const n = BigInt(whole.length);
  const sum = whole.reduce((a, b) => a + b, 0n), squares = whole.reduce((a, b) => a + b * b, 0n);
  return {
    count: whole.length,
    mean: Number(sum) / whole.length / UNIT,
    variance: Number(n * squares - sum * sum) / whole.length ** 2 / UNIT ** 2,
  };
}

/** Asserts that numbers agree to a relative tolerance, 1e-12 unless told; NaN agrees with NaN. */
export function assertRelative(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  what = "result",
  tolerance = 1e-12,
): void {
  assertEquals(actual.length, expected.length, `${what}: length`);
  for (let i = 0; i < actual.length; i++) {
    const a = actual[i], e = expected[i];
    const near = Object.is(a, e) || Math.abs(a - e) <= tolerance * Math.abs(e);
    assert(near, `${what}: element ${i} is ${a}, expected ${e}`);
  }
}

/** Asserts that moments are those of some values to 1e-12: the variance relatively, the mean in units of mean and deviation. */
export function assertMoments(
  actual: { count: number; mean: number; variance: number },
  values: readonly number[],
  what = "moments",
): void {
  const exact = exactMoments(values);
  assertEquals(actual.count, exact.count, `${what}: count`);
  if (exact.count === 0) return;
  assertRelative([actual.variance], [exact.variance], `${what}: variance`);
  const error = Math.abs(actual.mean - exact.mean),
    allowed = 1e-12 * (Math.abs(exact.mean) + Math.sqrt(exact.variance));
  assert(error <= allowed, `${what}: mean is ${actual.mean}, expected ${exact.mean}`);
}

/** Numbers between -1 and 1, the same at every run (Lehmer's generator). */
export function noise(length: number, seed = 1): Float64Array<ArrayBuffer> {
  let state = seed;
  return Float64Array.from({ length }, () => {
    state = state * 48271 % 2147483647;
    return Math.round((state / 2147483647 * 2 - 1) * UNIT) / UNIT;
  });
}

/** Rows of features as a float64 tensor. */
export function rowsOf(rows: readonly (readonly number[])[], features = rows[0].length): Tensor<"float64"> {
  return tensor(Float64Array.from(rows.flat()), [rows.length, features]);
}

/** What was saved and read again, by way of text. */
export function throughText(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
