// Sums, table and gradient of a few statistics after the other, each while its lines are in the nearest caches; see normalize.ts.

import { add } from "./add";
import { columnMoments, mergeColumns } from "./columns";
import { columnDeviations, columnGradient, columnParameterSums, columnShifts, columnSums } from "./columns_gradient";
import {
  CENTER_32,
  CONSTANT_32,
  DEVIATIONS,
  GAIN_32,
  INVERSE,
  LEFT,
  LEVEL,
  M2,
  MEAN,
  OFFSET_32,
  PRODUCT,
  SHIFT,
  SLOPE,
  SLOPE_32,
  SUM,
} from "./lines";
import { inverses, storePair } from "./normalize";
import { addressOf, isLeft, rowMoments, together } from "./rows";
import { carry, rowDeviations, rowGradient, rowShifts, rowSums } from "./rows_gradient";
import { areModerate, areUsual, isLarge, isUnusual, rounded } from "./tables";

/** What is left to do for a statistic: nothing, its dx, that and its part of dScale, or all. */
const NOTHING: u32 = 0;
const DX: u32 = 1;
const DX_AND_SCALE: u32 = 2;
const ALL: u32 = 3;

/** Gradients of parameters add up in float32 over at most this many lines before they are carried over into float64. */
const MAX_ADDED: usize = 128;

/** The tables of the sums of two statistics of a line each at once, along, as `tabulateSums` has them; false if float32 may not hold them. */
// @ts-ignore: decorator
@inline
function tabulateSumsOfTwo(
  s: usize,
  subtractMean: bool,
  reciprocal: f64,
  inside: f64,
  outside: f64,
  least: f64,
  given: bool,
  lines: usize,
): bool {
  const wide = lines + (s << 3), narrow = lines + (s << 2), zero = f64x2.splat(0);
  const mu = v128.load(wide, MEAN), squares = given ? f64x2.splat(least) : v128.load(wide, M2);
  const r = given ? v128.load(wide, INVERSE) : inverses(squares, reciprocal, inside, outside);
  const c = subtractMean ? mu : zero, off = f64x2.mul(f64x2.sub(rounded(c), c), r);
  const moderate = v128.and(areModerate(f64x2.add(mu, squares)), v128.and(areModerate(c), areModerate(off)));
  if (!i64x2.all_true(v128.and(v128.and(moderate, areUsual(r)), f64x2.ge(squares, f64x2.splat(least))))) return false;
  const m = subtractMean ? v128.load(wide, SHIFT) : zero;
  v128.store(wide, r, INVERSE);
  v128.store(wide, m, SHIFT);
  storePair(narrow, v128.and(f64x2.mul(m, v128.load(wide, LEVEL)), f64x2.ne(m, zero)), CONSTANT_32);
  storePair(narrow, c, CENTER_32);
  storePair(narrow, r, SLOPE_32);
  storePair(narrow, off, OFFSET_32);
  v128.store64_lane(narrow + LEFT, i64x2.splat(0), 0);
  return true;
}

/** The same of one statistic, whatever it has of lines. */
function tabulateSumsOfOne(
  s: usize,
  each: usize,
  along: bool,
  subtractMean: bool,
  reciprocal: f64,
  inside: f64,
  outside: f64,
  least: f64,
  given: bool,
  lines: usize,
): bool {
  const at = lines + (s << 3), mu = load<f64>(at, MEAN), squares = given ? least : load<f64>(at, M2);
  const r = given ? load<f64>(at, INVERSE) : 1 / (sqrt(reciprocal * squares + inside) + outside);
  const c = subtractMean ? mu : 0, c32 = <f32> c, off = (<f64> c32 - c) * r;
  const usual = abs(mu + squares) < Infinity && squares >= least && !isLarge(c) && !isUnusual(r) && !isLarge(off);
  for (let l = s * each; l < (s + 1) * each; l++) {
    const wide = lines + (l << 3), narrow = lines + (l << 2), m = subtractMean ? load<f64>(wide, SHIFT) : 0;
    store<f64>(wide, m, SHIFT);
    store<f32>(narrow, <f32> (along && m != 0 ? m * load<f64>(wide, LEVEL) : m), CONSTANT_32);
    store<f32>(narrow, c32, CENTER_32);
    store<f32>(narrow, <f32> r, SLOPE_32);
    store<f32>(narrow, <f32> off, OFFSET_32);
  }
  store<f64>(at, r, INVERSE);
  store<u32>(lines + (s << 2), usual ? NOTHING : DX_AND_SCALE, LEFT);
  return usual;
}

