// Lines that lie along memory: line l is the `length` elements from l * length on. A line has one statistic, so one entry
// in each table (center, slope, offset, gain). Where `along` is set, scale and bias vary along the line, and line l uses those from
// index parameter[l] on. Tensors, tables and parameters are float32 and given by their addresses; sums are float64.

import { accumulate } from "./lanes";
import { lineApply, lineMoments, shiftOf } from "./line";
import { lineGradient, lineSums } from "./line_gradient";

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
    const from = along ? <usize> load<u32>(parameter + at) << 2 : 0;
    lineApply(x, y, length, c, a, b, along, scale + from, bias + from);
  }
}

/** What to subtract from each line of gradients: see shiftOf. */
export function rowShifts(dy: usize, lines: usize, length: usize, shift: usize, m2: usize): void {
  for (let l: usize = 0; l < lines; l++, dy += length << 2) {
    const at = shift + (l << 3);
    store<f64>(at, shiftOf(dy, length, at, m2));
  }
}

/**
 * sum(h) and sum(h (x - center)) of each line, where h is as line_gradient.ts has it. If asked to, along, adds the sums
 * over lines, for each parameter, of dy to dBias and of dy ((x - center) slope + offset) to dScale, both float32.
 */
export function rowSums(
  x: usize,
  dy: usize,
  lines: usize,
  length: usize,
  center: usize,
  slope: usize,
  offset: usize,
  shift: usize,
  level: usize,
  along: bool,
  parameter: usize,
  scale: usize,
  ofParameters: bool,
  dScale: usize,
  dBias: usize,
  sum: usize,
  product: usize,
): void {
  for (let l: usize = 0; l < lines; l++, x += length << 2, dy += length << 2) {
    const at = l << 2, to = l << 3, from = <usize> load<u32>(parameter + at) << 2;
    const c = load<f32>(center + at), m = load<f32>(shift + at), v = load<f32>(level + at);
    const k = load<f32>(slope + at), b = load<f32>(offset + at), g = scale + from;
    lineSums(x, dy, length, c, m, along, g, v, ofParameters, k, b, dScale + from, dBias + from, sum + to, product + to);
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

/** dx = h gain + (x - center) slope + offset, where h is as line_gradient.ts has it. */
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
  shift: usize,
  level: usize,
  along: bool,
  parameter: usize,
  scale: usize,
): void {
  for (let l: usize = 0; l < lines; l++, x += length << 2, dy += length << 2, dx += length << 2) {
    const at = l << 2, from = scale + (<usize> load<u32>(parameter + at) << 2);
    const c = load<f32>(center + at), k = load<f32>(slope + at), b = load<f32>(offset + at), a = load<f32>(gain + at);
    const m = load<f32>(shift + at), v = load<f32>(level + at);
    lineGradient(x, dy, dx, length, c, k, b, a, m, along, from, v);
  }
}
