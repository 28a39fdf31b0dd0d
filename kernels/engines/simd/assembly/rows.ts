// Lines that lie along memory: line l is the `length` elements from l * length on. A line has one statistic, so one entry
// in each table (center, slope, offset, gain). Where `along` is set, scale and bias vary along the line, and line l uses those from
// index parameter[l] on. Tensors, tables and parameters are float32 and given by their addresses; sums are float64.

import { accumulate, madd, total } from "./lanes";
import { BLOCK, lineApply, lineMoments } from "./line";

/** Mean and sum of squared deviations of each line. */
export function rowMoments(x: usize, lines: usize, length: usize, aboutZero: bool, mean: usize, m2: usize): void {
  for (let l: usize = 0; l < lines; l++, x += length << 2) lineMoments(x, length, aboutZero, mean + (l << 3), m2 + (l << 3));
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
    const at = l << 2, c = load<f32>(center + at), a = load<f32>(slope + at), b = load<f32>(offset + at);
    if (along) {
      const from = <usize> load<u32>(parameter + at) << 2;
      lineApply(x, y, length, c, a, b, true, scale + from, bias + from);
    } else lineApply(x, y, length, c, a, b, false, 0, 0);
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
    const at = l << 2, to = l << 3;
    if (along) {
      lineSums(x, dy, length, center + at, true, scale + (<usize> load<u32>(parameter + at) << 2), sum + to, product + to);
    } else {
      lineSums(x, dy, length, center + at, false, 0, sum + to, product + to);
    }
  }
}

