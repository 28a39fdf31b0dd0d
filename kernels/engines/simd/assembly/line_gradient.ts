// Runs of elements along memory, backwards, two at a time as in line.ts. h is dy - m or, along, dy scale - m, where m is near the mean: where
// dy is far from 0 beside its deviation, that is taken off before anything is rounded.

import { both, first, fused, low, madd, second, totals } from "./lanes";

/** Float32 lanes add up at most this many elements of a run before they are carried over into float64. */
const BLOCK: usize = 256 << 2;

/** h of four elements, where `minus` is -m. */
// @ts-ignore: decorator
@inline
export function deviation(dy: v128, along: bool, scale: v128, minus: v128): v128 {
  return along ? fused(dy, scale, minus) : f32x4.add(dy, minus);
}

/** What pairSums found: sum(h) and sum(h (x - c)) of two runs, in float64. */
export let sums: v128 = f64x2.splat(0);
export let products: v128 = f64x2.splat(0);

/**
 * Finds sum(h) and sum(h (x - c)) of two runs. If asked to, adds, for each element, dy of both to dBias and dy ((x - c) k + b) to dScale,
 * both float32. A run that is alone goes with itself, `apart` is 0, and is added once.
 */
export function pairSums(
  x: usize,
  dy: usize,
  apart: usize,
  length: usize,
  c: v128,
  k: v128,
  b: v128,
  m: v128,
  along: bool,
  scale: usize,
  ofParameters: bool,
  dScale: usize,
  dBias: usize,
): void {
  if (along) sumBoth(x, dy, apart, length, c, k, b, m, true, scale, ofParameters, dScale, dBias);
  else sumBoth(x, dy, apart, length, c, k, b, m, false, 0, false, 0, 0);
}

// @ts-ignore: decorator
@inline
function sumBoth(
  x: usize,
  dy: usize,
  apart: usize,
  length: usize,
  c: v128,
  k: v128,
  b: v128,
  m: v128,
  along: bool,
  scale: usize,
  ofParameters: bool,
  dScale: usize,
  dBias: usize,
): void {
  const c0 = first(c), c1 = second(c), k0 = first(k), k1 = second(k), b0 = first(b), b1 = second(b), bytes = length << 2;
  const other = i32x4.splat(apart ? -1 : 0);
  const minus = f32x4.neg(m), m0 = first(minus), m1 = second(minus);
  let s = f64x2.splat(0), q = s;
  let p: usize = 0;
  while (p < bytes) {
    const end = min(p + BLOCK, bytes);
    let s0 = f32x4.splat(0), s1 = s0, q0 = s0, q1 = s0;
    for (; p + 16 <= end; p += 16) {
      const u0 = f32x4.sub(v128.load(x + p), c0), u1 = f32x4.sub(v128.load(x + apart + p), c1);
      const d0 = v128.load(dy + p), d1 = v128.load(dy + apart + p), g = along ? v128.load(scale + p) : other;
      const h0 = deviation(d0, along, g, m0), h1 = deviation(d1, along, g, m1);
      s0 = f32x4.add(s0, h0);
      s1 = f32x4.add(s1, h1);
      q0 = madd(h0, u0, q0);
      q1 = madd(h1, u1, q1);
      if (ofParameters) {
        const e1 = v128.and(d1, other);
        v128.store(dBias + p, f32x4.add(f32x4.add(v128.load(dBias + p), d0), e1));
        v128.store(dScale + p, madd(e1, madd(u1, k1, b1), madd(d0, madd(u0, k0, b0), v128.load(dScale + p))));
      }
    }
    for (; p < end; p += 4) {
      const u = f32x4.sub(both(x + p, x + apart + p), c), d = both(dy + p, dy + apart + p);
      const h = deviation(d, along, along ? v128.load32_splat(scale + p) : other, minus);
      s = f64x2.add(s, low(h));
      q = f64x2.add(q, f64x2.mul(low(h), low(u)));
      if (ofParameters) {
        const e = v128.and(second(d), other), z = madd(u, k, b);
        v128.store32_lane(dBias + p, f32x4.add(f32x4.add(v128.load32_zero(dBias + p), d), e), 0);
        v128.store32_lane(dScale + p, madd(e, second(z), madd(d, z, v128.load32_zero(dScale + p))), 0);
      }
    }
    s = f64x2.add(s, totals(s0, s1));
    q = f64x2.add(q, totals(q0, q1));
  }
  sums = s;
  products = q;
}

/** dx = h a + (x - c) k + b of two runs; of one, where `apart` is 0. */
export function pairGradient(
  x: usize,
  dy: usize,
  dx: usize,
  apart: usize,
  length: usize,
  c: v128,
  k: v128,
  b: v128,
  a: v128,
  m: v128,
  along: bool,
  scale: usize,
): void {
  if (along) differentiateBoth(x, dy, dx, apart, length, c, k, b, a, m, true, scale);
  else differentiateBoth(x, dy, dx, apart, length, c, k, b, a, m, false, 0);
}

// @ts-ignore: decorator
@inline
function differentiateBoth(
  x: usize,
  dy: usize,
  dx: usize,
  apart: usize,
  length: usize,
  c: v128,
  k: v128,
  b: v128,
  a: v128,
  m: v128,
  along: bool,
  scale: usize,
): void {
  const c0 = first(c), c1 = second(c), k0 = first(k), k1 = second(k), b0 = first(b), b1 = second(b), bytes = length << 2;
  const a0 = first(a), a1 = second(a), minus = f32x4.neg(m), m0 = first(minus), m1 = second(minus);
  let p: usize = 0;
  for (; p + 16 <= bytes; p += 16) {
    const g = along ? v128.load(scale + p) : c0;
    const h0 = deviation(v128.load(dy + p), along, g, m0), h1 = deviation(v128.load(dy + apart + p), along, g, m1);
    const z0 = madd(f32x4.sub(v128.load(x + p), c0), k0, b0), z1 = madd(f32x4.sub(v128.load(x + apart + p), c1), k1, b1);
    v128.store(dx + p, madd(h0, a0, z0));
    v128.store(dx + apart + p, madd(h1, a1, z1));
  }
  for (; p < bytes; p += 4) {
    const h = deviation(both(dy + p, dy + apart + p), along, along ? v128.load32_splat(scale + p) : c, minus);
    const d = madd(h, a, madd(f32x4.sub(both(x + p, x + apart + p), c), k, b));
    v128.store32_lane(dx + p, d, 0);
    v128.store32_lane(dx + apart + p, d, 1);
  }
}
