// Lines that lie across memory: element i of line l stands i * stride + 4 l bytes from the first, so that neighbouring lines share a vector.
// The same functions as in rows.ts, with the same names and meanings. Where `along` is set, scale and bias have one entry
// for each element of a line, shared by all lines. All go down a block of elements at a time, so that memory is read in its order.

import { high, low, madd } from "./lanes";
import { ROUGH } from "./line";
import { CENTER_32, DEVIATIONS, GAIN, M2, MEAN, OFFSET_32, SLOPE_32 } from "./lines";

/** One float32 lane adds up at most this many elements before it is carried over into float64. */
export const BLOCK: usize = 32;

/** So many lines are taken together: their accumulators and tables fit the registers. */
export const WIDTH: usize = 8;

/** The lines after the WIDTH ones at `l` that are taken together; the last ones overlap their neighbours. */
// @ts-ignore: decorator
@inline
export function next(l: usize, count: usize): usize {
  return l + WIDTH < count ? min(l + WIDTH, count - WIDTH) : count;
}

/** The means of so many elements of lines, in float32: a rough mean may be off by its rounding. */
function roughMeans(x: usize, count: usize, length: usize, stride: usize, to: usize): void {
  const r = f32x4.splat(1 / <f32> length);
  for (let l: usize = 0; l < count; l = next(l, count)) {
    let s0 = f32x4.splat(0), s1 = s0, p = x + (l << 2);
    for (let i: usize = 0; i < length; i++, p += stride) {
      s0 = f32x4.add(s0, v128.load(p));
      s1 = f32x4.add(s1, v128.load(p, 16));
    }
    v128.store(to + (l << 2), f32x4.mul(s0, r));
    v128.store(to + (l << 2), f32x4.mul(s1, r), 16);
  }
}

/** Stores four numbers as float64. */
// @ts-ignore: decorator
@inline
function storeWide(at: usize, v: v128): void {
  v128.store(at, low(v));
  v128.store(at, high(v), 16);
}

/** sum(x - k) and sum((x - k)^2) of a block of elements of each line, in the tables of deviations and gains; k is in that of rounded centers. */
// @ts-ignore: decorator
@inline
function blockSums(x: usize, count: usize, length: usize, stride: usize, lines: usize): void {
  for (let l: usize = 0; l < count; l = next(l, count)) {
    const narrow = lines + (l << 2), wide = lines + (l << 3), k0 = v128.load(narrow, CENTER_32), k1 = v128.load(narrow, CENTER_32 + 16);
    let s0 = f32x4.splat(0), s1 = s0, q0 = s0, q1 = s0, p = x + (l << 2);
    for (let i: usize = 0; i < length; i++, p += stride) {
      const d0 = f32x4.sub(v128.load(p), k0), d1 = f32x4.sub(v128.load(p, 16), k1);
      s0 = f32x4.add(s0, d0);
      s1 = f32x4.add(s1, d1);
      q0 = madd(d0, d0, q0);
      q1 = madd(d1, d1, q1);
    }
    storeWide(wide + DEVIATIONS, s0);
    storeWide(wide + DEVIATIONS + 32, s1);
    storeWide(wide + GAIN, q0);
    storeWide(wide + GAIN + 32, q1);
  }
}

/**
 * Mean and sum of squared deviations of each line, block by block: of a block about k, the mean so far (that of its first elements, for the first
 * one), they are k + sum(d)/n and sum(d^2) - sum(d)^2/n with d = x - k; and then merged (Chan, Golub and LeVeque 1979). Works in
 * the tables of deviations, gains and rounded centers.
 */
export function columnMoments(
  x: usize,
  count: usize,
  length: usize,
  stride: usize,
  aboutZero: bool,
  mean: usize,
  m2: usize,
  lines: usize,
): void {
  memory.fill(mean, 0, count << 3);
  memory.fill(m2, 0, count << 3);
  if (count < WIDTH) {
    for (let l: usize = 0; l < count; l++) lineMoments(x + (l << 2), length, stride, aboutZero, mean + (l << 3), m2 + (l << 3));
    return;
  }
  const centers = lines + CENTER_32;
  if (aboutZero) memory.fill(centers, 0, count << 2);
  else roughMeans(x, count, min(length, ROUGH), stride, centers);
  for (let i: usize = 0; i < length; i += BLOCK) {
    const n = min(length - i, BLOCK);
    blockSums(x + i * stride, count, n, stride, lines);
    const had = <f64> i, more = <f64> n, part = f64x2.splat(more / (had + more)), weight = f64x2.splat(had * more / (had + more));
    const r = f64x2.splat(1 / more), zero = f64x2.splat(0);
    for (let l: usize = 0; l < count; l += 2) {
      const wide = l << 3, s = v128.load(lines + wide, DEVIATIONS), q = v128.load(lines + wide, GAIN), square = v128.load(m2 + wide);
      if (aboutZero) {
        v128.store(m2 + wide, f64x2.add(square, q));
        continue;
      }
      const k = f64x2.promote_low_f32x4(v128.load64_zero(centers + (l << 2))), mu = v128.load(mean + wide);
      const sr = f64x2.mul(s, r), d = f64x2.add(f64x2.sub(k, mu), sr), own = f64x2.max(f64x2.sub(q, f64x2.mul(s, sr)), zero);
      const all = f64x2.add(mu, f64x2.mul(d, part));
      v128.store(m2 + wide, f64x2.add(f64x2.add(square, own), f64x2.mul(f64x2.mul(d, d), weight)));
      v128.store(mean + wide, all);
      v128.store64_lane(centers + (l << 2), f32x4.demote_f64x2_zero(all), 0);
    }
  }
}

