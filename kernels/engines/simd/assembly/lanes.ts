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
