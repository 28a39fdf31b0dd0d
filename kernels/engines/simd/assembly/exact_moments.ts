// Moments in float64 throughout, for statistics that are merged a million times and must come out as if in one pass. NaN is a
// missing value. Each line is taken about its first value, k, and once more about its mean where k was far off.

import { high, low, maddDouble } from "./lanes";

/** Eight lines have as many accumulators as there are registers. */
const WIDTH: usize = 8;

/** sum(d^2) may be so many times m2: then k is within 4 deviations of the mean, and the difference that m2 is loses 4 bits at most. */
const MAX_LOSS: f64 = 16;

// @ts-ignore: decorator
@inline
function isPresent(x: v128): v128 {
  return f32x4.eq(x, x);
}

/** The upper two lanes, where the lower ones are. */
// @ts-ignore: decorator
@inline
function upper(n: v128): v128 {
  return v128.shuffle<i32>(n, n, 2, 3, 2, 3);
}

// @ts-ignore: decorator
@inline
function sum(v: v128): f64 {
  return f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1);
}

/** The first values of four lines, NaN where there are none. */
// @ts-ignore: decorator
@inline
function firstOfFour(x: usize, row: usize, length: usize): v128 {
  let first = v128.load(x);
  for (let i: usize = 1; i < length && !i32x4.all_true(isPresent(first)); i++) {
    x += row;
    first = v128.bitselect(first, v128.load(x), isPresent(first));
  }
  return first;
}

/** Four means as float32. */
// @ts-ignore: decorator
@inline
function meansOfFour(mean: usize): v128 {
  const a = f32x4.demote_f64x2_zero(v128.load(mean)), b = f32x4.demote_f64x2_zero(v128.load(mean, 16));
  return v128.shuffle<i32>(a, b, 0, 1, 4, 5);
}

/**
 * Writes the moments of two lines, from n and the sums of d = x - k and d^2, to places `at` (in bytes) of the tables. The mean is k + e
 * and its rest what rounding takes from that (Knuth's two-sum). Returns for which of them k was near enough.
 */
// @ts-ignore: decorator
@inline
function writePair(at: usize, n: v128, k: v128, sd: v128, sdd: v128, count: usize, mean: usize, rest: usize, m2: usize): v128 {
  const e = f64x2.div(sd, n), total = f64x2.add(k, e), added = f64x2.sub(total, k);
  const squares = f64x2.max(f64x2.sub(sdd, f64x2.mul(sd, e)), f64x2.splat(0));
  v128.store(count + at, n);
  v128.store(mean + at, total);
  v128.store(rest + at, f64x2.add(f64x2.sub(k, f64x2.sub(total, added)), f64x2.sub(e, added)));
  v128.store(m2 + at, squares);
  return f64x2.le(sdd, f64x2.mul(squares, f64x2.splat(MAX_LOSS)));
}

/**
 * The moments of eight lines about ka and kb, of which all values are there unless some may be `missing`; returns whether that was so
 * and k near enough.
 */
// @ts-ignore: decorator
@inline
function eightLines(
  x: usize,
  row: usize,
  length: usize,
  ka: v128,
  kb: v128,
  at: usize,
  count: usize,
  mean: usize,
  rest: usize,
  m2: usize,
  missing: bool,
): bool {
  const k0 = low(ka), k1 = high(ka), k2 = low(kb), k3 = high(kb);
  let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0, q0 = s0, q1 = s0, q2 = s0, q3 = s0;
  let na = i32x4.splat(0), nb = na;
  for (let i: usize = 0; i < length; i++, x += row) {
    let a = v128.load(x), b = v128.load(x, 16);
    if (missing) {
      const hasA = isPresent(a), hasB = isPresent(b);
      na = i32x4.sub(na, hasA);
      nb = i32x4.sub(nb, hasB);
      a = v128.bitselect(a, ka, hasA);
      b = v128.bitselect(b, kb, hasB);
    }
    const d0 = f64x2.sub(low(a), k0), d1 = f64x2.sub(high(a), k1);
    const d2 = f64x2.sub(low(b), k2), d3 = f64x2.sub(high(b), k3);
    s0 = f64x2.add(s0, d0);
    s1 = f64x2.add(s1, d1);
    s2 = f64x2.add(s2, d2);
    s3 = f64x2.add(s3, d3);
    q0 = maddDouble(d0, d0, q0);
    q1 = maddDouble(d1, d1, q1);
    q2 = maddDouble(d2, d2, q2);
    q3 = maddDouble(d3, d3, q3);
  }
  if (!missing) na = nb = i32x4.splat(<i32> length);
  const n0 = f64x2.convert_low_i32x4_u(na), n1 = f64x2.convert_low_i32x4_u(upper(na));
  const n2 = f64x2.convert_low_i32x4_u(nb), n3 = f64x2.convert_low_i32x4_u(upper(nb));
  const f0 = writePair(at, n0, k0, s0, q0, count, mean, rest, m2);
  const f1 = writePair(at + 16, n1, k1, s1, q1, count, mean, rest, m2);
  const f2 = writePair(at + 32, n2, k2, s2, q2, count, mean, rest, m2);
  const f3 = writePair(at + 48, n3, k3, s3, q3, count, mean, rest, m2);
  return i64x2.all_true(v128.and(v128.and(f0, f1), v128.and(f2, f3)));
}

