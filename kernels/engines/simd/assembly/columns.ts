// Lines that lie across memory: element i of line l stands at i * lines + l, so that neighbouring lines share a vector.
// The same functions as in rows.ts, with the same names and meanings. Where `along` is set, scale and bias have one entry
// for each element of a line, shared by all lines.

import { accumulate, fused, high, low, madd, total } from "./lanes";

/** One float32 lane adds up at most this many elements before it is carried over into float64. */
const BLOCK: usize = 32;

/** Sixteen lines are one cache line, and their accumulators fill the registers. */
const WIDTH: usize = 16;

/** The block of WIDTH lines after the one at `l`: the last one overlaps its neighbour, which computes some lines twice. */
// @ts-ignore: decorator
@inline
function next(l: usize, lines: usize): usize {
  return l + WIDTH < lines ? min(l + WIDTH, lines - WIDTH) : lines;
}

/** Mean and sum of squared deviations of each line, by the corrected two-pass algorithm. */
export function columnMoments(x: usize, lines: usize, length: usize, aboutZero: bool, mean: usize, m2: usize): void {
  const row = lines << 2;
  const n = <f64> length;
  let l: usize = 0;
  for (; lines >= WIDTH && l < lines; l = next(l, lines)) {
    let k0 = f32x4.splat(0), k1 = k0, k2 = k0, k3 = k0;
    if (!aboutZero) {
      let p = x + (l << 2);
      // A quarter of the line will do: see pairMoments in line.ts. So will float32: a rough mean may be off by its rounding.
      const part = length < 16 ? length : length >> 2;
      for (let i: usize = 0; i < part; i++, p += row) {
        k0 = f32x4.add(k0, v128.load(p));
        k1 = f32x4.add(k1, v128.load(p, 16));
        k2 = f32x4.add(k2, v128.load(p, 32));
        k3 = f32x4.add(k3, v128.load(p, 48));
      }
      const r = f32x4.splat(1 / <f32> part);
      k0 = f32x4.mul(k0, r);
      k1 = f32x4.mul(k1, r);
      k2 = f32x4.mul(k2, r);
      k3 = f32x4.mul(k3, r);
    }
    const meanAt = mean + (l << 3), m2At = m2 + (l << 3);
    memory.fill(meanAt, 0, WIDTH << 3);
    memory.fill(m2At, 0, WIDTH << 3);
    let p = x + (l << 2);
    for (let i: usize = 0; i < length;) {
      const end = min(i + BLOCK, length);
      let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, q0 = s0, q1 = s0, q2 = s0, q3 = s0;
      for (; i < end; i++, p += row) {
        const d0 = f32x4.sub(v128.load(p), k0);
        const d1 = f32x4.sub(v128.load(p, 16), k1);
        const d2 = f32x4.sub(v128.load(p, 32), k2);
        const d3 = f32x4.sub(v128.load(p, 48), k3);
        s0 = f32x4.add(s0, d0);
        s1 = f32x4.add(s1, d1);
        s2 = f32x4.add(s2, d2);
        s3 = f32x4.add(s3, d3);
        q0 = madd(d0, d0, q0);
        q1 = madd(d1, d1, q1);
        q2 = madd(d2, d2, q2);
        q3 = madd(d3, d3, q3);
      }
      accumulate(meanAt, s0);
      accumulate(meanAt + 32, s1);
      accumulate(meanAt + 64, s2);
      accumulate(meanAt + 96, s3);
      accumulate(m2At, q0);
      accumulate(m2At + 32, q1);
      accumulate(m2At + 64, q2);
      accumulate(m2At + 96, q3);
    }
    correct(meanAt, m2At, k0, n, aboutZero);
    correct(meanAt + 32, m2At + 32, k1, n, aboutZero);
    correct(meanAt + 64, m2At + 64, k2, n, aboutZero);
    correct(meanAt + 96, m2At + 96, k3, n, aboutZero);
  }
  for (; l < lines; l++) {
    let k: f64 = 0, s: f64 = 0, q: f64 = 0;
    for (let i: usize = 0; i < length && !aboutZero; i++) k += <f64> load<f32>(x + i * row + (l << 2));
    k /= n;
    for (let i: usize = 0; i < length; i++) {
      const d = <f64> load<f32>(x + i * row + (l << 2)) - k;
      s += d;
      q += d * d;
    }
    store<f64>(mean + (l << 3), aboutZero ? 0 : k + s / n);
    store<f64>(m2 + (l << 3), aboutZero ? q : max(q - s * s / n, 0));
  }
}

