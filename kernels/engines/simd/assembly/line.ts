// Runs of elements along memory, two at a time: their moments, and their affine maps. Memory delivers two streams faster than one, what both
// need is loaded once, and sums across lanes are taken of both together. The second run is `apart` bytes behind the first; of what there
// is one of each, the first two lanes of a vector are those of the two.

import { both, first, low, madd, second, totals } from "./lanes";

/** Float32 lanes add up at most this many elements of a run before they are carried over into float64. */
const BLOCK: usize = 512 << 2;

/** The first elements of a line, whose mean will do for a rough one where little depends on it. */
export const ROUGH: usize = 16;

/** So many elements at the beginning of a line that their mean will do for a rough one: a quarter, if that is enough. */
// @ts-ignore: decorator
@inline
export function quarterOf(length: usize): usize {
  return length < 16 ? length : (length < 64 ? length : length >> 2) & ~15;
}

/** The sums of two runs, in float64. */
export function pairSum(x: usize, apart: usize, length: usize): v128 {
  const bytes = length << 2, x1 = x + apart;
  let sum = f64x2.splat(0);
  let p: usize = 0;
  while (p < bytes) {
    const end = min(p + BLOCK, bytes);
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    for (; p + 32 <= end; p += 32) {
      const a = x + p, b = x1 + p;
      s0 = f32x4.add(s0, v128.load(a));
      s1 = f32x4.add(s1, v128.load(a, 16));
      s2 = f32x4.add(s2, v128.load(b));
      s3 = f32x4.add(s3, v128.load(b, 16));
    }
    for (; p < end; p += 4) sum = f64x2.add(sum, low(both(x + p, x1 + p)));
    sum = f64x2.add(sum, totals(f32x4.add(s0, s1), f32x4.add(s2, s3)));
  }
  return sum;
}

/** What pairMoments found: the means of two runs and their sums of squared deviations, in float64. */
export let means: v128 = f64x2.splat(0);
export let squares: v128 = f64x2.splat(0);

/**
 * Finds the mean and the sum of squared deviations of two runs, by the corrected two-pass algorithm (Chan, Golub and LeVeque 1983): with k
 * near the mean and d = x - k, mean = k + sum(d)/n and m2 = sum(d^2) - sum(d)^2/n. About zero, mean and k are 0 and m2 is sum(x^2).
 *
 * The mean of the first quarter is near enough: where it is off by e, m2 is the difference of two sums that are larger by
 * (e / deviation)^2, and that is hardly more than 4, for the quarter's elements count in the deviation too.
 */
export function pairMoments(x: usize, apart: usize, length: usize, aboutZero: bool): void {
  const n = f64x2.splat(1 / <f64> length), bytes = length << 2, x1 = x + apart;
  let k = f32x4.splat(0);
  if (!aboutZero) {
    const part = quarterOf(length);
    k = f32x4.demote_f64x2_zero(f64x2.mul(pairSum(x, apart, part), f64x2.splat(1 / <f64> part)));
  }
  const k0 = first(k), k1 = second(k), kk = low(k);
  let sum = f64x2.splat(0), square = sum;
  let p: usize = 0;
  while (p < bytes) {
    const end = min(p + BLOCK, bytes);
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, q0 = s0, q1 = s0, q2 = s0, q3 = s0;
    for (; p + 32 <= end; p += 32) {
      const a = x + p, b = x1 + p;
      const d0 = f32x4.sub(v128.load(a), k0), d1 = f32x4.sub(v128.load(a, 16), k0);
      const d2 = f32x4.sub(v128.load(b), k1), d3 = f32x4.sub(v128.load(b, 16), k1);
      s0 = f32x4.add(s0, d0);
      s1 = f32x4.add(s1, d1);
      s2 = f32x4.add(s2, d2);
      s3 = f32x4.add(s3, d3);
      q0 = madd(d0, d0, q0);
      q1 = madd(d1, d1, q1);
      q2 = madd(d2, d2, q2);
      q3 = madd(d3, d3, q3);
    }
    for (; p < end; p += 4) {
      const d = f64x2.sub(low(both(x + p, x1 + p)), kk);
      sum = f64x2.add(sum, d);
      square = f64x2.add(square, f64x2.mul(d, d));
    }
    sum = f64x2.add(sum, totals(f32x4.add(s0, s1), f32x4.add(s2, s3)));
    square = f64x2.add(square, totals(f32x4.add(q0, q1), f32x4.add(q2, q3)));
  }
  means = aboutZero ? f64x2.splat(0) : f64x2.add(kk, f64x2.mul(sum, n));
  squares = aboutZero ? square : f64x2.pmax(f64x2.sub(square, f64x2.mul(f64x2.mul(sum, sum), n)), f64x2.splat(0));
}

