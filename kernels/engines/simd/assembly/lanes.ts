// Four float32 lanes, and what the kernels do with them.

/** a * b + c: one rounding where the host fuses it (relaxed SIMD), two where it does not. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** The same of float64 lanes. */
// @ts-ignore: decorator
@inline
export function maddDouble(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f64x2.relaxed_madd(a, b, c);
  return f64x2.add(f64x2.mul(a, b), c);
}

/** The sum of the four lanes, in float64. */
// @ts-ignore: decorator
@inline
export function total(v: v128): f64 {
  return (<f64> f32x4.extract_lane(v, 0) + <f64> f32x4.extract_lane(v, 1)) +
    (<f64> f32x4.extract_lane(v, 2) + <f64> f32x4.extract_lane(v, 3));
}

/** The sums of the four lanes of two vectors, in float64. */
// @ts-ignore: decorator
@inline
export function totals(a: v128, b: v128): v128 {
  const first = v128.shuffle<i32>(a, b, 0, 1, 4, 5), second = v128.shuffle<i32>(a, b, 2, 3, 6, 7);
  const ofA = f64x2.add(low(first), low(second)), ofB = f64x2.add(high(first), high(second));
  return f64x2.add(v128.shuffle<i64>(ofA, ofB, 0, 2), v128.shuffle<i64>(ofA, ofB, 1, 3));
}

/** The float32 at two addresses, in the lower lanes. */
// @ts-ignore: decorator
@inline
export function both(a: usize, b: usize): v128 {
  return v128.load32_lane(b, v128.load32_zero(a), 1);
}

/** Lane 0 in all four. */
// @ts-ignore: decorator
@inline
export function first(v: v128): v128 {
  return v128.shuffle<i32>(v, v, 0, 0, 0, 0);
}

/** Lane 1 in all four. */
// @ts-ignore: decorator
@inline
export function second(v: v128): v128 {
  return v128.shuffle<i32>(v, v, 1, 1, 1, 1);
}

/**
 * a * b + c in one rounding, for products of one size, all in one direction, less what they have in common: errors of two would add up.
 * A host whose relaxed SIMD does not fuse them rounds twice.
 */
// @ts-ignore: decorator
@inline
export function fused(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, c) : fusedInDouble(a, b, c);
}

function fusedInDouble(a: v128, b: v128, c: v128): v128 {
  const lower = f64x2.add(f64x2.mul(low(a), low(b)), low(c)), upper = f64x2.add(f64x2.mul(high(a), high(b)), high(c));
  return v128.shuffle<i32>(f32x4.demote_f64x2_zero(lower), f32x4.demote_f64x2_zero(upper), 0, 1, 4, 5);
}

/** The lower two lanes in float64. */
// @ts-ignore: decorator
@inline
export function low(v: v128): v128 {
  return f64x2.promote_low_f32x4(v);
}

/** The upper two lanes in float64. */
// @ts-ignore: decorator
@inline
export function high(v: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<i32>(v, v, 2, 3, 2, 3));
}

/** Adds the four lanes to the four float64 at an address. */
// @ts-ignore: decorator
@inline
export function accumulate(sum: usize, v: v128): void {
  v128.store(sum, f64x2.add(v128.load(sum), low(v)));
  v128.store(sum, f64x2.add(v128.load(sum, 16), high(v)), 16);
}
