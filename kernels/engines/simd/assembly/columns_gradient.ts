// Lines across memory, backwards; see columns.ts and, for h, line_gradient.ts.

import { BLOCK, columnMoments, next, WIDTH } from "./columns";
import { accumulate, madd, total } from "./lanes";
import { ROUGH } from "./line";
import { deviation } from "./line_gradient";
import {
  CENTER_32,
  CONSTANT_32,
  DEVIATIONS,
  GAIN_32,
  M2,
  MEAN,
  OFFSET,
  OFFSET_32,
  PRODUCT,
  SHIFT,
  SLOPE_32,
  SUM,
} from "./lines";

/**
 * What to subtract from each line of gradients: along, the mean of its first elements; else that of its first quarter if it is far from 0
 * beside the deviation, else 0. Works in the tables that columnMoments works in, and in that of sums of squares.
 */
export function columnShifts(dy: usize, count: usize, length: usize, stride: usize, along: bool, lines: usize): void {
  const part = along ? min(length, ROUGH) : min(length, max(length >> 2, ROUGH)), n = <f64> part;
  columnMoments(dy, count, part, stride, false, lines + SHIFT, lines + M2, lines);
  for (let l = lines, end = lines + (count << 3); l < end; l += 8) {
    const m = load<f64>(l, SHIFT), far = along || m * m * n > 16 * load<f64>(l, M2);
    store<f64>(l, far ? <f64> <f32> m : 0, SHIFT);
  }
}

/** Of four lines from l on, those from `first` on. */
// @ts-ignore: decorator
@inline
function isFrom(first: usize, l: usize): v128 {
  return i32x4.ge_s(i32x4.add(i32x4.splat(<i32> l), i32x4(0, 1, 2, 3)), i32x4.splat(<i32> first));
}

/** sum(h) and sum(h (x - center)) of each line. */
export function columnSums(
  x: usize,
  dy: usize,
  count: usize,
  length: usize,
  stride: usize,
  along: bool,
  scale: usize,
  lines: usize,
): void {
  memory.fill(lines + SUM, 0, count << 3);
  memory.fill(lines + PRODUCT, 0, count << 3);
  if (count < WIDTH) {
    for (let l: usize = 0; l < count; l++) lineSums(x + (l << 2), dy + (l << 2), l, length, stride, along, scale, lines);
    return;
  }
  for (let start: usize = 0; start < length; start += BLOCK) {
    const end = min(start + BLOCK, length);
    // The last lines overlap their neighbours, whose sums have been added already.
    for (let l: usize = 0, done: usize = 0; l < count; done = l + WIDTH, l = next(l, count)) {
      const t = lines + (l << 2), wide = lines + (l << 3), c0 = v128.load(t, CENTER_32), c1 = v128.load(t, CENTER_32 + 16);
      const m0 = f32x4.neg(v128.load(t, CONSTANT_32)), m1 = f32x4.neg(v128.load(t, CONSTANT_32 + 16));
      let s0 = f32x4.splat(0), s1 = s0, q0 = s0, q1 = s0;
      for (let i = start, p = start * stride + (l << 2); i < end; i++, p += stride) {
        const g = along ? v128.load32_splat(scale + (i << 2)) : c0;
        const h0 = deviation(v128.load(dy + p), along, g, m0), h1 = deviation(v128.load(dy + p, 16), along, g, m1);
        s0 = f32x4.add(s0, h0);
        s1 = f32x4.add(s1, h1);
        q0 = madd(h0, f32x4.sub(v128.load(x + p), c0), q0);
        q1 = madd(h1, f32x4.sub(v128.load(x + p, 16), c1), q1);
      }
      const new0 = isFrom(done, l), new1 = isFrom(done, l + 4);
      accumulate(wide + SUM, v128.and(s0, new0));
      accumulate(wide + SUM + 32, v128.and(s1, new1));
      accumulate(wide + PRODUCT, v128.and(q0, new0));
      accumulate(wide + PRODUCT + 32, v128.and(q1, new1));
    }
  }
}

/** The same of one line, in float64. */
function lineSums(
  x: usize,
  dy: usize,
  l: usize,
  length: usize,
  stride: usize,
  along: bool,
  scale: usize,
  lines: usize,
): void {
  const c = <f64> load<f32>(lines + (l << 2), CENTER_32), m = <f64> load<f32>(lines + (l << 2), CONSTANT_32);
  let s: f64 = 0, q: f64 = 0;
  for (let i: usize = 0, p: usize = 0; i < length; i++, p += stride) {
    const h = <f64> load<f32>(dy + p) * (along ? <f64> load<f32>(scale + (i << 2)) : 1) - m;
    s += h;
    q += h * (<f64> load<f32>(x + p) - c);
  }
  store<f64>(lines + (l << 3), s, SUM);
  store<f64>(lines + (l << 3), q, PRODUCT);
}