/** The tables of sum(h), sum(h z) and, for z r, the sums of parameters, for the lines of some statistics; returns how many are left out. */
function tabulateSums(
  from: usize,
  end: usize,
  each: usize,
  n: f64,
  along: bool,
  subtractMean: bool,
  factor: f64,
  inside: f64,
  outside: f64,
  floor: f64,
  given: bool,
  lines: usize,
): i32 {
  const reciprocal = factor / n, least = floor * n;
  let missing = 0;
  for (let s = from; s < end; s++) {
    const two = along && each == 1 && s + 1 < end;
    if (two && tabulateSumsOfTwo(s, subtractMean, reciprocal, inside, outside, least, given, lines)) s++;
    else if (!tabulateSumsOfOne(s, each, along, subtractMean, reciprocal, inside, outside, least, given, lines)) missing++;
  }
  return missing;
}

/** The tables of the gradient of two statistics of a line each at once, along, as `tabulateGradient` has them; false if float32 may not hold them. */
// @ts-ignore: decorator
@inline
function tabulateGradientOfTwo(
  s: usize,
  n: f64,
  aboutZero: bool,
  subtractMean: bool,
  factor: f64,
  least: f64,
  lines: usize,
): bool {
  const wide = lines + (s << 3), narrow = lines + (s << 2), zero = f64x2.splat(0), length = f64x2.splat(n);
  const mu = v128.load(wide, MEAN), r = v128.load(wide, INVERSE), a = v128.load(wide, SUM);
  const c = subtractMean ? mu : zero, center = aboutZero ? zero : mu;
  const q = f64x2.add(v128.load(wide, PRODUCT), f64x2.mul(f64x2.sub(rounded(c), c), a));
  const derivative = f64x2.mul(f64x2.mul(f64x2.mul(f64x2.splat(-factor), r), r), f64x2.mul(r, f64x2.splat(0.5)));
  const k = f64x2.mul(f64x2.mul(f64x2.splat(2 / n), derivative), q);
  const constant = f64x2.promote_low_f32x4(v128.load64_zero(narrow, CONSTANT_32));
  const meanOfH = f64x2.div(f64x2.add(a, f64x2.mul(constant, length)), length);
  const below = subtractMean ? f64x2.mul(r, f64x2.sub(constant, meanOfH)) : zero;
  const b = f64x2.add(below, f64x2.mul(f64x2.sub(rounded(center), center), k));
  const moderate = v128.and(areModerate(f64x2.add(a, q)), v128.and(areModerate(center), areModerate(b)));
  if (!i64x2.all_true(v128.and(v128.and(moderate, areUsual(k)), f64x2.ge(f64x2.abs(q), f64x2.splat(least))))) return false;
  storePair(narrow, center, CENTER_32);
  storePair(narrow, k, SLOPE_32);
  storePair(narrow, b, OFFSET_32);
  storePair(narrow, r, GAIN_32);
  return true;
}

