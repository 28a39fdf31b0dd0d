// One line that lies along memory, backwards. With g = dy - shift, where the shift is near the mean of dy, h is
//
//     g, or, along, g scale + shift (scale - level), where the level is near the mean of scale:
//
// dy, or dy scale, less a constant. Where dy is far from 0 beside its deviation, differences are taken before float32 products are.

import { madd, total } from "./lanes";
import { BLOCK } from "./line";

// @ts-ignore: decorator
@inline
function deviation(dy: v128, shift: v128, along: bool, scale: usize, level: v128): v128 {
  const g = f32x4.sub(dy, shift);
  if (!along) return g;
  const s = v128.load(scale);
  return madd(g, s, f32x4.mul(f32x4.sub(s, level), shift));
}

/** Stores sum(h) and sum(h (x - c)). If asked to, adds dy to dBias and dy ((x - c) k + b) to dScale, both float32, for each element. */
export function lineSums(
  x: usize,
  dy: usize,
  length: usize,
  c: f32,
  shift: f32,
  along: bool,
  scale: usize,
  level: f32,
  ofParameters: bool,
  k: f32,
  b: f32,
  dScale: usize,
  dBias: usize,
  sum: usize,
  product: usize,
): void {
  const cc = f32x4.splat(c), mm = f32x4.splat(shift), ll = f32x4.splat(level), kk = f32x4.splat(k), bb = f32x4.splat(b);
  let s: f64 = 0, q: f64 = 0;
  let i: usize = 0;
  while (i < length) {
    const end = min(i + BLOCK, length);
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, q0 = s0, q1 = s0, q2 = s0, q3 = s0;
    for (; i + 16 <= end; i += 16) {
      const p = i << 2, xp = x + p, dp = dy + p, gp = scale + p;
      const u0 = f32x4.sub(v128.load(xp), cc), u1 = f32x4.sub(v128.load(xp, 16), cc);
      const u2 = f32x4.sub(v128.load(xp, 32), cc), u3 = f32x4.sub(v128.load(xp, 48), cc);
      const d0 = v128.load(dp), d1 = v128.load(dp, 16), d2 = v128.load(dp, 32), d3 = v128.load(dp, 48);
      const h0 = deviation(d0, mm, along, gp, ll), h1 = deviation(d1, mm, along, gp + 16, ll);
      const h2 = deviation(d2, mm, along, gp + 32, ll), h3 = deviation(d3, mm, along, gp + 48, ll);
      s0 = f32x4.add(s0, h0);
      s1 = f32x4.add(s1, h1);
      s2 = f32x4.add(s2, h2);
      s3 = f32x4.add(s3, h3);
      q0 = madd(h0, u0, q0);
      q1 = madd(h1, u1, q1);
      q2 = madd(h2, u2, q2);
      q3 = madd(h3, u3, q3);
      if (ofParameters) {
        const to = dScale + p, toBias = dBias + p;
        v128.store(toBias, f32x4.add(v128.load(toBias), d0));
        v128.store(toBias, f32x4.add(v128.load(toBias, 16), d1), 16);
        v128.store(toBias, f32x4.add(v128.load(toBias, 32), d2), 32);
        v128.store(toBias, f32x4.add(v128.load(toBias, 48), d3), 48);
        v128.store(to, madd(d0, madd(u0, kk, bb), v128.load(to)));
        v128.store(to, madd(d1, madd(u1, kk, bb), v128.load(to, 16)), 16);
        v128.store(to, madd(d2, madd(u2, kk, bb), v128.load(to, 32)), 32);
        v128.store(to, madd(d3, madd(u3, kk, bb), v128.load(to, 48)), 48);
      }
    }
    for (; i < end; i++) {
      const p = i << 2, u = load<f32>(x + p) - c, d = load<f32>(dy + p), g = <f64> d - <f64> shift;
      const w = along ? <f64> load<f32>(scale + p) : 1, h = along ? g * w + (w - <f64> level) * <f64> shift : g;
      s += h;
      q += h * <f64> u;
      if (ofParameters) {
        store<f32>(dBias + p, load<f32>(dBias + p) + d);
        store<f32>(dScale + p, load<f32>(dScale + p) + d * (u * k + b));
      }
    }
    s += total(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
    q += total(f32x4.add(f32x4.add(q0, q1), f32x4.add(q2, q3)));
  }
  store<f64>(sum, s);
  store<f64>(product, q);
}

/** dx = h gain + (x - c) slope + offset. */
export function lineGradient(
  x: usize,
  dy: usize,
  dx: usize,
  length: usize,
  c: f32,
  slope: f32,
  offset: f32,
  gain: f32,
  shift: f32,
  along: bool,
  scale: usize,
  level: f32,
): void {
  const cc = f32x4.splat(c), kk = f32x4.splat(slope), bb = f32x4.splat(offset), aa = f32x4.splat(gain);
  const mm = f32x4.splat(shift), ll = f32x4.splat(level);
  let i: usize = 0;
  for (; i + 8 <= length; i += 8) {
    const p = i << 2, xp = x + p, dp = dy + p, to = dx + p, gp = scale + p;
    const h0 = deviation(v128.load(dp), mm, along, gp, ll), h1 = deviation(v128.load(dp, 16), mm, along, gp + 16, ll);
    const x0 = madd(f32x4.sub(v128.load(xp), cc), kk, bb), x1 = madd(f32x4.sub(v128.load(xp, 16), cc), kk, bb);
    v128.store(to, madd(h0, aa, x0));
    v128.store(to, madd(h1, aa, x1), 16);
  }
  for (; i < length; i++) {
    const p = i << 2, g = load<f32>(dy + p) - shift, w: f32 = along ? load<f32>(scale + p) : 1;
    const h = along ? g * w + (w - level) * shift : g;
    store<f32>(dx + p, h * gain + ((load<f32>(x + p) - c) * slope + offset));
  }
}