/** Adds the sums over lines of dy to dBias and of dy * ((x - center) * slope + offset) to dScale, one for each element of a line. */
export function columnParameterSums(
  x: usize,
  dy: usize,
  count: usize,
  length: usize,
  stride: usize,
  dScale: usize,
  dBias: usize,
  lines: usize,
): void {
  for (let i: usize = 0; i < length; i++, x += stride, dy += stride, dScale += 8, dBias += 8) {
    let s: f64 = 0, q: f64 = 0, l: usize = 0;
    while (l < count) {
      const end = min(l + (BLOCK << 2), count);
      let ss = f32x4.splat(0), qq = ss;
      for (; l + 4 <= end; l += 4) {
        const p = l << 2, t = lines + p, d = v128.load(dy + p);
        ss = f32x4.add(ss, d);
        const z = madd(f32x4.sub(v128.load(x + p), v128.load(t, CENTER_32)), v128.load(t, SLOPE_32), v128.load(t, OFFSET_32));
        qq = madd(d, z, qq);
      }
      for (; l < end; l++) {
        const p = l << 2, t = lines + p, d = <f64> load<f32>(dy + p);
        s += d;
        q += d * ((<f64> load<f32>(x + p) - <f64> load<f32>(t, CENTER_32)) * <f64> load<f32>(t, SLOPE_32) + <f64> load<f32>(t, OFFSET_32));
      }
      s += total(ss);
      q += total(qq);
    }
    store<f64>(dBias, load<f64>(dBias) + s);
    store<f64>(dScale, load<f64>(dScale) + q);
  }
}

/** sum(x - mean) of each line of statistics that were given, not measured. */
export function columnDeviations(
  x: usize,
  statistics: usize,
  each: usize,
  length: usize,
  stride: usize,
  lines: usize,
): void {
  columnMoments(x, statistics * each, length, stride, false, lines + OFFSET, lines + M2, lines);
  for (let l: usize = 0; l < statistics * each; l++) {
    const wide = lines + (l << 3), c = load<f64>(lines + (l / each << 3), MEAN);
    store<f64>(wide, (load<f64>(wide, OFFSET) - c) * <f64> length, DEVIATIONS);
  }
}

/** dx = h gain + (x - center) slope + offset, of one element of each line, and of another one `apart` bytes behind it. */
// @ts-ignore: decorator
@inline
function differentiateBoth(
  x: usize,
  dy: usize,
  dx: usize,
  apart: usize,
  count: usize,
  along: bool,
  scale: usize,
  scale1: usize,
  lines: usize,
): void {
  const bytes = count << 2, x1 = x + apart, dy1 = dy + apart, dx1 = dx + apart;
  const g0 = v128.load32_splat(along ? scale : x), g1 = v128.load32_splat(along ? scale1 : x);
  let p: usize = 0;
  for (; p + 16 <= bytes; p += 16) {
    const t = lines + p, c = v128.load(t, CENTER_32), k = v128.load(t, SLOPE_32), b = v128.load(t, OFFSET_32);
    const a = v128.load(t, GAIN_32), m = f32x4.neg(v128.load(t, CONSTANT_32));
    const z0 = madd(f32x4.sub(v128.load(x + p), c), k, b), z1 = madd(f32x4.sub(v128.load(x1 + p), c), k, b);
    const h0 = deviation(v128.load(dy + p), along, g0, m), h1 = deviation(v128.load(dy1 + p), along, g1, m);
    v128.store(dx + p, madd(h0, a, z0));
    v128.store(dx1 + p, madd(h1, a, z1));
  }
  for (; p < bytes; p += 4) {
    const t = lines + p, c = v128.load32_zero(t, CENTER_32), k = v128.load32_zero(t, SLOPE_32), b = v128.load32_zero(t, OFFSET_32);
    const a = v128.load32_zero(t, GAIN_32), m = f32x4.neg(v128.load32_zero(t, CONSTANT_32));
    const z0 = madd(f32x4.sub(v128.load32_zero(x + p), c), k, b), z1 = madd(f32x4.sub(v128.load32_zero(x1 + p), c), k, b);
    const h0 = deviation(v128.load32_zero(dy + p), along, g0, m), h1 = deviation(v128.load32_zero(dy1 + p), along, g1, m);
    v128.store32_lane(dx + p, madd(h0, a, z0), 0);
    v128.store32_lane(dx1 + p, madd(h1, a, z1), 0);
  }
}

/** dx = h gain + (x - center) slope + offset, of two elements of each line at a time. */
export function columnGradient(
  x: usize,
  dy: usize,
  dx: usize,
  count: usize,
  length: usize,
  stride: usize,
  along: bool,
  scale: usize,
  lines: usize,
): void {
  const half = length + 1 >> 1;
  for (let i: usize = 0; i < half; i++, x += stride, dy += stride, dx += stride, scale += 4) {
    const other = i + half < length ? half : 0, distance = other * stride;
    if (along) differentiateBoth(x, dy, dx, distance, count, true, scale, scale + (other << 2), lines);
    else differentiateBoth(x, dy, dx, distance, count, false, 0, 0, lines);
  }
}
