// Moments, table and apply of a few statistics after the other, each while its lines are in the nearest caches. A statistic has `each`
// lines: one for layer and instance norm, those of a group of channels for group norm, those of a channel in all samples for batch norm.
// See rows.ts for `stride` and `step` of lines along memory, columns.ts for those across it.

import { activate } from "./activation";
import { columnApply, columnMoments, mergeColumns } from "./columns";
import {
  CENTER_32,
  INVERSE,
  LEFT,
  M2,
  MEAN,
  OFFSET,
  OFFSET_32,
  SLOPE,
  SLOPE_32,
} from "./lines";
import { addressOf, isLeft, rowApply, rowMoments, together } from "./rows";
import { areModerate, areUsual, isLarge, isSteep, isUnusual, rounded } from "./tables";

/** 1 / (sqrt(factor v + inside) + outside) of two sums of squares. */
// @ts-ignore: decorator
@inline
export function inverses(squares: v128, reciprocal: f64, inside: f64, outside: f64): v128 {
  const root = f64x2.sqrt(f64x2.add(f64x2.mul(f64x2.splat(reciprocal), squares), f64x2.splat(inside)));
  return f64x2.div(f64x2.splat(1), f64x2.add(root, f64x2.splat(outside)));
}

/** Stores two numbers as float32. */
// @ts-ignore: decorator
@inline
export function storePair(at: usize, a: v128, table: usize): void {
  v128.store64_lane(at + table, f32x4.demote_f64x2_zero(a), 0);
}

/** r and the tables of two statistics of a line each at once, as `tabulate` has them; false if float32 may not hold them. */
// @ts-ignore: decorator
@inline
function tabulateTwo(
  s: usize,
  along: bool,
  subtractMean: bool,
  reciprocal: f64,
  inside: f64,
  outside: f64,
  least: f64,
  lines: usize,
): bool {
  const wide = lines + (s << 3), narrow = lines + (s << 2);
  const slope = along ? f64x2.splat(1) : v128.load(wide, SLOPE), offset = along ? f64x2.splat(0) : v128.load(wide, OFFSET);
  const mu = v128.load(wide, MEAN), squares = v128.load(wide, M2), r = inverses(squares, reciprocal, inside, outside);
  const c = subtractMean ? mu : f64x2.splat(0), k = f64x2.mul(r, slope);
  const b = f64x2.add(offset, f64x2.mul(f64x2.sub(rounded(c), c), k));
  const moderate = v128.and(areModerate(f64x2.add(mu, squares)), v128.and(areModerate(c), areModerate(b)));
  const usual = v128.and(v128.and(areUsual(r), areUsual(k)), f64x2.ge(squares, f64x2.splat(least)));
  if (!i64x2.all_true(v128.and(moderate, usual))) return false;
  v128.store(wide, r, INVERSE);
  storePair(narrow, c, CENTER_32);
  storePair(narrow, k, SLOPE_32);
  storePair(narrow, b, OFFSET_32);
  v128.store64_lane(narrow + LEFT, i64x2.splat(0), 0);
  return true;
}

/** The same of one statistic, whatever it has of lines. */
function tabulateOne(
  s: usize,
  each: usize,
  along: bool,
  subtractMean: bool,
  reciprocal: f64,
  inside: f64,
  outside: f64,
  least: f64,
  lines: usize,
): bool {
  const at = lines + (s << 3), mu = load<f64>(at, MEAN), squares = load<f64>(at, M2);
  const r = 1 / (sqrt(reciprocal * squares + inside) + outside);
  const c = subtractMean ? mu : 0, c32 = <f32> c;
  let usual = abs(mu + squares) < Infinity && squares >= least && !isLarge(c) && !isUnusual(r);
  for (let l = s * each; l < (s + 1) * each; l++) {
    const wide = lines + (l << 3), narrow = lines + (l << 2), k = along ? r : r * load<f64>(wide, SLOPE);
    const b = (along ? 0 : load<f64>(wide, OFFSET)) + (<f64> c32 - c) * k;
    usual = usual && !isUnusual(k) && !isLarge(b) && !isSteep(k, c);
    store<f32>(narrow, c32, CENTER_32);
    store<f32>(narrow, <f32> k, SLOPE_32);
    store<f32>(narrow, <f32> b, OFFSET_32);
  }
  store<f64>(at, r, INVERSE);
  store<u32>(lines + (s << 2), usual ? 0 : 1, LEFT);
  return usual;
}

/**
 * The tables of y = (x - mean, or x) * r for the lines of some statistics of n elements each, and, where a line has one slope and offset (not along),
 * of y * slope + offset; r = 1 / (sqrt(factor v + inside) + outside). Those that float32 cannot hold are left out, with a 1 in their
 * table; returns how many they are.
 */
function tabulate(
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
  lines: usize,
): i32 {
  const reciprocal = factor / n, least = floor * n;
  let missing = 0;
  for (let s = from; s < end; s++) {
    if (each == 1 && s + 1 < end && tabulateTwo(s, along, subtractMean, reciprocal, inside, outside, least, lines)) s++;
    else if (!tabulateOne(s, each, along, subtractMean, reciprocal, inside, outside, least, lines)) missing++;
  }
  return missing;
}

/**
 * y = (x - mean, or x) * r, then * scale + bias along, or * slope + offset of the line, then the activation. Writes the mean, the sum of
 * squared deviations and r of each statistic. Returns how many are left out.
 */
export function rowNormalize(
  x: usize,
  y: usize,
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
  along: bool,
  scale: usize,
  bias: usize,
  activation: i32,
  lines: usize,
): i32 {
  const n = <f64> (each * length), many = together(each, length);
  let unfinished = 0;
  for (let from: usize = 0; from < statistics; from += many) {
    const end = min(from + many, statistics), first = from * each, last = end * each;
    rowMoments(x, from, end, each, length, stride, step, aboutZero, lines);
    const missing = tabulate(from, end, each, n, along, subtractMean, factor, inside, outside, floor, lines);
    unfinished += missing;
    rowApply(x, y, first, last, each, length, stride, step, along, scale, bias, missing != 0, lines);
    for (let l = first; activation && l < last; l++) {
      if (!isLeft(l, missing != 0, each, lines)) activate(y + addressOf(l, each, stride, step), length, activation);
    }
  }
  return unfinished;
}

/** The same of lines across memory; where one of them is left out all are, and nothing is written to y. */
export function columnNormalize(
  x: usize,
  y: usize,
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
  along: bool,
  scale: usize,
  bias: usize,
  activation: i32,
  lines: usize,
): i32 {
  const count = statistics * each;
  columnMoments(x, count, length, stride, aboutZero, lines + MEAN, lines + M2, lines);
  mergeColumns(statistics, each, length, lines);
  const n = <f64> (each * length);
  const missing = tabulate(0, statistics, each, n, along, subtractMean, factor, inside, outside, floor, lines);
  if (missing) return missing;
  columnApply(x, y, count, length, stride, along, scale, bias, lines);
  for (let i: usize = 0; activation && i < length; i++) activate(y + i * stride, count, activation);
  return 0;
}
