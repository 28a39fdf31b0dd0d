// One line that lies along memory: its moments, and its affine map.

import { madd, total } from "./lanes";

/** Float32 lanes add up at most this many elements before they are carried over into float64. */
export const BLOCK: usize = 1024;

/** So many bytes are touched before they are read again and written elsewhere: an eighth of a nearest cache or less. */
const TOUCHED: usize = 4096;

/** What touching adds up to: nobody asks, but a load whose value is not used would be left out. */
let touched: f32 = 0;

// @ts-ignore: decorator
@inline
function quarterOf(length: usize): usize {
  return length < 16 ? length : (length < 64 ? length : length >> 2) & ~15;
}

/**
 * What to subtract from a line of gradients: a mean of its first quarter where that is far from 0 beside the deviation, else 0. For
 * there a difference would be rounded, numbers of one size all in one direction, and that adds up. The addresses are of scratch memory.
 */
export function shiftOf(dy: usize, length: usize, mean: usize, m2: usize): f32 {
  const part = quarterOf(length);
  lineMoments(dy, part, false, mean, m2);
  const mu = load<f64>(mean);
  return mu * mu * <f64> part > 16 * load<f64>(m2) ? <f32> mu : 0;
}

/**
 * A mean that is near enough: that of the first quarter of a line, in whole blocks. Where it is off by e, m2 is the difference of two
 * sums that are larger by (e / deviation)^2, and that is hardly more than 4, for the quarter's elements count in the deviation too.
 */
function roughMean(x: usize, length: usize): f32 {
  const part = quarterOf(length);
  return <f32> (sumAbout(x, part, 0) / <f64> part);
}