/** Turns the four sums of d = x - k and of d^2 at the addresses into means and sums of squared deviations. */
// @ts-ignore: decorator
@inline
function correct(mean: usize, m2: usize, k: v128, n: f64, aboutZero: bool): void {
  if (aboutZero) {
    memory.fill(mean, 0, 32);
    return;
  }
  const nn = f64x2.splat(n);
  const s0 = v128.load(mean), s1 = v128.load(mean, 16);
  v128.store(mean, f64x2.add(low(k), f64x2.div(s0, nn)));
  v128.store(mean, f64x2.add(high(k), f64x2.div(s1, nn)), 16);
  const zero = f64x2.splat(0);
  v128.store(m2, f64x2.max(f64x2.sub(v128.load(m2), f64x2.div(f64x2.mul(s0, s0), nn)), zero));
  v128.store(m2, f64x2.max(f64x2.sub(v128.load(m2, 16), f64x2.div(f64x2.mul(s1, s1), nn)), zero), 16);
}

/** y = (x - center) * slope + offset, then, along, y * scale + bias. */
export function columnApply(
  x: usize,
  y: usize,
  lines: usize,
  length: usize,
  center: usize,
  slope: usize,
  offset: usize,
  along: bool,
  scale: usize,
  bias: usize,
): void {
  for (let i: usize = 0; i < length; i++, x += lines << 2, y += lines << 2) {
    const g: f32 = along ? load<f32>(scale + (i << 2)) : 1, h: f32 = along ? load<f32>(bias + (i << 2)) : 0;
    const gg = f32x4.splat(g), hh = f32x4.splat(h);
    let l: usize = 0;
    for (; l + 4 <= lines; l += 4) {
      const p = l << 2;
      const v = madd(f32x4.sub(v128.load(x + p), v128.load(center + p)), v128.load(slope + p), v128.load(offset + p));
      v128.store(y + p, along ? madd(v, gg, hh) : v);
    }
    for (; l < lines; l++) {
      const p = l << 2;
      const v = (load<f32>(x + p) - load<f32>(center + p)) * load<f32>(slope + p) + load<f32>(offset + p);
      store<f32>(y + p, along ? v * g + h : v);
    }
  }
}

/** h of four lines: dy - constant or, along, dy scale - constant. */
// @ts-ignore: decorator
@inline
function deviation(dy: usize, constant: usize, along: bool, scale: v128): v128 {
  const d = v128.load(dy), c = v128.load(constant);
  return along ? fused(d, scale, f32x4.neg(c)) : f32x4.sub(d, c);
}