// @ts-ignore: decorator
@inline
function lineSums(
  x: usize,
  dy: usize,
  length: usize,
  center: usize,
  along: bool,
  scale: usize,
  sum: usize,
  product: usize,
): void {
  const c = load<f32>(center), cc = f32x4.splat(c);
  let s: f64 = 0, q: f64 = 0;
  let i: usize = 0;
  while (i < length) {
    const end = min(i + BLOCK, length);
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, q0 = s0, q1 = s0, q2 = s0, q3 = s0;
    for (; i + 16 <= end; i += 16) {
      const p = i << 2;
      const xp = x + p, dp = dy + p, gp = scale + p;
      const h0 = along ? f32x4.mul(v128.load(dp), v128.load(gp)) : v128.load(dp);
      const h1 = along ? f32x4.mul(v128.load(dp, 16), v128.load(gp, 16)) : v128.load(dp, 16);
      const h2 = along ? f32x4.mul(v128.load(dp, 32), v128.load(gp, 32)) : v128.load(dp, 32);
      const h3 = along ? f32x4.mul(v128.load(dp, 48), v128.load(gp, 48)) : v128.load(dp, 48);
      s0 = f32x4.add(s0, h0);
      s1 = f32x4.add(s1, h1);
      s2 = f32x4.add(s2, h2);
      s3 = f32x4.add(s3, h3);
      q0 = madd(h0, f32x4.sub(v128.load(xp), cc), q0);
      q1 = madd(h1, f32x4.sub(v128.load(xp, 16), cc), q1);
      q2 = madd(h2, f32x4.sub(v128.load(xp, 32), cc), q2);
      q3 = madd(h3, f32x4.sub(v128.load(xp, 48), cc), q3);
    }
    for (; i < end; i++) {
      const p = i << 2;
      const h = <f64> load<f32>(dy + p) * (along ? <f64> load<f32>(scale + p) : 1);
      s += h;
      q += h * (<f64> load<f32>(x + p) - <f64> c);
    }
    s += total(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
    q += total(f32x4.add(f32x4.add(q0, q1), f32x4.add(q2, q3)));
  }
  store<f64>(sum, s);
  store<f64>(product, q);
}

/**
 * Along, the sums of rowSums, and in the same pass those over lines, for each parameter: dy is added to dBias and
 * dy * ((x - center) * slope + offset) to dScale, both float32.
 */
export function rowParameterSums(
  x: usize,
  dy: usize,
  lines: usize,
  length: usize,
  center: usize,
  slope: usize,
  offset: usize,
  parameter: usize,
  scale: usize,
  sum: usize,
  product: usize,
  dScale: usize,
  dBias: usize,
): void {
  for (let l: usize = 0; l < lines; l++, x += length << 2, dy += length << 2) {
    const at = l << 2, from = <usize> load<u32>(parameter + at) << 2;
    const c = load<f32>(center + at), k = load<f32>(slope + at), b = load<f32>(offset + at);
    const cc = f32x4.splat(c), kk = f32x4.splat(k), bb = f32x4.splat(b);
    let s: f64 = 0, q: f64 = 0;
    let i: usize = 0;
    while (i < length) {
      const end = min(i + BLOCK, length);
      let s0 = f32x4.splat(0), s1 = s0, q0 = s0, q1 = s0;
      for (; i + 16 <= end; i += 16) {
        const p = i << 2;
        const xp = x + p, dp = dy + p, gp = scale + from + p, dsp = dScale + from + p, dbp = dBias + from + p;
        const u0 = f32x4.sub(v128.load(xp), cc), d0 = v128.load(dp);
        const h0 = f32x4.mul(d0, v128.load(gp));
        s0 = f32x4.add(s0, h0);
        q0 = madd(h0, u0, q0);
        v128.store(dbp, f32x4.add(v128.load(dbp), d0));
        v128.store(dsp, madd(d0, madd(u0, kk, bb), v128.load(dsp)));
        const u1 = f32x4.sub(v128.load(xp, 16), cc), d1 = v128.load(dp, 16);
        const h1 = f32x4.mul(d1, v128.load(gp, 16));
        s1 = f32x4.add(s1, h1);
        q1 = madd(h1, u1, q1);
        v128.store(dbp, f32x4.add(v128.load(dbp, 16), d1), 16);
        v128.store(dsp, madd(d1, madd(u1, kk, bb), v128.load(dsp, 16)), 16);
        const u2 = f32x4.sub(v128.load(xp, 32), cc), d2 = v128.load(dp, 32);
        const h2 = f32x4.mul(d2, v128.load(gp, 32));
        s0 = f32x4.add(s0, h2);
        q0 = madd(h2, u2, q0);
        v128.store(dbp, f32x4.add(v128.load(dbp, 32), d2), 32);
        v128.store(dsp, madd(d2, madd(u2, kk, bb), v128.load(dsp, 32)), 32);
        const u3 = f32x4.sub(v128.load(xp, 48), cc), d3 = v128.load(dp, 48);
        const h3 = f32x4.mul(d3, v128.load(gp, 48));
        s1 = f32x4.add(s1, h3);
        q1 = madd(h3, u3, q1);
        v128.store(dbp, f32x4.add(v128.load(dbp, 48), d3), 48);
        v128.store(dsp, madd(d3, madd(u3, kk, bb), v128.load(dsp, 48)), 48);
      }
      for (; i < end; i++) {
        const p = i << 2, to = from + p;
        const u = load<f32>(x + p) - c, d = load<f32>(dy + p);
        const h = <f64> d * <f64> load<f32>(scale + to);
        s += h;
        q += h * <f64> u;
        store<f32>(dBias + to, load<f32>(dBias + to) + d);
        store<f32>(dScale + to, load<f32>(dScale + to) + d * (u * k + b));
      }
      s += total(f32x4.add(s0, s1));
      q += total(f32x4.add(q0, q1));
    }
    store<f64>(sum + (l << 3), s);
    store<f64>(product + (l << 3), q);
  }
}

/** Adds float32 sums to float64 ones, and clears them. Lengths are rounded up to a multiple of four. */
export function carry(from: usize, to: usize, length: usize): void {
  const zero = f32x4.splat(0);
  for (let i: usize = 0; i < length; i += 4) {
    accumulate(to + (i << 3), v128.load(from + (i << 2)));
    v128.store(from + (i << 2), zero);
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
    const c = load<f32>(center + at), k = load<f32>(slope + at), b = load<f32>(offset + at), a = load<f32>(gain + at);
    if (along) lineGradient(x, dy, dx, length, c, k, b, a, true, scale + (<usize> load<u32>(parameter + at) << 2));
    else lineGradient(x, dy, dx, length, c, k, b, a, false, 0);
  }
}

// @ts-ignore: decorator
@inline
function lineGradient(
  x: usize,
  dy: usize,
  dx: usize,
  length: usize,
  c: f32,
  k: f32,
  b: f32,
  a: f32,
  along: bool,
  scale: usize,
): void {
  const cc = f32x4.splat(c), kk = f32x4.splat(k), bb = f32x4.splat(b), aa = f32x4.splat(a);
  let i: usize = 0;
  for (; i + 16 <= length; i += 16) {
    const p = i << 2;
    const xp = x + p, dp = dy + p, to = dx + p, gp = scale + p;
    const h0 = along ? f32x4.mul(v128.load(dp), v128.load(gp)) : v128.load(dp);
    const h1 = along ? f32x4.mul(v128.load(dp, 16), v128.load(gp, 16)) : v128.load(dp, 16);
    const h2 = along ? f32x4.mul(v128.load(dp, 32), v128.load(gp, 32)) : v128.load(dp, 32);
    const h3 = along ? f32x4.mul(v128.load(dp, 48), v128.load(gp, 48)) : v128.load(dp, 48);
    const x0 = madd(f32x4.sub(v128.load(xp), cc), kk, bb);
    const x1 = madd(f32x4.sub(v128.load(xp, 16), cc), kk, bb);
    const x2 = madd(f32x4.sub(v128.load(xp, 32), cc), kk, bb);
    const x3 = madd(f32x4.sub(v128.load(xp, 48), cc), kk, bb);
    v128.store(to, madd(h0, aa, x0));
    v128.store(to, madd(h1, aa, x1), 16);
    v128.store(to, madd(h2, aa, x2), 32);
    v128.store(to, madd(h3, aa, x3), 48);
  }
  for (; i < length; i++) {
    const p = i << 2;
    const h = load<f32>(dy + p) * (along ? load<f32>(scale + p) : 1);
    store<f32>(dx + p, h * a + ((load<f32>(x + p) - c) * k + b));
  }
}
