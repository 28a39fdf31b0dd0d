import { CENTER, CENTER_32, GAIN, GAIN_32, OFFSET, OFFSET_32, SLOPE, SLOPE_32 } from "./lines";

/** Beyond these, float32 arithmetic overflows or loses bits that float64 keeps. */
const LARGE: f64 = 1.2676506002282294e30; // 2^100
const SMALL: f64 = 7.888609052210118e-31; // 2^-100

/** Infinity and NaN are the same in both. */
// @ts-ignore: decorator
@inline
export function isLarge(a: f64): bool {
  return abs(a) > LARGE && abs(a) < Infinity;
}

// @ts-ignore: decorator
@inline
export function isUnusual(a: f64): bool {
  return isLarge(a) || (a != 0 && abs(a) < SMALL);
}

/** Whether the slope about a finite center is infinite, as that of 1 / 0: times what rounding takes from the center, it is so, too, or NaN. */
// @ts-ignore: decorator
@inline
export function isSteep(slope: f64, center: f64): bool {
  return abs(slope) == Infinity && abs(center) < Infinity;
}

/** Of two numbers, those that are finite and not large. */
// @ts-ignore: decorator
@inline
export function areModerate(a: v128): v128 {
  return f64x2.le(f64x2.abs(a), f64x2.splat(LARGE));
}

/** Of two numbers, those that are neither large nor small, nor 0. */
// @ts-ignore: decorator
@inline
export function areUsual(a: v128): v128 {
  return v128.and(areModerate(a), f64x2.ge(f64x2.abs(a), f64x2.splat(SMALL)));
}

/** Two numbers, rounded to float32. */
// @ts-ignore: decorator
@inline
export function rounded(a: v128): v128 {
  return f64x2.promote_low_f32x4(f32x4.demote_f64x2_zero(a));
}

/**
 * Rounds the tables of `(x - center) * slope + offset`, and `gain` if it is wanted, to float32. What rounding takes from the center goes into the
 * offset, so that x - center stays exact where it matters: when the mean is large beside the deviation. Returns whether
 * float32 can hold them all.
 */
export function quantize(count: usize, withGain: bool, lines: usize): bool {
  let usual = true;
  for (let l: usize = 0; l < count; l++) {
    const wide = lines + (l << 3), narrow = lines + (l << 2);
    const c = load<f64>(wide, CENTER), k = load<f64>(wide, SLOPE);
    const c32 = <f32> c;
    const b = load<f64>(wide, OFFSET) + (<f64> c32 - c) * k;
    if (isLarge(c) || isLarge(b) || isUnusual(k) || (!withGain && isSteep(k, c))) usual = false;
    store<f32>(narrow, c32, CENTER_32);
    store<f32>(narrow, <f32> k, SLOPE_32);
    store<f32>(narrow, <f32> b, OFFSET_32);
    if (!withGain) continue;
    const g = load<f64>(wide, GAIN);
    if (isUnusual(g)) usual = false;
    store<f32>(narrow, <f32> g, GAIN_32);
  }
  return usual;
}
