// Moments, table and apply of one statistic after the other, each while its lines are in the nearest caches. A statistic has a run of
// lines, one for layer and instance norm, those of a group of channels for group norm; or, one statistic at a time, of lines that are
// `stride` bytes apart, such as those of a channel in all samples for batch norm.

import { activate } from "./activation";
import { lineApply, linesMoments } from "./line";
import { isLarge, isUnusual } from "./tables";

/**
 * y = (x - mean, or x) * r, then, along (where a statistic has one line), y * scale + bias, or else, for each line, y * slope + offset; r = 1 / (sqrt(factor v + inside) + outside).
 * Writes the mean, the sum of squared deviations and r of each statistic. Those that float32 cannot hold are left out, with a 1 in
 * `left`; returns how many they are.
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
): i32 {
  const count = lines * length, n = <f64> count, bytes = length << 2;
  let unfinished = 0, line: usize = 0;
  for (let s: usize = 0; s < statistics; s++, line += lines, x += lines * bytes, y += lines * bytes) {
    const at = s << 3;
    linesMoments(x, lines, length, stride, aboutZero, mean + at, m2 + at);
    const mu = load<f64>(mean + at), squares = load<f64>(m2 + at);
    const r = 1 / (sqrt(factor * (squares / n) + inside) + outside);
    const c = subtractMean ? mu : 0, rounded = <f32> c;
    let usual = abs(mu + squares) < Infinity && squares >= floor * n && !isLarge(c) && !isUnusual(r);
    for (let l = line; l < line + lines && usual; l++) {
      const k = along ? r : r * load<f64>(slope + (l << 3)), b = along ? 0 : load<f64>(offset + (l << 3));
      usual = !isUnusual(k) && !isLarge(b + (<f64> rounded - c) * k);
    }
    store<f64>(inverse + at, r);
    store<u32>(left + (s << 2), usual ? 0 : 1);
    if (!usual) {
      unfinished++;
      continue;
    }
    const p = <usize> load<u32>(parameter + (s << 2)) << 2;
    for (let l = line, from = x, to = y; l < line + lines; l++, from += stride, to += stride) {
      const k = along ? r : r * load<f64>(slope + (l << 3)), b = along ? 0 : load<f64>(offset + (l << 3));
      lineApply(from, to, length, rounded, <f32> k, <f32> (b + (<f64> rounded - c) * k), along, scale + p, bias + p);
      if (activation) activate(to, length, activation);
    }
  }
  return unfinished;
}
