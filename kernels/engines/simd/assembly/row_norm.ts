// Moments, table and apply of a few statistics after the other, each while its lines are in the nearest caches. A statistic has a run of
// lines, one for layer and instance norm, those of a group of channels for group norm; or, one statistic at a time, of lines that are
// `stride` bytes apart, such as those of a channel in all samples for batch norm.

import { activate } from "./activation";
import { rowApply, rowMoments, together } from "./rows";
import { areModerate, areUsual, isLarge, isUnusual, rounded, storePair } from "./tables";

/** r and the tables of two statistics of a line each at once, by the formulas below; false if float32 may not hold them. */
// @ts-ignore: decorator
@inline
function tabulateTwo(
  mean: usize,
  m2: usize,
  slope: v128,
  offset: v128,
  subtractMean: bool,
  reciprocal: f64,
  inside: f64,
  outside: f64,
  least: f64,
  inverse: usize,
  center32: usize,
  slope32: usize,
  offset32: usize,
): bool {
  const mu = v128.load(mean), squares = v128.load(m2), r = inverses(squares, reciprocal, inside, outside);
  const c = subtractMean ? mu : f64x2.splat(0), k = f64x2.mul(r, slope);
  const b = f64x2.add(offset, f64x2.mul(f64x2.sub(rounded(c), c), k));
  const moderate = v128.and(areModerate(f64x2.add(mu, squares)), v128.and(areModerate(c), areModerate(b)));
  const usual = v128.and(v128.and(areUsual(r), areUsual(k)), f64x2.ge(squares, f64x2.splat(least)));
  if (!i64x2.all_true(v128.and(moderate, usual))) return false;
  v128.store(inverse, r);
  storePair(center32, c);
  storePair(slope32, k);
  storePair(offset32, b);
  return true;
}

/** 1 / (sqrt(factor v + inside) + outside) of two sums of squares. */
// @ts-ignore: decorator
@inline
export function inverses(squares: v128, reciprocal: f64, inside: f64, outside: f64): v128 {
  const root = f64x2.sqrt(f64x2.add(f64x2.mul(f64x2.splat(reciprocal), squares), f64x2.splat(inside)));
  return f64x2.div(f64x2.splat(1), f64x2.add(root, f64x2.splat(outside)));
}

/**
 * y = (x - mean, or x) * r, then, along (where a statistic has one line), y * scale + bias, or else, for each line, y * slope + offset;
 * r = 1 / (sqrt(factor v + inside) + outside). Writes the mean, the sum of squared deviations and r of each statistic. Those that float32 cannot hold are left out, with a 1 in
 * `left`; returns how many they are. The last three addresses are of tables of float32 to work with.
 */
export function rowNormalize(
  x: usize,
  y: usize,
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
  slope: usize,
  offset: usize,
  along: bool,
  parameter: usize,
  scale: usize,
  bias: usize,
  activation: i32,
  mean: usize,
  m2: usize,
  inverse: usize,
  left: usize,
  center32: usize,
  slope32: usize,
  offset32: usize,
): i32 {
  const n = <f64> (lines * length), reciprocal = factor / n, least = floor * n, many = together(lines, length, stride);
  let unfinished = 0;
  for (let from: usize = 0; from < statistics; from += many) {
    const end = min(from + many, statistics);
    rowMoments(x + from * lines * stride, end - from, lines, length, stride, aboutZero, mean + (from << 3), m2 + (from << 3));
    let missing = 0;
    for (let s = from; s < end; s++) {
      if (lines == 1 && s + 1 < end) {
        const two = s << 3, two32 = s << 2, c32 = center32 + two32, k32 = slope32 + two32, b32 = offset32 + two32;
        const k = along ? f64x2.splat(1) : v128.load(slope + two), b = along ? f64x2.splat(0) : v128.load(offset + two);
        if (tabulateTwo(mean + two, m2 + two, k, b, subtractMean, reciprocal, inside, outside, least, inverse + two, c32, k32, b32)) {
          v128.store64_lane(left + two32, i64x2.splat(0), 0);
          s++;
          continue;
        }
      }
      const at = s << 3, mu = load<f64>(mean + at), squares = load<f64>(m2 + at);
      const r = 1 / (sqrt(reciprocal * squares + inside) + outside);
      const c = subtractMean ? mu : 0, c32 = <f32> c;
      let usual = abs(mu + squares) < Infinity && squares >= least && !isLarge(c) && !isUnusual(r);
      for (let l = s * lines; l < (s + 1) * lines; l++) {
        const k = along ? r : r * load<f64>(slope + (l << 3));
        const b = (along ? 0 : load<f64>(offset + (l << 3))) + (<f64> c32 - c) * k;
        usual = usual && !isUnusual(k) && !isLarge(b);
        store<f32>(center32 + (l << 2), c32);
        store<f32>(slope32 + (l << 2), <f32> k);
        store<f32>(offset32 + (l << 2), <f32> b);
      }
      store<f64>(inverse + at, r);
      store<u32>(left + (s << 2), usual ? 0 : 1);
      missing += usual ? 0 : 1;
    }
    unfinished += missing;
    const first = from * lines, count = (end - from) * lines, start = first * stride, at = first << 2;
    const x0 = x + start, y0 = y + start, c32 = center32 + at, k32 = slope32 + at, b32 = offset32 + at, lefts = missing ? left + (from << 2) : 0;
    rowApply(x0, y0, count, length, stride, c32, k32, b32, along, parameter + at, scale, bias, lefts, lines);
    for (let l: usize = 0; activation && l < count; l++) {
      if (!(missing && load<u32>(lefts + (l / lines << 2)))) activate(y0 + l * stride, length, activation);
    }
  }
  return unfinished;
}