/** The same of one statistic, whatever it has of lines. `deviate` tells whether sum(x - c) of its lines is known and of account. */
function tabulateGradientOfOne(
  s: usize,
  each: usize,
  length: f64,
  along: bool,
  aboutZero: bool,
  subtractMean: bool,
  factor: f64,
  outside: f64,
  least: f64,
  given: bool,
  deviate: bool,
  lines: usize,
): bool {
  const at = lines + (s << 3), n = <f64> each * length, mu = load<f64>(at, MEAN), r = load<f64>(at, INVERSE);
  const squares = given ? 1 : load<f64>(at, M2), c = subtractMean ? mu : 0, off = <f64> <f32> c - c;
  let sums: f64 = 0, products: f64 = 0, constants: f64 = 0, ofConstants: f64 = 0, z: f64 = 0, usual = true;
  for (let l = s * each; l < (s + 1) * each; l++) {
    const wide = lines + (l << 3), m = load<f64>(wide, SHIFT), w = along ? 1 : load<f64>(wide, SLOPE);
    const constant = w * <f64> load<f32>(lines + (l << 2), CONSTANT_32), d = deviate ? load<f64>(wide, DEVIATIONS) : 0;
    const a = load<f64>(wide, SUM), b = load<f64>(wide, PRODUCT) + off * a;
    usual = usual && abs(a + b) < Infinity && abs(b) >= least;
    sums += w * a;
    products += w * b;
    constants += constant * length;
    ofConstants += constant * d;
    z += d;
    store<f64>(wide, a + m * length, SUM);
    store<f64>(wide, b + m * d, PRODUCT);
  }
  const derivative = outside == 0 ? -factor * r * r * (r / 2) : squares == 0 ? 0 : -r * r / (2 * sqrt(squares / n));
  const slope = 2 / n * derivative * (products + (ofConstants - constants / n * z)), meanOfH = (sums + constants) / n;
  const center = aboutZero ? 0 : mu, c32 = <f32> center, offset = (<f64> c32 - center) * slope;
  usual = usual && !isLarge(center) && !isUnusual(slope);
  for (let l = s * each; l < (s + 1) * each; l++) {
    const narrow = lines + (l << 2), w = along ? 1 : load<f64>(lines + (l << 3), SLOPE);
    const constant = w * <f64> load<f32>(narrow, CONSTANT_32), b = (subtractMean ? r * (constant - meanOfH) : 0) + offset;
    usual = usual && !isUnusual(r * w) && !isLarge(b);
    store<f32>(narrow, c32, CENTER_32);
    store<f32>(narrow, <f32> slope, SLOPE_32);
    store<f32>(narrow, <f32> b, OFFSET_32);
    store<f32>(narrow, <f32> (r * w), GAIN_32);
  }
  return usual;
}

/** Of a statistic that is left out, sum(dy) of its lines can be had all the same. */
function sumsOfLeft(s: usize, each: usize, length: f64, lines: usize): void {
  for (let l = lines + (s * each << 3), end = l + (each << 3); l < end; l += 8) {
    store<f64>(l, load<f64>(l, SUM) + load<f64>(l, SHIFT) * length, SUM);
  }
}

/**
 * The tables of dx for the lines of some statistics, and of each line sum(dy) and sum(dy z); what is shifted as passes/gradient_sums.ts
 * says. Returns how many are left out now.
 */
function tabulateGradient(
  from: usize,
  end: usize,
  each: usize,
  length: f64,
  along: bool,
  aboutZero: bool,
  subtractMean: bool,
  factor: f64,
  outside: f64,
  floor: f64,
  given: bool,
  ofParameters: bool,
  deviate: bool,
  lines: usize,
): i32 {
  const least = floor * length;
  let missing = 0;
  for (let s = from; s < end; s++) {
    const two = along && each == 1 && outside == 0 && s + 1 < end && load<u64>(lines + (s << 2), LEFT) == 0;
    if (two && tabulateGradientOfTwo(s, length, aboutZero, subtractMean, factor, least, lines)) s++;
    else if (load<u32>(lines + (s << 2), LEFT) != NOTHING) sumsOfLeft(s, each, length, lines);
    else if (!tabulateGradientOfOne(s, each, length, along, aboutZero, subtractMean, factor, outside, least, given, deviate, lines)) {
      store<u32>(lines + (s << 2), along && ofParameters ? DX : DX_AND_SCALE, LEFT);
      missing++;
    }
  }
  return missing;
}

/**
 * dx = h r - mean(h) r [where the mean is subtracted] + (2/n) r' sum(h z) (x - mean) [+ dSum], of statistics of `each` neighbouring lines,
 * where h = dy * scale along (where a statistic has one line), or else dy * weight of its line, in the table of slopes. Means and r are
 * `given`, or else written, with the sums of squared deviations; for each line sum(dy) and sum(dy z) (not along), or, along and if asked to,
 * sums for so many parameters, which add up in float32 for a while. Returns for how many statistics something is left, which float32 cannot hold.
 */
