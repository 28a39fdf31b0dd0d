// Sums, table and gradient of a few statistics after the other, each while its lines are in the nearest caches; see row_norm.ts.

import { add } from "./add";
import { means, runMoments } from "./line";
import { inverses } from "./row_norm";
import { rowGradient, rowMoments, rowShifts, rowSums, together } from "./rows";
import { areModerate, areUsual, isLarge, isUnusual, rounded, storePair } from "./tables";

/** What is left to do for a statistic: nothing, its dx, or that and its part of dScale. */
const NOTHING: u32 = 0;
const DX: u32 = 1;
const DX_AND_SCALE: u32 = 2;

/** The tables of the sums of two statistics at once, along, by the formulas below; false if float32 may not hold them. */
// @ts-ignore: decorator
@inline
function tabulateSums(
  mean: usize,
  squares: v128,
  inverse: usize,
  subtractMean: bool,
  least: f64,
  shift: usize,
  level: usize,
  constant32: usize,
  center32: usize,
  slope32: usize,
  offset32: usize,
): bool {
  const mu = v128.load(mean), r = v128.load(inverse), zero = f64x2.splat(0);
  const c = subtractMean ? mu : zero, off = f64x2.mul(f64x2.sub(rounded(c), c), r);
  const moderate = v128.and(areModerate(f64x2.add(mu, squares)), v128.and(areModerate(c), areModerate(off)));
  if (!i64x2.all_true(v128.and(v128.and(moderate, areUsual(r)), f64x2.ge(squares, f64x2.splat(least))))) return false;
  const m = subtractMean ? v128.load(shift) : zero;
  v128.store(shift, m);
  storePair(constant32, v128.and(f64x2.mul(m, v128.load(level)), f64x2.ne(m, zero)));
  storePair(center32, c);
  storePair(slope32, r);
  storePair(offset32, off);
  return true;
}

/** The tables of the gradient of two statistics at once, along, by the formulas below; false if float32 may not hold them. */
// @ts-ignore: decorator
@inline
function tabulateGradient(
  mean: usize,
  inverse: usize,
  sum: usize,
  product: usize,
  aboutZero: bool,
  subtractMean: bool,
  factor: f64,
  n: f64,
  smallest: f64,
  constant32: usize,
  center32: usize,
  slope32: usize,
  offset32: usize,
  gain32: usize,
): bool {
  const mu = v128.load(mean), r = v128.load(inverse), a = v128.load(sum), zero = f64x2.splat(0);
  const c = subtractMean ? mu : zero, center = aboutZero ? zero : mu;
  const q = f64x2.add(v128.load(product), f64x2.mul(f64x2.sub(rounded(c), c), a));
  const derivative = f64x2.mul(f64x2.mul(f64x2.mul(f64x2.splat(-factor), r), r), f64x2.mul(r, f64x2.splat(0.5)));
  const k = f64x2.mul(f64x2.mul(f64x2.splat(2 / n), derivative), q);
  const constant = f64x2.promote_low_f32x4(v128.load64_zero(constant32)), length = f64x2.splat(n);
  const meanOfH = f64x2.div(f64x2.add(a, f64x2.mul(constant, length)), length);
  const below = subtractMean ? f64x2.mul(r, f64x2.sub(constant, meanOfH)) : zero;
  const b = f64x2.add(below, f64x2.mul(f64x2.sub(rounded(center), center), k));
  const moderate = v128.and(areModerate(f64x2.add(a, q)), v128.and(areModerate(center), areModerate(b)));
  if (!i64x2.all_true(v128.and(v128.and(moderate, areUsual(k)), f64x2.ge(f64x2.abs(q), f64x2.splat(smallest))))) return false;
  storePair(center32, center);
  storePair(slope32, k);
  storePair(offset32, b);
  storePair(gain32, r);
  return true;
}

/**
 * dx = h r - mean(h) r [where the mean is subtracted] + (2/n) r' sum(h z) (x - mean) [+ dSum], of statistics of `lines` neighbouring lines each,
 * where h = dy * scale along (where a statistic has one line), or else dy * weight of its line; shifted as passes/gradient_sums.ts says.
 * Means and r are `given`, or else written, with the sums of squared deviations; for each line sum(dy) and sum(dy z) (not along), or, along and if asked to, sums of
 * parameters as in rowSums. Returns for how many statistics something is left, which float32 cannot hold. The last five addresses are of tables of
 * float32 to work with.
 */
