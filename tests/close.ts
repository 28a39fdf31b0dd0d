import { assert, assertEquals } from "@std/assert";
import type { DType, Tensor } from "../kernels/tensor.ts";

/** How far an element may be from what is expected: a bound for all, or one for each index. */
export type Tolerance = number | ((index: number) => number);

/** The types of tensors that this host has. */
export const types: DType[] = typeof Float16Array === "undefined"
  ? ["float32", "float64"]
  : ["float32", "float64", "float16"];

/** The typed array of each type. */
export const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  get float16() {
    return Float16Array;
  },
};

/** Unit roundoff of each type, and half its smallest subnormal: |stored - value| <= unit |value| + tiny. */
const units: Record<DType, { unit: number; tiny: number }> = {
  float32: { unit: 2 ** -24, tiny: 2 ** -150 },
  float64: { unit: 2 ** -53, tiny: 0 },
  float16: { unit: 2 ** -11, tiny: 2 ** -25 },
};

/** Half a unit in the last place: what storing a value in a type can change. */
export function rounding(type: DType, value: number): number {
  const { unit, tiny } = units[type];
  return unit * Math.abs(value) + tiny;
}

/** A value as a type stores it. */
export function rounded(type: DType, value: number): number {
  return arrays[type].of(value)[0];
}

/**
 * Asserts that dims agree, and that each element is as near to the expected one as the tolerance, plus the rounding of its own
 * type, allows. NaN must be where NaN is expected, and infinities likewise, or where the type can hold nothing else.
 */
export function assertClose(actual: Tensor, expected: Tensor, tolerance: Tolerance, what = "result"): void {
  assertEquals([...actual.dims], [...expected.dims], `${what}: dims`);
  assertEquals(actual.data.length, expected.data.length, `${what}: number of elements`);
  const { type, data } = actual;
  for (let i = 0; i < data.length; i++) {
    const a = data[i], e = expected.data[i];
    if (Object.is(a, e)) continue;
    const allowed = (typeof tolerance === "number" ? tolerance : tolerance(i)) + rounding(type, e);
    const overflow = Math.abs(a) === Infinity && a === rounded(type, e + Math.sign(e) * allowed);
    if (Math.abs(a - e) <= allowed || overflow) continue;
    assert(false, `${what}: element ${i} is ${a}, expected ${e}: ${Math.abs(a - e)} off, ${allowed} allowed`);
  }
}

/** Asserts that two arrays hold the same bits, NaN included. */
export function assertSameBits(actual: Tensor["data"], expected: Tensor["data"], what: string): void {
  assertEquals(actual.length, expected.length, `${what}: length`);
  for (let i = 0; i < actual.length; i++) {
    assert(Object.is(actual[i], expected[i]), `${what}: element ${i} is ${actual[i]}, expected ${expected[i]} exactly`);
  }
}
