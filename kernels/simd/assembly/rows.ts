// Lines that lie along memory: line l is the `length` elements from l * length on. A line has one statistic, so one entry
// in each table (center, slope, offset, gain). Where `along` is set, scale and bias vary along the line, and line l uses those from
// index parameter[l] on. Tensors, tables and parameters are float32 and given by their addresses; sums are float64.

import { accumulate, madd, total } from "./lanes";

/** Float32 lanes add up at most this many elements before they are carried over into float64. */
const BLOCK: usize = 2048;

/** And one lane at most this many lines. */
const LINES: usize = 128;

/** Sum of x. */
// @ts-ignore: decorator
@inline
function sum(x: usize, length: usize): f64 {
  let sum: f64 = 0;
  let i: usize = 0;
  while (i < length) {
    const end = min(i + BLOCK, length);
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    for (; i + 16 <= end; i += 16) {
      const p = x + (i << 2);
      s0 = f32x4.add(s0, v128.load(p));
      s1 = f32x4.add(s1, v128.load(p, 16));
      s2 = f32x4.add(s2, v128.load(p, 32));
      s3 = f32x4.add(s3, v128.load(p, 48));
    }
    for (; i + 4 <= end; i += 4) s0 = f32x4.add(s0, v128.load(x + (i << 2)));
    for (; i < end; i++) sum += load<f32>(x + (i << 2));
    sum += total(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
  }
  return sum;
}

/**
 * Mean and sum of squared deviations of each line, by the corrected two-pass algorithm (Chan, Golub and LeVeque 1983):
 * with k near the mean and d = x - k, mean = k + sum(d)/n and m2 = sum(d^2) - sum(d)^2/n. About zero, mean and k are 0 and m2 is sum(x^2).
 */
export function rowMoments(x: usize, lines: usize, length: usize, aboutZero: bool, mean: usize, m2: usize): void {
  const n = <f64> length;
  for (let l: usize = 0; l < lines; l++, x += length << 2) {
    const k: f32 = aboutZero ? <f32> 0 : <f32> (sum(x, length) / n);
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
    store<f64>(mean + (l << 3), aboutZero ? 0 : <f64> k + sd / n);
    store<f64>(m2 + (l << 3), aboutZero ? sdd : sdd - sd * sd / n);
  }
}

/** y = (x - center) * slope + offset, then, along, y * scale + bias. */
export function rowApply(
  x: usize,
  y: usize,
  lines: usize,
  length: usize,
  center: usize,
  slope: usize,
  offset: usize,
  along: bool,
  parameter: usize,
  scale: usize,
  bias: usize,
): void {
  for (let l: usize = 0; l < lines; l++, x += length << 2, y += length << 2) {
    const at = l << 2;
    const c = load<f32>(center + at), a = load<f32>(slope + at), b = load<f32>(offset + at);
    const cc = f32x4.splat(c), aa = f32x4.splat(a), bb = f32x4.splat(b);
    let i: usize = 0;
    if (along) {
      const g = scale + (<usize> load<u32>(parameter + at) << 2), h = bias + (<usize> load<u32>(parameter + at) << 2);
      for (; i + 16 <= length; i += 16) {
        const p = i << 2;
        const xp = x + p, yp = y + p, gp = g + p, hp = h + p;
        const y0 = madd(f32x4.sub(v128.load(xp), cc), aa, bb);
        const y1 = madd(f32x4.sub(v128.load(xp, 16), cc), aa, bb);
        const y2 = madd(f32x4.sub(v128.load(xp, 32), cc), aa, bb);
        const y3 = madd(f32x4.sub(v128.load(xp, 48), cc), aa, bb);
        v128.store(yp, madd(y0, v128.load(gp), v128.load(hp)));
        v128.store(yp, madd(y1, v128.load(gp, 16), v128.load(hp, 16)), 16);
        v128.store(yp, madd(y2, v128.load(gp, 32), v128.load(hp, 32)), 32);
        v128.store(yp, madd(y3, v128.load(gp, 48), v128.load(hp, 48)), 48);
      }
      for (; i < length; i++) {
        const p = i << 2;
        store<f32>(y + p, ((load<f32>(x + p) - c) * a + b) * load<f32>(g + p) + load<f32>(h + p));
      }
    } else {
      for (; i + 16 <= length; i += 16) {
        const p = i << 2;
        v128.store(y + p, madd(f32x4.sub(v128.load(x + p), cc), aa, bb));
        v128.store(y + p, madd(f32x4.sub(v128.load(x + p, 16), cc), aa, bb), 16);
        v128.store(y + p, madd(f32x4.sub(v128.load(x + p, 32), cc), aa, bb), 32);
        v128.store(y + p, madd(f32x4.sub(v128.load(x + p, 48), cc), aa, bb), 48);
      }
      for (; i < length; i++) {
        const p = i << 2;
        store<f32>(y + p, (load<f32>(x + p) - c) * a + b);
      }
    }
  }
}

/** sum(h) and sum(h * (x - center)) of each line, where h = dy or, along, dy * scale. */
export function rowSums(
  x: usize,
  dy: usize,
  lines: usize,
  length: usize,
  center: usize,
  along: bool,
  parameter: usize,
  scale: usize,
  sum: usize,
  product: usize,
): void {
  for (let l: usize = 0; l < lines; l++, x += length << 2, dy += length << 2) {
    const c = load<f32>(center + (l << 2));
    const cc = f32x4.splat(c);
    const g = along ? scale + (<usize> load<u32>(parameter + (l << 2)) << 2) : 0;
    let s: f64 = 0, q: f64 = 0;
    let i: usize = 0;
    while (i < length) {
      const end = min(i + BLOCK, length);
      let s0 = f32x4.splat(0), s1 = s0, q0 = s0, q1 = s0;
      for (; i + 8 <= end; i += 8) {
        const p = i << 2;
        const xp = x + p, dp = dy + p, gp = g + p;
        const h0 = along ? f32x4.mul(v128.load(dp), v128.load(gp)) : v128.load(dp);
        const h1 = along ? f32x4.mul(v128.load(dp, 16), v128.load(gp, 16)) : v128.load(dp, 16);
        s0 = f32x4.add(s0, h0);
        s1 = f32x4.add(s1, h1);
        q0 = madd(h0, f32x4.sub(v128.load(xp), cc), q0);
        q1 = madd(h1, f32x4.sub(v128.load(xp, 16), cc), q1);
      }
      for (; i < end; i++) {
        const p = i << 2;
        const h = <f64> load<f32>(dy + p) * (along ? <f64> load<f32>(g + p) : 1);
        s += h;
        q += h * (<f64> load<f32>(x + p) - <f64> c);
      }
      s += total(f32x4.add(s0, s1));
      q += total(f32x4.add(q0, q1));
    }
    store<f64>(sum + (l << 3), s);
    store<f64>(product + (l << 3), q);
  }
}

/**
 * Adds the sums over lines of dy to dBias and of dy * ((x - center) * slope + offset) to dScale, which are float64 and, like
 * the parameters, vary along the lines; all lines share them from index 0 on.
 */
export function rowParameterSums(
  x: usize,
  dy: usize,
  lines: usize,
  length: usize,
  center: usize,
  slope: usize,
  offset: usize,
  dScale: usize,
  dBias: usize,
): void {
  const row = length << 2;
  for (let first: usize = 0; first < lines; first += LINES) {
    const end = min(first + LINES, lines);
    let i: usize = 0;
    for (; i + 16 <= length; i += 16) {
      let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, q0 = s0, q1 = s0, q2 = s0, q3 = s0;
      let xp = x + first * row + (i << 2), dp = dy + first * row + (i << 2);
      for (let l = first; l < end; l++, xp += row, dp += row) {
        const cc = v128.load32_splat(center + (l << 2));
        const aa = v128.load32_splat(slope + (l << 2));
        const bb = v128.load32_splat(offset + (l << 2));
        const d0 = v128.load(dp), d1 = v128.load(dp, 16), d2 = v128.load(dp, 32), d3 = v128.load(dp, 48);
        s0 = f32x4.add(s0, d0);
        s1 = f32x4.add(s1, d1);
        s2 = f32x4.add(s2, d2);
        s3 = f32x4.add(s3, d3);
        q0 = madd(d0, madd(f32x4.sub(v128.load(xp), cc), aa, bb), q0);
        q1 = madd(d1, madd(f32x4.sub(v128.load(xp, 16), cc), aa, bb), q1);
        q2 = madd(d2, madd(f32x4.sub(v128.load(xp, 32), cc), aa, bb), q2);
        q3 = madd(d3, madd(f32x4.sub(v128.load(xp, 48), cc), aa, bb), q3);
      }
      const at = i << 3;
      accumulate(dBias + at, s0);
      accumulate(dBias + at + 32, s1);
      accumulate(dBias + at + 64, s2);
      accumulate(dBias + at + 96, s3);
      accumulate(dScale + at, q0);
      accumulate(dScale + at + 32, q1);
      accumulate(dScale + at + 64, q2);
      accumulate(dScale + at + 96, q3);
    }
    for (; i < length; i++) {
      let s: f64 = 0, q: f64 = 0;
      for (let l = first; l < end; l++) {
        const p = l * row + (i << 2);
        const d = <f64> load<f32>(dy + p);
        const c = <f64> load<f32>(center + (l << 2));
        s += d;
        q += d * ((<f64> load<f32>(x + p) - c) * <f64> load<f32>(slope + (l << 2)) + <f64> load<f32>(offset + (l << 2)));
      }
      store<f64>(dBias + (i << 3), load<f64>(dBias + (i << 3)) + s);
      store<f64>(dScale + (i << 3), load<f64>(dScale + (i << 3)) + q);
    }
  }
}

/** dx = h * gain + (x - center) * slope + offset, where h = dy or, along, dy * scale. */
export function rowGradient(
  x: usize,
  dy: usize,
  dx: usize,
  lines: usize,
  length: usize,
  center: usize,
  slope: usize,
  offset: usize,
  gain: usize,
  along: bool,
  parameter: usize,
  scale: usize,
): void {
  for (let l: usize = 0; l < lines; l++, x += length << 2, dy += length << 2, dx += length << 2) {
    const at = l << 2;
    const c = load<f32>(center + at), a = load<f32>(gain + at), k = load<f32>(slope + at), b = load<f32>(offset + at);
    const cc = f32x4.splat(c), aa = f32x4.splat(a), kk = f32x4.splat(k), bb = f32x4.splat(b);
    const g = along ? scale + (<usize> load<u32>(parameter + at) << 2) : 0;
    let i: usize = 0;
    for (; i + 8 <= length; i += 8) {
      const p = i << 2;
      const xp = x + p, dp = dy + p, out = dx + p, gp = g + p;
      const h0 = along ? f32x4.mul(v128.load(dp), v128.load(gp)) : v128.load(dp);
      const h1 = along ? f32x4.mul(v128.load(dp, 16), v128.load(gp, 16)) : v128.load(dp, 16);
      const x0 = madd(f32x4.sub(v128.load(xp), cc), kk, bb);
      const x1 = madd(f32x4.sub(v128.load(xp, 16), cc), kk, bb);
      v128.store(out, madd(h0, aa, x0));
      v128.store(out, madd(h1, aa, x1), 16);
    }
    for (; i < length; i++) {
      const p = i << 2;
      const h = load<f32>(dy + p) * (along ? load<f32>(g + p) : 1);
      store<f32>(dx + p, h * a + ((load<f32>(x + p) - c) * k + b));
    }
  }
}