/** sum(h) and sum(h (x - center)) of each line. */
export function columnSums(
  x: usize,
  dy: usize,
  lines: usize,
  length: usize,
  center: usize,
  constant: usize,
  along: bool,
  scale: usize,
  sum: usize,
  product: usize,
): void {
  const row = lines << 2;
  let l: usize = 0;
  for (; lines >= WIDTH && l < lines; l = next(l, lines)) {
    const at = l << 2, sumAt = sum + (l << 3), productAt = product + (l << 3);
    memory.fill(sumAt, 0, WIDTH << 3);
    memory.fill(productAt, 0, WIDTH << 3);
    const c = center + at, m = constant + at;
    let xp = x + at, dp = dy + at;
    for (let i: usize = 0; i < length;) {
      const end = min(i + BLOCK, length);
      let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, q0 = s0, q1 = s0, q2 = s0, q3 = s0;
      for (; i < end; i++, xp += row, dp += row) {
        const g = f32x4.splat(along ? load<f32>(scale + (i << 2)) : 1);
        const h0 = deviation(dp, m, along, g), u0 = f32x4.sub(v128.load(xp), v128.load(c));
        const h1 = deviation(dp + 16, m + 16, along, g), u1 = f32x4.sub(v128.load(xp, 16), v128.load(c, 16));
        const h2 = deviation(dp + 32, m + 32, along, g), u2 = f32x4.sub(v128.load(xp, 32), v128.load(c, 32));
        const h3 = deviation(dp + 48, m + 48, along, g), u3 = f32x4.sub(v128.load(xp, 48), v128.load(c, 48));
        s0 = f32x4.add(s0, h0);
        s1 = f32x4.add(s1, h1);
        s2 = f32x4.add(s2, h2);
        s3 = f32x4.add(s3, h3);
        q0 = madd(h0, u0, q0);
        q1 = madd(h1, u1, q1);
        q2 = madd(h2, u2, q2);
        q3 = madd(h3, u3, q3);
      }
      accumulate(sumAt, s0);
      accumulate(sumAt + 32, s1);
      accumulate(sumAt + 64, s2);
      accumulate(sumAt + 96, s3);
      accumulate(productAt, q0);
      accumulate(productAt + 32, q1);
      accumulate(productAt + 64, q2);
      accumulate(productAt + 96, q3);
    }
  }
  for (; l < lines; l++) {
    const c = <f64> load<f32>(center + (l << 2)), m = <f64> load<f32>(constant + (l << 2));
    let s: f64 = 0, q: f64 = 0;
    for (let i: usize = 0; i < length; i++) {
      const p = i * row + (l << 2), u = <f64> load<f32>(x + p) - c;
      const h = <f64> load<f32>(dy + p) * (along ? <f64> load<f32>(scale + (i << 2)) : 1) - m;
      s += h;
      q += h * u;
    }
    store<f64>(sum + (l << 3), s);
    store<f64>(product + (l << 3), q);
  }
}

/** Adds the sums over lines of dy to dBias and of dy * ((x - center) * slope + offset) to dScale, one for each element of a line. */
export function columnParameterSums(
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
  for (let i: usize = 0; i < length; i++, x += lines << 2, dy += lines << 2) {
    let s: f64 = 0, q: f64 = 0;
    let l: usize = 0;
    while (l < lines) {
      const end = min(l + (BLOCK << 2), lines);
      let ss = f32x4.splat(0), qq = ss;
      for (; l + 4 <= end; l += 4) {
        const p = l << 2;
        const d = v128.load(dy + p);
        ss = f32x4.add(ss, d);
        qq = madd(
          d,
          madd(f32x4.sub(v128.load(x + p), v128.load(center + p)), v128.load(slope + p), v128.load(offset + p)),
          qq,
        );
      }
      for (; l < end; l++) {
        const p = l << 2;
        const d = <f64> load<f32>(dy + p);
        s += d;
        q += d * ((<f64> load<f32>(x + p) - <f64> load<f32>(center + p)) * <f64> load<f32>(slope + p) +
          <f64> load<f32>(offset + p));
      }
      s += total(ss);
      q += total(qq);
    }
    store<f64>(dBias + (i << 3), load<f64>(dBias + (i << 3)) + s);
    store<f64>(dScale + (i << 3), load<f64>(dScale + (i << 3)) + q);
  }
}

/** dx = h gain + (x - center) slope + offset. */
export function columnGradient(
  x: usize,
  dy: usize,
  dx: usize,
  lines: usize,
  length: usize,
  center: usize,
  slope: usize,
  offset: usize,
  gain: usize,
  constant: usize,
  along: bool,
  scale: usize,
): void {
  for (let i: usize = 0; i < length; i++, x += lines << 2, dy += lines << 2, dx += lines << 2) {
    const w: f32 = along ? load<f32>(scale + (i << 2)) : 1, g = f32x4.splat(w);
    let l: usize = 0;
    for (; l + 4 <= lines; l += 4) {
      const p = l << 2, h = deviation(dy + p, constant + p, along, g);
      const d = madd(f32x4.sub(v128.load(x + p), v128.load(center + p)), v128.load(slope + p), v128.load(offset + p));
      v128.store(dx + p, madd(h, v128.load(gain + p), d));
    }
    for (; l < lines; l++) {
      const p = l << 2, h = <f32> (<f64> load<f32>(dy + p) * <f64> w - <f64> load<f32>(constant + p));
      const d = (load<f32>(x + p) - load<f32>(center + p)) * load<f32>(slope + p) + load<f32>(offset + p);
      store<f32>(dx + p, h * load<f32>(gain + p) + d);
    }
  }
}