/** How many elements have been merged so far, their mean and their sum of squared deviations. */
let count: f64 = 0, mean: f64 = 0, m2: f64 = 0;

/** Merges the moments of n more elements (Chan, Golub and LeVeque 1979). */
function merge(n: f64, mu: f64, square: f64): void {
  const all = count + n, d = mu - mean;
  m2 += square + d * d * (count * n / all);
  mean += d * (n / all);
  count = all;
}

function mergePair(x: usize, apart: usize, length: usize, aboutZero: bool): void {
  pairMoments(x, apart, length, aboutZero);
  merge(<f64> length, f64x2.extract_lane(means, 0), f64x2.extract_lane(squares, 0));
  if (apart) merge(<f64> length, f64x2.extract_lane(means, 1), f64x2.extract_lane(squares, 1));
}

/** The same of runs that are `stride` bytes apart, all together, in both lanes. Runs without a gap are two halves and a rest. */
export function runMoments(x: usize, runs: usize, length: usize, stride: usize, aboutZero: bool): void {
  count = mean = m2 = 0;
  if (stride == length << 2) {
    const all = runs * length, half = (all >> 1) & ~3, bytes = half << 2;
    if (half) mergePair(x, bytes, half, aboutZero);
    x += bytes << 1;
    length = all - (half << 1);
    runs = length ? 1 : 0;
  }
  for (; runs > 1; runs -= 2, x += stride << 1) mergePair(x, stride, length, aboutZero);
  if (runs) mergePair(x, 0, length, aboutZero);
  means = f64x2.splat(mean);
  squares = f64x2.splat(m2);
}

/** y = (x - c) * a + b of two runs, then, along, y * scale + bias. */
export function pairApply(
  x: usize,
  y: usize,
  apart: usize,
  length: usize,
  c: v128,
  a: v128,
  b: v128,
  along: bool,
  scale: usize,
  bias: usize,
): void {
  if (along) applyBoth(x, y, apart, length, c, a, b, true, scale, bias);
  else applyBoth(x, y, apart, length, c, a, b, false, scale, bias);
}

// @ts-ignore: decorator
@inline
function applyBoth(
  x: usize,
  y: usize,
  apart: usize,
  length: usize,
  c: v128,
  a: v128,
  b: v128,
  along: bool,
  scale: usize,
  bias: usize,
): void {
  const c0 = first(c), c1 = second(c), a0 = first(a), a1 = second(a), b0 = first(b), b1 = second(b), bytes = length << 2;
  const x1 = x + apart, y1 = y + apart;
  let p: usize = 0;
  for (; p + 16 <= bytes; p += 16) {
    let v0 = madd(f32x4.sub(v128.load(x + p), c0), a0, b0), v1 = madd(f32x4.sub(v128.load(x1 + p), c1), a1, b1);
    if (along) {
      const g = v128.load(scale + p), h = v128.load(bias + p);
      v0 = madd(v0, g, h);
      v1 = madd(v1, g, h);
    }
    v128.store(y + p, v0);
    v128.store(y1 + p, v1);
  }
  for (; p < bytes; p += 4) {
    let v = madd(f32x4.sub(both(x + p, x1 + p), c), a, b);
    if (along) v = madd(v, v128.load32_splat(scale + p), v128.load32_splat(bias + p));
    v128.store32_lane(y + p, v, 0);
    v128.store32_lane(y1 + p, v, 1);
  }
}

/** The same of one run. */
export function lineApply(
  x: usize,
  y: usize,
  length: usize,
  c: v128,
  a: v128,
  b: v128,
  along: bool,
  scale: usize,
  bias: usize,
): void {
  const cc = first(c), aa = first(a), bb = first(b), bytes = length << 2;
  let p: usize = 0;
  for (; p + 16 <= bytes; p += 16) {
    const v = madd(f32x4.sub(v128.load(x + p), cc), aa, bb);
    v128.store(y + p, along ? madd(v, v128.load(scale + p), v128.load(bias + p)) : v);
  }
  for (; p < bytes; p += 4) {
    const v = madd(f32x4.sub(v128.load32_zero(x + p), cc), aa, bb);
    v128.store32_lane(y + p, along ? madd(v, v128.load32_zero(scale + p), v128.load32_zero(bias + p)) : v, 0);
  }
}
