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

/** Stores two numbers as float32. */
// @ts-ignore: decorator
@inline
export function storePair(at: usize, a: v128): void {
  v128.store64_lane(at, f32x4.demote_f64x2_zero(a), 0);
}

/** Two numbers, rounded to float32. */
// @ts-ignore: decorator
@inline
export function rounded(a: v128): v128 {
  return f64x2.promote_low_f32x4(f32x4.demote_f64x2_zero(a));
}

/**
 * Rounds the tables of `(x - center) * slope + offset`, and `gain` unless that is 0, to float32. What rounding takes from the center goes into the
 * offset, so that x - center stays exact where it matters: when the mean is large beside the deviation. Returns whether
 * float32 can hold them all.
 */
export function quantize(
  lines: usize,
  center: usize,
  slope: usize,
  offset: usize,
  gain: usize,
  center32: usize,
  slope32: usize,
  offset32: usize,
  gain32: usize,
): bool {
  let usual = true;
  for (let l: usize = 0; l < lines; l++) {
    const wide = l << 3, at = l << 2;
    const c = load<f64>(center + wide), k = load<f64>(slope + wide);
    const rounded = <f32> c;
    const b = load<f64>(offset + wide) + (<f64> rounded - c) * k;
    if (isLarge(c) || isLarge(b) || isUnusual(k)) usual = false;
    store<f32>(center32 + at, rounded);
    store<f32>(slope32 + at, <f32> k);
    store<f32>(offset32 + at, <f32> b);
    if (gain == 0) continue;
    const g = load<f64>(gain + wide);
    if (isUnusual(g)) usual = false;
    store<f32>(gain32 + at, <f32> g);
  }
  return usual;
}