/** sum(x - c) of a line. */
export function sumAbout(x: usize, length: usize, c: f32): f64 {
  const cc = f32x4.splat(c);
  let sum: f64 = 0;
  let i: usize = 0;
  while (i < length) {
    const end = min(i + BLOCK, length);
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    for (; i + 16 <= end; i += 16) {
      const p = x + (i << 2);
      s0 = f32x4.add(s0, f32x4.sub(v128.load(p), cc));
      s1 = f32x4.add(s1, f32x4.sub(v128.load(p, 16), cc));
      s2 = f32x4.add(s2, f32x4.sub(v128.load(p, 32), cc));
      s3 = f32x4.add(s3, f32x4.sub(v128.load(p, 48), cc));
    }
    for (; i < end; i++) sum += <f64> load<f32>(x + (i << 2)) - <f64> c;
    sum += total(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
  }
  return sum;
}

/**
 * Stores the mean and the sum of squared deviations of a line, by the corrected two-pass algorithm (Chan, Golub and LeVeque 1983):
 * with k near the mean and d = x - k, mean = k + sum(d)/n and m2 = sum(d^2) - sum(d)^2/n. About zero, mean and k are 0 and m2 is sum(x^2).
 */
export function lineMoments(x: usize, length: usize, aboutZero: bool, mean: usize, m2: usize): void {
  const n = <f64> length;
  const k: f32 = aboutZero ? <f32> 0 : roughMean(x, length);
  const kk = f32x4.splat(k);
  let sd: f64 = 0, sdd: f64 = 0;
  let i: usize = 0;
  while (i < length) {
    const end = min(i + BLOCK, length);
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, q0 = s0, q1 = s0, q2 = s0, q3 = s0;
    for (; i + 16 <= end; i += 16) {
      const p = x + (i << 2);
      const d0 = f32x4.sub(v128.load(p), kk);
      const d1 = f32x4.sub(v128.load(p, 16), kk);
      const d2 = f32x4.sub(v128.load(p, 32), kk);
      const d3 = f32x4.sub(v128.load(p, 48), kk);
      s0 = f32x4.add(s0, d0);
      s1 = f32x4.add(s1, d1);
      s2 = f32x4.add(s2, d2);
      s3 = f32x4.add(s3, d3);
      q0 = madd(d0, d0, q0);
      q1 = madd(d1, d1, q1);
      q2 = madd(d2, d2, q2);
      q3 = madd(d3, d3, q3);
    }
    for (; i + 4 <= end; i += 4) {
      const d = f32x4.sub(v128.load(x + (i << 2)), kk);
      s0 = f32x4.add(s0, d);
      q0 = madd(d, d, q0);
    }
    for (; i < end; i++) {
      const d = <f64> load<f32>(x + (i << 2)) - <f64> k;
      sd += d;
      sdd += d * d;
    }
    sd += total(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
    sdd += total(f32x4.add(f32x4.add(q0, q1), f32x4.add(q2, q3)));
  }
  store<f64>(mean, aboutZero ? 0 : <f64> k + sd / n);
  store<f64>(m2, aboutZero ? sdd : max(sdd - sd * sd / n, 0));
}

/** The same of lines that are `stride` bytes apart and share a statistic: merged, as Chan, Golub and LeVeque (1979) have it. */
export function linesMoments(
  x: usize,
  lines: usize,
  length: usize,
  stride: usize,
  aboutZero: bool,
  mean: usize,
  m2: usize,
): void {
  if (stride == length << 2) return lineMoments(x, lines * length, aboutZero, mean, m2);
  let mu: f64 = 0, squares: f64 = 0;
  for (let l: usize = 0; l < lines; l++, x += stride) {
    lineMoments(x, length, aboutZero, mean, m2);
    const d = load<f64>(mean) - mu, had = <f64> l, n = <f64> (l + 1);
    squares += load<f64>(m2) + d * d * (<f64> length * had / n);
    mu += d / n;
  }
  store<f64>(mean, mu);
  store<f64>(m2, squares);
}

/**
 * y = (x - c) * a + b, then, along, y * scale + bias. A long line is touched before it is written elsewhere, a block at a time: one that
 * is read while another one is written comes slower than one that is read alone.
 */
export function lineApply(
  x: usize,
  y: usize,
  length: usize,
  c: f32,
  a: f32,
  b: f32,
  along: bool,
  scale: usize,
  bias: usize,
): void {
  const cc = f32x4.splat(c), aa = f32x4.splat(a), bb = f32x4.splat(b), bytes = length << 2, blocks = bytes & ~63;
  const step = x == y || bytes <= TOUCHED ? bytes : TOUCHED;
  let p: usize = 0;
  while (p < blocks) {
    const end = min(p + step, blocks);
    if (step < bytes) {
      let t: f32 = 0;
      for (let q = p; q < end; q += 64) t += load<f32>(x + q);
      touched = t;
    }
    for (; p < end; p += 64) {
      const xp = x + p, yp = y + p, gp = scale + p, hp = bias + p;
      let y0 = madd(f32x4.sub(v128.load(xp), cc), aa, bb);
      let y1 = madd(f32x4.sub(v128.load(xp, 16), cc), aa, bb);
      let y2 = madd(f32x4.sub(v128.load(xp, 32), cc), aa, bb);
      let y3 = madd(f32x4.sub(v128.load(xp, 48), cc), aa, bb);
      if (along) {
        y0 = madd(y0, v128.load(gp), v128.load(hp));
        y1 = madd(y1, v128.load(gp, 16), v128.load(hp, 16));
        y2 = madd(y2, v128.load(gp, 32), v128.load(hp, 32));
        y3 = madd(y3, v128.load(gp, 48), v128.load(hp, 48));
      }
      v128.store(yp, y0);
      v128.store(yp, y1, 16);
      v128.store(yp, y2, 32);
      v128.store(yp, y3, 48);
    }
  }
  for (; p + 16 <= bytes; p += 16) {
    const v = madd(f32x4.sub(v128.load(x + p), cc), aa, bb);
    v128.store(y + p, along ? madd(v, v128.load(scale + p), v128.load(bias + p)) : v);
  }
  for (; p < bytes; p += 4) {
    const v = (load<f32>(x + p) - c) * a + b;
    store<f32>(y + p, along ? v * load<f32>(scale + p) + load<f32>(bias + p) : v);
  }
}
