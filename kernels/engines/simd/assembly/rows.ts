// Lines that lie along memory, `stride` bytes apart, taken two at a time: one of the first half beside one of the second, so that memory delivers
// two streams. A line has one statistic, so one entry in each table (center, slope, offset, gain). Where `along` is set, scale and
// bias vary along the line, and line l uses those from index parameter[l] on. Statistics that have a number other than 0 in the table `left`, if
// there is one, are left out; `each` has so many lines. Tensors, tables and parameters are float32 and given by their addresses; moments,
// shifts and sums are float64.

import { add } from "./add";
import { accumulate, both } from "./lanes";
import { lineApply, means, pairApply, pairMoments, pairSum, quarterOf, runMoments, squares } from "./line";
import { pairGradient, pairSums, products, sums } from "./line_gradient";
import { rounded } from "./tables";

/** Stores the numbers of two lines, the first alone where they are the same line. */
// @ts-ignore: decorator
@inline
function storeBoth(table: usize, l: usize, m: usize, v: v128): void {
  v128.store64_lane(table + (m << 3), v, 1);
  v128.store64_lane(table + (l << 3), v, 0);
}

/** The entries of a table of float32 for two lines. */
// @ts-ignore: decorator
@inline
function entries(table: usize, l: usize, m: usize): v128 {
  return both(table + (l << 2), table + (m << 2));
}

// @ts-ignore: decorator
@inline
function isLeft(left: usize, l: usize, each: usize): bool {
  return left && load<u32>(left + (l / each << 2));
}

/** Where the parameters of line l begin. */
// @ts-ignore: decorator
@inline
function placeOf(l: usize, along: bool, parameter: usize): usize {
  return along ? <usize> load<u32>(parameter + (l << 2)) << 2 : 0;
}

/** The line that is the k-th to be taken: those of both halves by turns, then what is over. */
// @ts-ignore: decorator
@inline
function lineAt(k: usize, half: usize): usize {
  return k < half << 1 ? (k >> 1) + (k & 1 ? half : 0) : k;
}

/** The line that goes with line l, the k-th: its neighbour if that has the same parameters and neither is left out, else itself. */
// @ts-ignore: decorator
@inline
function partnerOf(l: usize, k: usize, half: usize, along: bool, parameter: usize, left: usize, each: usize): usize {
  const m = l + half, apart = k & 1 || k >= half << 1 || isLeft(left, l, each) || isLeft(left, m, each);
  return apart || placeOf(l, along, parameter) != placeOf(m, along, parameter) ? l : m;
}

/**
 * Statistics are taken together up to so many bytes, two at least if they have one line: roots and quotients of some wait for their sums while
 * others are added up, and reading by turns with writing goes on for long enough that memory keeps pace.
 */
const NEAR: usize = 32768;

/** How many statistics are worked on together; one if its lines are apart. */
// @ts-ignore: decorator
@inline
export function together(lines: usize, length: usize, stride: usize): usize {
  if (stride != length << 2) return 1;
  const fit = NEAR / (lines * length << 2);
  return lines == 1 ? max(fit, 2) & ~1 : max(fit, 1);
}

/**
 * Mean and sum of squared deviations of each statistic, which has so many lines. The same are found of lines alone as among others: one
 * that is over goes with itself.
 */
export function rowMoments(
  x: usize,
  statistics: usize,
  lines: usize,
  length: usize,
  stride: usize,
  aboutZero: bool,
  mean: usize,
  m2: usize,
): void {
  if (lines > 1 && together(lines, length, stride) == 1) {
    for (let s: usize = 0; s < statistics; s++, x += lines * stride) {
      runMoments(x, lines, length, stride, aboutZero);
      storeBoth(mean, s, s, means);
      storeBoth(m2, s, s, squares);
    }
    return;
  }
  const half = statistics >> 1, size = lines * stride;
  for (let k: usize = 0; k < statistics;) {
    const s = lineAt(k, half), t = partnerOf(s, k, half, false, 0, 0, 1);
    pairMoments(x + s * size, (t - s) * size, lines * length, aboutZero);
    storeBoth(mean, s, t, means);
    storeBoth(m2, s, t, squares);
    k += s != t ? 2 : 1;
  }
}

