// relu, gelu and silu of normalized values, and their derivatives.

import { madd } from "./lanes";

/** Infinite z are taken for these, so that a factor which has vanished there makes their product 0. */
const LARGEST: f32 = f32.MAX_VALUE;

const RELU: i32 = 1;
const GELU: i32 = 2;

/** y = f(y). */
export function activate(y: usize, length: usize, kind: i32): void {
  for (const end = y + (length << 2); y < end;) {
    const four = y + 16 <= end, z = four ? v128.load(y) : v128.load32_zero(y), f = activation(z, kind);
    if (four) v128.store(y, f);
    else v128.store32_lane(y, f, 0);
    y += four ? 16 : 4;
  }
}

/** dz = dy * f'(z). */
export function activationGradient(z: usize, dy: usize, dz: usize, length: usize, kind: i32): void {
  for (let p: usize = 0, bytes = length << 2; p < bytes;) {
    const four = p + 16 <= bytes;
    const zs = four ? v128.load(z + p) : v128.load32_zero(z + p), dys = four ? v128.load(dy + p) : v128.load32_zero(dy + p);
    const f = gradient(zs, dys, kind);
    if (four) v128.store(dz + p, f);
    else v128.store32_lane(dz + p, f, 0);
    p += four ? 16 : 4;
  }
}

// @ts-ignore: decorator
@inline
function activation(z: v128, kind: i32): v128 {
  if (kind == RELU) return f32x4.max(z, f32x4.splat(0));
  return f32x4.mul(f32x4.max(z, f32x4.splat(-LARGEST)), kind == GELU ? normalDistribution(z) : logistic(z));
}

/** relu' is 0 at 0; gelu'(z) = P(z) + z p(z), with the normal distribution P and its density p; silu'(z) = s (1 + z (1 - s)). */
// @ts-ignore: decorator
@inline
function gradient(z: v128, dy: v128, kind: i32): v128 {
  const one = f32x4.splat(1);
  if (kind == RELU) return v128.and(dy, f32x4.gt(z, f32x4.splat(0)));
  const bounded = f32x4.max(f32x4.min(z, f32x4.splat(LARGEST)), f32x4.splat(-LARGEST));
  if (kind == GELU) {
    const density = f32x4.mul(f32x4.splat(0.3989422804014327), exp(f32x4.mul(f32x4.mul(z, z), f32x4.splat(-0.5))));
    return f32x4.mul(dy, madd(bounded, density, normalDistribution(z)));
  }
  const s = logistic(z);
  return f32x4.mul(dy, f32x4.mul(s, madd(bounded, f32x4.sub(one, s), one)));
}

/** 1 / (1 + exp(-z)). */
// @ts-ignore: decorator
@inline
function logistic(z: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, exp(f32x4.neg(z))));
}

/**
 * P(z) = erfc(-z / sqrt(2)) / 2. For z <= 0 it is exp(-z^2/2) q(t) with t = 1 / (1 + 0.35 |z|) and q of degree 7, whose
 * coefficients are a least squares fit, reweighted until the largest relative error over 0 <= |z| <= 14 was least: 3e-7.
 */
// @ts-ignore: decorator
@inline
function normalDistribution(z: v128): v128 {
  const one = f32x4.splat(1);
  const t = f32x4.div(one, madd(f32x4.abs(z), f32x4.splat(0.35), one));
  let q = f32x4.splat(0.048942599445581436);
  q = madd(q, t, f32x4.splat(-0.20211990177631378));
  q = madd(q, t, f32x4.splat(0.24064181745052338));
  q = madd(q, t, f32x4.splat(-0.017024291679263115));
  q = madd(q, t, f32x4.splat(0.15596190094947815));
  q = madd(q, t, f32x4.splat(0.13335499167442322));
  q = madd(q, t, f32x4.splat(0.14027035236358643));
  q = madd(q, t, f32x4.splat(-2.731634049268905e-5));
  const tail = f32x4.mul(q, exp(f32x4.mul(f32x4.mul(z, z), f32x4.splat(-0.5))));
  return v128.bitselect(f32x4.sub(one, tail), tail, f32x4.gt(z, f32x4.splat(0)));
}

/**
 * exp(x) = 2^n exp(r), where n is the integer nearest to x / ln 2 and exp(r), |r| <= ln(2)/2, is its Taylor polynomial.
 * From 88.4 on it is infinite, from -87.7 down it is 0, as the exponent field of 2^n has it.
 */
// @ts-ignore: decorator
@inline
function exp(x: v128): v128 {
  const bounded = f32x4.max(f32x4.min(x, f32x4.splat(89)), f32x4.splat(-88));
  const n = f32x4.nearest(f32x4.mul(bounded, f32x4.splat(1.4426950408889634)));
  // ln 2 in two parts, the first with so few bits that its product with n is exact.
  const r = madd(n, f32x4.splat(2.1219444e-4), madd(n, f32x4.splat(-0.693359375), bounded));
  const one = f32x4.splat(1);
  let p = f32x4.splat(1.0 / 720);
  p = madd(p, r, f32x4.splat(1.0 / 120));
  p = madd(p, r, f32x4.splat(1.0 / 24));
  p = madd(p, r, f32x4.splat(1.0 / 6));
  p = madd(p, r, f32x4.splat(0.5));
  p = madd(p, r, one);
  p = madd(p, r, one);
  return f32x4.mul(p, i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23));
}