/** The moments of one line, whose elements are `step` bytes apart, about k; returns whether that was near enough. */
function oneLine(
  x: usize,
  step: usize,
  length: usize,
  k: f32,
  at: usize,
  count: usize,
  mean: usize,
  rest: usize,
  m2: usize,
): bool {
  const end = x + length * step, center = <f64> k;
  let n: f64 = 0, sd: f64 = 0, sdd: f64 = 0;
  if (step == 4) {
    const ka = f32x4.splat(k), k0 = low(ka);
    let s0 = f64x2.splat(0), s1 = s0, q0 = s0, q1 = s0, na = i32x4.splat(0);
    for (; x + 16 <= end; x += 16) {
      const loaded = v128.load(x), has = isPresent(loaded), a = v128.bitselect(loaded, ka, has);
      na = i32x4.sub(na, has);
      const d0 = f64x2.sub(low(a), k0), d1 = f64x2.sub(high(a), k0);
      s0 = f64x2.add(s0, d0);
      s1 = f64x2.add(s1, d1);
      q0 = maddDouble(d0, d0, q0);
      q1 = maddDouble(d1, d1, q1);
    }
    n = sum(f64x2.add(f64x2.convert_low_i32x4_u(na), f64x2.convert_low_i32x4_u(upper(na))));
    sd = sum(f64x2.add(s0, s1));
    sdd = sum(f64x2.add(q0, q1));
  }
  for (; x < end; x += step) {
    const value = load<f32>(x);
    if (isNaN(value)) continue;
    const d = <f64> value - center;
    n += 1;
    sd += d;
    sdd += d * d;
  }
  const e = sd / n, total = center + e, added = total - center, squares = max(sdd - sd * e, 0);
  store<f64>(count + at, n);
  store<f64>(mean + at, total);
  store<f64>(rest + at, (center - (total - added)) + (e - added));
  store<f64>(m2 + at, squares);
  return !(sdd > squares * MAX_LOSS);
}

/** The same about the first value of the line, then about its mean if need be. */
// @ts-ignore: decorator
@inline
function line(x: usize, step: usize, length: usize, at: usize, count: usize, mean: usize, rest: usize, m2: usize): void {
  const end = x + length * step;
  let first = x;
  while (first < end && isNaN(load<f32>(first))) first += step;
  const k: f32 = first < end ? load<f32>(first) : 0;
  if (oneLine(x, step, length, k, at, count, mean, rest, m2)) return;
  oneLine(x, step, length, <f32> load<f64>(mean + at), at, count, mean, rest, m2);
}

/** Count, mean, its rest, and sum of squared deviations of each line; element i of line l stands at i * lines + l. */
export function columnExactMoments(x: usize, lines: usize, length: usize, count: usize, mean: usize, rest: usize, m2: usize): void {
  const row = lines << 2;
  let l: usize = 0;
  // The last block overlaps its neighbour, which computes some lines twice.
  for (; lines >= WIDTH && l < lines; l = l + WIDTH < lines ? min(l + WIDTH, lines - WIDTH) : lines) {
    const p = x + (l << 2), at = l << 3, to = mean + at;
    if (eightLines(p, row, length, v128.load(p), v128.load(p, 16), at, count, mean, rest, m2, false)) continue;
    // Otherwise k is far off, or a value is NaN and so are the results.
    const ka = firstOfFour(p, row, length), kb = firstOfFour(p + 16, row, length);
    if (eightLines(p, row, length, ka, kb, at, count, mean, rest, m2, true)) continue;
    eightLines(p, row, length, meansOfFour(to), meansOfFour(to + 32), at, count, mean, rest, m2, true);
  }
  for (; l < lines; l++) line(x + (l << 2), row, length, l << 3, count, mean, rest, m2);
}

/** The same of lines that lie along memory: line l is the `length` elements from l * length on. */
export function rowExactMoments(x: usize, lines: usize, length: usize, count: usize, mean: usize, rest: usize, m2: usize): void {
  for (let l: usize = 0; l < lines; l++) line(x + ((l * length) << 2), 4, length, l << 3, count, mean, rest, m2);
}