export function rowDifferentiate(
  x: usize,
  dy: usize,
  dx: usize,
  dSum: usize,
  statistics: usize,
  each: usize,
  length: usize,
  stride: usize,
  step: usize,
  aboutZero: bool,
  subtractMean: bool,
  factor: f64,
  inside: f64,
  outside: f64,
  floor: f64,
  given: bool,
  along: bool,
  scale: usize,
  parameters: usize,
  dScale32: usize,
  dBias32: usize,
  dScale: usize,
  dBias: usize,
  lines: usize,
): i32 {
  // Lines that are apart have one parameter, and one shift does for them all.
  const n = <f64> (each * length), apart = step != each * stride, deviate = subtractMean && ((each > 1 && !apart) || (given && !along));
  let many = together(each, length), unfinished = 0, added: usize = 0;
  if (parameters) many = min(many, MAX_ADDED);
  for (let from: usize = 0; from < statistics; from += many) {
    const end = min(from + many, statistics), first = from * each, last = end * each;
    if (!given) rowMoments(x, from, end, each, length, stride, step, aboutZero, lines);
    if (subtractMean && !apart) rowShifts(dy, first, last, each, length, stride, step, along, lines);
    for (let l = first; subtractMean && apart && l < last; l += each) {
      rowShifts(dy, l, l + 1, each, length, stride, step, along, lines);
      for (let m = l + 1; m < l + each; m++) store<f64>(lines + (m << 3), load<f64>(lines + (l << 3), SHIFT), SHIFT);
    }
    let missing = tabulateSums(from, end, each, n, along, subtractMean, factor, inside, outside, floor, given, lines);
    rowSums(x, dy, first, last, each, length, stride, step, along, scale, parameters != 0, dScale32, dBias32, missing != 0, lines);
    if (deviate) rowDeviations(x, from, end, each, length, stride, step, lines);
    const ofParameters = parameters != 0, length64 = <f64> length;
    missing += tabulateGradient(from, end, each, length64, along, aboutZero, subtractMean, factor, outside, floor, given, ofParameters, deviate, lines);
    unfinished += missing;
    rowGradient(x, dy, dx, first, last, each, length, stride, step, along, scale, missing != 0, lines);
    for (let l = first; dSum && l < last; l++) {
      const p = addressOf(l, each, stride, step);
      if (!isLeft(l, missing != 0, each, lines)) add(dx + p, dSum + p, dx + p, length);
    }
    added += end - from;
    if (!parameters || (end < statistics && added + many <= MAX_ADDED)) continue;
    carry(dScale32, dScale, parameters);
    carry(dBias32, dBias, parameters);
    added = 0;
  }
  return unfinished;
}

/**
 * The same of lines across memory. Where one is left out all are: nothing is written to dx, and what is left is the same for all statistics. Sums of
 * parameters are float64 at once.
 */
export function columnDifferentiate(
  x: usize,
  dy: usize,
  dx: usize,
  dSum: usize,
  statistics: usize,
  each: usize,
  length: usize,
  stride: usize,
  step: usize,
  aboutZero: bool,
  subtractMean: bool,
  factor: f64,
  inside: f64,
  outside: f64,
  floor: f64,
  given: bool,
  along: bool,
  scale: usize,
  parameters: usize,
  dScale32: usize,
  dBias32: usize,
  dScale: usize,
  dBias: usize,
  lines: usize,
): i32 {
  const count = statistics * each, length64 = <f64> length, n = <f64> each * length64, ofParameters = parameters != 0;
  if (subtractMean) columnShifts(dy, count, length, stride, along, lines);
  if (!given) {
    columnMoments(x, count, length, stride, aboutZero, lines + MEAN, lines + M2, lines);
    mergeColumns(statistics, each, length, lines);
  }
  if (tabulateSums(0, statistics, each, n, along, subtractMean, factor, inside, outside, floor, given, lines)) {
    return leave(ALL, statistics, lines);
  }
  columnSums(x, dy, count, length, stride, along, scale, lines);
  if (ofParameters) columnParameterSums(x, dy, count, length, stride, dScale, dBias, lines);
  const deviate = subtractMean && !along && (given || each > 1);
  if (deviate && given) columnDeviations(x, statistics, each, length, stride, lines);
  if (tabulateGradient(0, statistics, each, length64, along, aboutZero, subtractMean, factor, outside, floor, given, ofParameters, deviate, lines)) {
    return leave(ofParameters ? DX : ALL, statistics, lines);
  }
  columnGradient(x, dy, dx, count, length, stride, along, scale, lines);
  for (let i: usize = 0; dSum && i < length; i++) add(dx + i * stride, dSum + i * stride, dx + i * stride, count);
  return 0;
}

function leave(what: u32, statistics: usize, lines: usize): i32 {
  for (let s: usize = 0; s < statistics; s++) store<u32>(lines + (s << 2), what, LEFT);
  return <i32> statistics;
}
