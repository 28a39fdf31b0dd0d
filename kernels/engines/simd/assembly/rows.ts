// Lines that lie along memory, taken two at a time: one of the first half beside one of the second, so that memory delivers
// two streams. They are those from `first` to `end` of a tile that begins at the addresses of the tensors. A statistic has `each` of them, one after
// the other in tables, whose address is `lines`; in memory lines of a statistic are `stride` bytes apart, and statistics `step` bytes. Where
// `along` is set, scale and bias vary along the line, and a line uses those from its index in the table of parameters on. Where `some` is
// set, some statistics are left out.
// Tensors, float32 tables and parameters are float32 and given by their addresses; moments, shifts and sums are float64.

import { both } from "./lanes";
import { lineApply, means, pairApply, pairMoments, runMoments, squares } from "./line";
import { CENTER_32, LEFT, M2, MEAN, OFFSET_32, PARAMETER, SLOPE_32 } from "./lines";

/** Stores the float64 of two lines in a table, the first alone where they are the same line. */
// @ts-ignore: decorator
@inline
export function storeBoth(table: usize, l: usize, m: usize, v: v128): void {
  v128.store64_lane(table + (m << 3), v, 1);
  v128.store64_lane(table + (l << 3), v, 0);
}

/** The entries of a table of float32 for two lines. */
// @ts-ignore: decorator
@inline
export function entries(table: usize, l: usize, m: usize): v128 {
  return both(table + (l << 2), table + (m << 2));
}

// @ts-ignore: decorator
@inline
export function isLeft(l: usize, some: bool, each: usize, lines: usize): bool {
  return some && load<u32>(lines + (l / each << 2), LEFT);
}

/** Where the parameters of line l begin. */
// @ts-ignore: decorator
@inline
export function placeOf(l: usize, along: bool, lines: usize): usize {
  return along ? <usize> load<u32>(lines + (l << 2), PARAMETER) << 2 : 0;
}

/** The line that is the k-th to be taken: those of both halves by turns, then what is over. */
// @ts-ignore: decorator
@inline
export function lineAt(k: usize, first: usize, half: usize): usize {
  return first + (k < half << 1 ? (k >> 1) + (k & 1 ? half : 0) : k);
}

/** The line that goes with line l, the k-th: its neighbour if that has the same parameters and neither is left out, else itself. */
// @ts-ignore: decorator
@inline
export function partnerOf(l: usize, k: usize, half: usize, along: bool, some: bool, each: usize, lines: usize): usize {
  const m = l + half, apart = k & 1 || k >= half << 1 || isLeft(l, some, each, lines) || isLeft(m, some, each, lines);
  return apart || placeOf(l, along, lines) != placeOf(m, along, lines) ? l : m;
}

/**
 * Statistics are taken together up to so many bytes, two at least if they have one line: roots and quotients of some wait for their sums while
 * others are added up, and reading by turns with writing goes on for long enough that memory keeps pace.
 */
const NEAR: usize = 32768;

/** Where line l begins in its tile. */
// @ts-ignore: decorator
@inline
export function addressOf(l: usize, each: usize, stride: usize, step: usize): usize {
  return step == each * stride ? l * stride : l / each * step + l % each * stride;
}

/** How many statistics are worked on together. */
// @ts-ignore: decorator
@inline
export function together(each: usize, length: usize): usize {
  const fit = NEAR / (each * length << 2);
  return each == 1 ? max(fit, 2) & ~1 : max(fit, 1);
}

/**
 * Mean and sum of squared deviations of statistics. The same are found of lines alone as among others: one that is over goes with
 * itself.
 */
export function rowMoments(
  x: usize,
  from: usize,
  end: usize,
  each: usize,
  length: usize,
  stride: usize,
  step: usize,
  aboutZero: bool,
  lines: usize,
): void {
  const mean = lines + MEAN, m2 = lines + M2;
  if (each > 1 && (stride != length << 2 || together(each, length) == 1)) {
    for (let s = from; s < end; s++) {
      runMoments(x + s * step, each, length, stride, aboutZero);
      storeBoth(mean, s, s, means);
      storeBoth(m2, s, s, squares);
    }
    return;
  }
  const count = end - from, half = count >> 1;
  for (let k: usize = 0; k < count;) {
    const s = lineAt(k, from, half), t = partnerOf(s, k, half, false, false, 1, lines);
    pairMoments(x + s * step, (t - s) * step, each * length, aboutZero);
    storeBoth(mean, s, t, means);
    storeBoth(m2, s, t, squares);
    k += s != t ? 2 : 1;
  }
}

/** y = (x - center) * slope + offset, then, along, y * scale + bias. */
export function rowApply(
  x: usize,
  y: usize,
  first: usize,
  end: usize,
  each: usize,
  length: usize,
  stride: usize,
  step: usize,
  along: bool,
  scale: usize,
  bias: usize,
  some: bool,
  lines: usize,
): void {
  const count = end - first, half = count >> 1;
  for (let k: usize = 0; k < count;) {
    const l = lineAt(k, first, half), m = partnerOf(l, k, half, along, some, each, lines);
    const at = addressOf(l, each, stride, step), apart = addressOf(m, each, stride, step) - at, p = placeOf(l, along, lines), g = scale + p, h = bias + p;
    const c = entries(lines + CENTER_32, l, m), a = entries(lines + SLOPE_32, l, m), b = entries(lines + OFFSET_32, l, m);
    if (l != m) pairApply(x + at, y + at, apart, length, c, a, b, along, g, h);
    else if (!isLeft(l, some, each, lines)) lineApply(x + at, y + at, length, c, a, b, along, g, h);
    k += l != m ? 2 : 1;
  }
}