/** y = (x - center) * slope + offset, then, along, y * scale + bias. */
export function rowApply(
  x: usize,
  y: usize,
  lines: usize,
  length: usize,
  stride: usize,
  center: usize,
  slope: usize,
  offset: usize,
  along: bool,
  parameter: usize,
  scale: usize,
  bias: usize,
  left: usize,
  each: usize,
): void {
  const half = lines >> 1;
  for (let k: usize = 0; k < lines;) {
    const l = lineAt(k, half), m = partnerOf(l, k, half, along, parameter, left, each), at = l * stride;
    const p = placeOf(l, along, parameter), g = scale + p, h = bias + p;
    const c = entries(center, l, m), a = entries(slope, l, m), b = entries(offset, l, m);
    if (l != m) pairApply(x + at, y + at, half * stride, length, c, a, b, along, g, h);
    else if (!isLeft(left, l, each)) lineApply(x + at, y + at, length, c, a, b, along, g, h);
    k += l != m ? 2 : 1;
  }
}

/**
 * What to subtract from each line of gradients: the mean of its first quarter. Where scale does not vary along it, only if that is far from 0
 * beside the deviation, else 0: there it is more to do.
 */
export function rowShifts(dy: usize, lines: usize, length: usize, stride: usize, along: bool, shift: usize): void {
  const part = quarterOf(length), n = f64x2.splat(<f64> part), half = lines >> 1;
  for (let k: usize = 0; k < lines;) {
    const l = lineAt(k, half), m = partnerOf(l, k, half, false, 0, 0, 1);
    const at = dy + l * stride, apart = (m - l) * stride;
    if (along) storeBoth(shift, l, m, rounded(f64x2.div(pairSum(at, apart, part), n)));
    else {
      pairMoments(at, apart, part, false);
      const far = f64x2.gt(f64x2.mul(f64x2.mul(means, means), n), f64x2.mul(squares, f64x2.splat(16)));
      storeBoth(shift, l, m, v128.and(rounded(means), far));
    }
    k += l != m ? 2 : 1;
  }
}

/**
 * sum(h) and sum(h (x - center)) of each line, where h is as line_gradient.ts has it. If asked to, along, adds the sums
 * over lines, for each parameter, of dy to dBias and of dy ((x - center) slope + offset) to dScale, both float32.
 * Of lines that are left out sums of dy alone can be had, and are to be the same whatever becomes of the others: dBias, or sum(h).
 */
export function rowSums(
  x: usize,
  dy: usize,
  lines: usize,
  length: usize,
  stride: usize,
  center: usize,
  slope: usize,
  offset: usize,
  constant: usize,
  along: bool,
  parameter: usize,
  scale: usize,
  ofParameters: bool,
  dScale: usize,
  dBias: usize,
  sum: usize,
  product: usize,
  left: usize,
  each: usize,
): void {
  const half = lines >> 1;
  for (let k: usize = 0; k < lines;) {
    const l = lineAt(k, half), m = partnerOf(l, k, half, along, parameter, left, each), at = l * stride, p = placeOf(l, along, parameter);
    const out = isLeft(left, l, each), from = out ? dy : x;
    if (!out || !along) {
      const c = entries(center, l, m), b = entries(offset, l, m), a = entries(slope, l, m), t = entries(constant, l, m);
      const apart = (m - l) * stride;
      pairSums(from + at, dy + at, apart, length, c, a, b, t, along, scale + p, ofParameters, dScale + p, dBias + p);
      storeBoth(sum, l, m, sums);
      storeBoth(product, l, m, products);
    } else if (ofParameters) add(dBias + p, dy + at, dBias + p, length);
    k += l != m ? 2 : 1;
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
  stride: usize,
  center: usize,
  slope: usize,
  offset: usize,
  gain: usize,
  constant: usize,
  along: bool,
  parameter: usize,
  scale: usize,
  left: usize,
  each: usize,
): void {
  const half = lines >> 1;
  for (let k: usize = 0; k < lines;) {
    const l = lineAt(k, half), m = partnerOf(l, k, half, along, parameter, left, each), at = l * stride, g = scale + placeOf(l, along, parameter);
    const c = entries(center, l, m), a = entries(slope, l, m), b = entries(offset, l, m);
    const r = entries(gain, l, m), t = entries(constant, l, m), apart = (m - l) * stride;
    if (!isLeft(left, l, each)) pairGradient(x + at, dy + at, dx + at, apart, length, c, a, b, r, t, along, g);
    k += l != m ? 2 : 1;
  }
}