export function rowDifferentiate(
  x: usize,
  dy: usize,
  dx: usize,
  dSum: usize,
  statistics: usize,
  lines: usize,
  length: usize,
  stride: usize,
  aboutZero: bool,
  subtractMean: bool,
  factor: f64,
  inside: f64,
  outside: f64,
  floor: f64,
  given: bool,
  weight: usize,
  along: bool,
  parameter: usize,
  scale: usize,
  level: usize,
  ofParameters: bool,
  dScale: usize,
  dBias: usize,
  mean: usize,
  m2: usize,
  inverse: usize,
  sum: usize,
  product: usize,
  shift: usize,
  left: usize,
  center32: usize,
  slope32: usize,
  offset32: usize,
  gain32: usize,
  constant32: usize,
): i32 {
  const n = <f64> (lines * length), reciprocal = factor / n, least = floor * n, length64 = <f64> length, many = together(lines, length, stride);
  // Lines that are apart have one parameter, and one shift does for them all.
  const apart = stride != length << 2;
  let unfinished = 0;
  for (let from: usize = 0; from < statistics; from += many) {
    const end = min(from + many, statistics), first = from * lines, last = end * lines, start = first * stride;
    if (!given) rowMoments(x + start, end - from, lines, length, stride, aboutZero, mean + (from << 3), m2 + (from << 3));
    if (subtractMean) rowShifts(dy + start, apart ? 1 : last - first, length, stride, along, shift + (first << 3));
    let missing = 0;
    for (let s = from; s < end; s++) {
      if (along && s + 1 < end) {
        const two = s << 3, two32 = s << 2, c32 = center32 + two32, k32 = slope32 + two32, b32 = offset32 + two32;
        if (!given) v128.store(inverse + two, inverses(v128.load(m2 + two), reciprocal, inside, outside));
        const squares = given ? f64x2.splat(least) : v128.load(m2 + two);
        if (tabulateSums(mean + two, squares, inverse + two, subtractMean, least, shift + two, level + two, constant32 + two32, c32, k32, b32)) {
          v128.store64_lane(left + two32, i64x2.splat(0), 0);
          s++;
          continue;
        }
      }
      const at = s << 3, mu = load<f64>(mean + at), squares = given ? 1 : load<f64>(m2 + at);
      const r = given ? load<f64>(inverse + at) : 1 / (sqrt(reciprocal * squares + inside) + outside);
      const c = subtractMean ? mu : 0, c32 = <f32> c, off = (<f64> c32 - c) * r;
      const usual = abs(mu + squares) < Infinity && (given || squares >= least) && !isLarge(c) && !isUnusual(r) && !isLarge(off);
      for (let l = s * lines; l < (s + 1) * lines; l++) {
        const to = l << 2, m = subtractMean ? load<f64>(shift + ((apart ? first : l) << 3)) : 0;
        store<f64>(shift + (l << 3), m);
        store<f32>(constant32 + to, <f32> (along && m != 0 ? m * load<f64>(level + (l << 3)) : m));
        store<f32>(center32 + to, c32);
        store<f32>(slope32 + to, <f32> r);
        store<f32>(offset32 + to, <f32> off);
      }
      store<f64>(inverse + at, r);
      store<u32>(left + (s << 2), usual ? NOTHING : DX_AND_SCALE);
      missing += usual ? 0 : 1;
    }
    const at = first << 2, to = first << 3, x0 = x + start, dy0 = dy + start, dx0 = dx + start, lefts = left + (from << 2);
    rowSums(
      x0,
      dy0,
      last - first,
      length,
      stride,
      center32 + at,
      slope32 + at,
      offset32 + at,
      constant32 + at,
      along,
      parameter + at,
      scale,
      ofParameters,
      dScale,
      dBias,
      sum + to,
      product + to,
      missing ? lefts : 0,
      lines,
    );
    for (let s = from; s < end; s++) {
      if (along && s + 1 < end && outside == 0 && load<u64>(left + (s << 2)) == 0) {
        const two = s << 3, two32 = s << 2, c32 = center32 + two32, k32 = slope32 + two32, b32 = offset32 + two32, r32 = gain32 + two32;
        const r = inverse + two, smallest = floor * length64;
        if (tabulateGradient(mean + two, r, sum + two, product + two, aboutZero, subtractMean, factor, n, smallest, constant32 + two32, c32, k32, b32, r32)) {
          s++;
          continue;
        }
      }
      if (load<u32>(left + (s << 2)) != NOTHING) {
        for (let l = s * lines; l < (s + 1) * lines; l++) {
          const to = l << 3;
          store<f64>(sum + to, load<f64>(sum + to) + load<f64>(shift + to) * length64);
        }
        continue;
      }
      const at = s << 3, mu = load<f64>(mean + at), squares = given ? 1 : load<f64>(m2 + at), r = load<f64>(inverse + at);
      const c = subtractMean ? mu : 0, off = <f64> <f32> c - c;
      let shifted = false;
      for (let l = s * lines; l < (s + 1) * lines; l++) shifted = shifted || load<f64>(shift + (l << 3)) != 0;
      let sums: f64 = 0, products: f64 = 0, constants: f64 = 0, ofConstants: f64 = 0, z: f64 = 0, usable = true;
      for (let l = s * lines; l < (s + 1) * lines; l++) {
        const to = l << 3, m = load<f64>(shift + to), w = along ? 1 : load<f64>(weight + to);
        const constant = w * <f64> load<f32>(constant32 + (l << 2));
        const a = load<f64>(sum + to), b = load<f64>(product + to) + off * a;
        // sum(x - c): it is 0 where these are all elements of a statistic that was measured, and of no account along.
        let d: f64 = 0;
        if (shifted && ((lines > 1 && !apart) || (given && !along))) {
          runMoments(x + l * stride, 1, length, length << 2, false);
          d = (f64x2.extract_lane(means, 0) - c) * length64;
        }
        usable = usable && abs(a + b) < Infinity && abs(b) >= floor * length64;
        sums += w * a;
        products += w * b;
        constants += constant * length64;
        ofConstants += constant * d;
        z += d;
        store<f64>(sum + to, a + m * length64);
        store<f64>(product + to, b + m * d);
      }
      const derivative = outside == 0 ? -factor * r * r * (r / 2) : squares == 0 ? 0 : -r * r / (2 * sqrt(squares / n));
      const slope = 2 / n * derivative * (products + (ofConstants - constants / n * z)), meanOfH = (sums + constants) / n;
      const center = aboutZero ? 0 : mu, c32 = <f32> center, offset = (<f64> c32 - center) * slope;
      usable = usable && !isLarge(center) && !isUnusual(slope);
      for (let l = s * lines; l < (s + 1) * lines; l++) {
        const to = l << 2, w = along ? 1 : load<f64>(weight + (l << 3)), constant = w * <f64> load<f32>(constant32 + to);
        const b = (subtractMean ? r * (constant - meanOfH) : 0) + offset;
        usable = usable && !isUnusual(r * w) && !isLarge(b);
        store<f32>(center32 + to, c32);
        store<f32>(slope32 + to, <f32> slope);
        store<f32>(offset32 + to, <f32> b);
        store<f32>(gain32 + to, <f32> (r * w));
      }
      if (usable) continue;
      store<u32>(left + (s << 2), along && ofParameters ? DX : DX_AND_SCALE);
      missing++;
    }
    unfinished += missing;
    rowGradient(
      x0,
      dy0,
      dx0,
      last - first,
      length,
      stride,
      center32 + at,
      slope32 + at,
      offset32 + at,
      gain32 + at,
      constant32 + at,
      along,
      parameter + at,
      scale,
      missing ? lefts : 0,
      lines,
    );
    for (let l: usize = 0; dSum && l < last - first; l++) {
      const p = l * stride;
      if (!(missing && load<u32>(lefts + (l / lines << 2)))) add(dx0 + p, dSum + start + p, dx0 + p, length);
    }
  }
  return unfinished;
}