/** The same of one line, in float64. */
function lineMoments(x: usize, length: usize, stride: usize, aboutZero: bool, mean: usize, m2: usize): void {
  const n = <f64> length;
  let k: f64 = 0, s: f64 = 0, q: f64 = 0;
  for (let i: usize = 0; i < length && !aboutZero; i++) k += <f64> load<f32>(x + i * stride);
  k /= n;
  for (let i: usize = 0; i < length; i++) {
    const d = <f64> load<f32>(x + i * stride) - k;
    s += d;
    q += d * d;
  }
  store<f64>(mean, aboutZero ? 0 : k + s / n);
  store<f64>(m2, aboutZero ? q : max(q - s * s / n, 0));
}

/** The moments of statistics of `each` neighbouring lines, from those of the lines, and sum(x - mean) of each line. */
export function mergeColumns(statistics: usize, each: usize, length: usize, lines: usize): void {
  const n = <f64> length;
  for (let s: usize = 0; s < statistics; s++) {
    const first = lines + (s * each << 3), end = first + (each << 3), to = lines + (s << 3);
    let mean: f64 = 0, m2: f64 = 0;
    for (let l = first; l < end; l += 8) mean += load<f64>(l, MEAN);
    mean /= <f64> each;
    for (let l = first; l < end; l += 8) {
      const d = load<f64>(l, MEAN) - mean;
      m2 += load<f64>(l, M2) + d * d * n;
      store<f64>(l, d * n, DEVIATIONS);
    }
    store<f64>(to, mean, MEAN);
    store<f64>(to, m2, M2);
  }
}

/** y = (x - center) * slope + offset, then, along, y * scale + bias; of one element of each line, and of another one `apart` bytes behind it. */
// @ts-ignore: decorator
@inline
function applyBoth(
  x: usize,
  y: usize,
  apart: usize,
  count: usize,
  along: bool,
  scale: usize,
  bias: usize,
  scale1: usize,
  bias1: usize,
  lines: usize,
): void {
  const bytes = count << 2, x1 = x + apart, y1 = y + apart;
  const g0 = v128.load32_splat(along ? scale : x), h0 = v128.load32_splat(along ? bias : x);
  const g1 = v128.load32_splat(along ? scale1 : x), h1 = v128.load32_splat(along ? bias1 : x);
  let p: usize = 0;
  for (; p + 16 <= bytes; p += 16) {
    const t = lines + p, c = v128.load(t, CENTER_32), a = v128.load(t, SLOPE_32), b = v128.load(t, OFFSET_32);
    const v0 = madd(f32x4.sub(v128.load(x + p), c), a, b), v1 = madd(f32x4.sub(v128.load(x1 + p), c), a, b);
    v128.store(y + p, along ? madd(v0, g0, h0) : v0);
    v128.store(y1 + p, along ? madd(v1, g1, h1) : v1);
  }
  for (; p < bytes; p += 4) {
    const t = lines + p, c = v128.load32_zero(t, CENTER_32), a = v128.load32_zero(t, SLOPE_32), b = v128.load32_zero(t, OFFSET_32);
    const v0 = madd(f32x4.sub(v128.load32_zero(x + p), c), a, b), v1 = madd(f32x4.sub(v128.load32_zero(x1 + p), c), a, b);
    v128.store32_lane(y + p, along ? madd(v0, g0, h0) : v0, 0);
    v128.store32_lane(y1 + p, along ? madd(v1, g1, h1) : v1, 0);
  }
}

/** y = (x - center) * slope + offset, then, along, y * scale + bias. Two elements of each line at a time, as rows.ts takes two lines. */
export function columnApply(
  x: usize,
  y: usize,
  count: usize,
  length: usize,
  stride: usize,
  along: bool,
  scale: usize,
  bias: usize,
  lines: usize,
): void {
  const half = length + 1 >> 1;
  for (let i: usize = 0; i < half; i++, x += stride, y += stride, scale += 4, bias += 4) {
    // The middle one of an odd number is alone, and goes with itself.
    const other = i + half < length ? half : 0, distance = other * stride, g = scale + (other << 2), h = bias + (other << 2);
    if (along) applyBoth(x, y, distance, count, true, scale, bias, g, h, lines);
    else applyBoth(x, y, distance, count, false, 0, 0, 0, 0, lines);
  }
}
