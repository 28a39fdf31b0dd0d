// Lines along memory, backwards; see rows.ts.

import { add } from "./add";
import { accumulate } from "./lanes";
import { means, pairMoments, pairSum, quarterOf, ROUGH, runMoments, squares } from "./line";
import { pairGradient, pairSums, products, sums } from "./line_gradient";
import {
  CENTER_32,
  CONSTANT_32,
  DEVIATIONS,
  GAIN_32,
  MEAN,
  OFFSET_32,
  PRODUCT,
  SHIFT,
  SLOPE_32,
  SUM,
} from "./lines";
import { addressOf, entries, isLeft, lineAt, partnerOf, placeOf, storeBoth } from "./rows";
import { rounded } from "./tables";

/**
 * What to subtract from each line of gradients: the mean of its first elements. Where scale does not vary along it, only if the mean of its first quarter is
 * far from 0 beside the deviation, else 0: there it is more to do.
 */
export function rowShifts(
  dy: usize,
  first: usize,
  end: usize,
  each: usize,
  length: usize,
  stride: usize,
  step: usize,
  along: bool,
  lines: usize,
): void {
  const part = along ? min(length, ROUGH) : quarterOf(length), n = f64x2.splat(<f64> part), count = end - first, half = count >> 1;
  for (let k: usize = 0; k < count;) {
    const l = lineAt(k, first, half), m = partnerOf(l, k, half, false, false, 1, lines);
    const at = dy + addressOf(l, each, stride, step), apart = dy + addressOf(m, each, stride, step) - at;
    if (along) storeBoth(lines + SHIFT, l, m, rounded(f64x2.div(pairSum(at, apart, part), n)));
    else {
      pairMoments(at, apart, part, false);
      const far = f64x2.gt(f64x2.mul(f64x2.mul(means, means), n), f64x2.mul(squares, f64x2.splat(16)));
      storeBoth(lines + SHIFT, l, m, v128.and(rounded(means), far));
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
  first: usize,
  end: usize,
  each: usize,
  length: usize,
  stride: usize,
  step: usize,
  along: bool,
  scale: usize,
  ofParameters: bool,
  dScale: usize,
  dBias: usize,
  some: bool,
  lines: usize,
): void {
  const count = end - first, half = count >> 1;
  for (let k: usize = 0; k < count;) {
    const l = lineAt(k, first, half), m = partnerOf(l, k, half, along, some, each, lines), p = placeOf(l, along, lines);
    const at = addressOf(l, each, stride, step), apart = addressOf(m, each, stride, step) - at;
    const out = isLeft(l, some, each, lines), from = out ? dy : x;
    if (!out || !along) {
      const c = entries(lines + CENTER_32, l, m), a = entries(lines + SLOPE_32, l, m), b = entries(lines + OFFSET_32, l, m);
      const t = entries(lines + CONSTANT_32, l, m);
      pairSums(from + at, dy + at, apart, length, c, a, b, t, along, scale + p, ofParameters, dScale + p, dBias + p);
      storeBoth(lines + SUM, l, m, sums);
      storeBoth(lines + PRODUCT, l, m, products);
    } else if (ofParameters) add(dBias + p, dy + at, dBias + p, length);
    k += l != m ? 2 : 1;
  }
}

/** sum(x - mean) of each line of the statistics whose gradients are shifted, else 0. */
export function rowDeviations(
  x: usize,
  from: usize,
  end: usize,
  each: usize,
  length: usize,
  stride: usize,
  step: usize,
  lines: usize,
): void {
  for (let s = from; s < end; s++) {
    const c = load<f64>(lines + (s << 3), MEAN), first = s * each, last = first + each;
    let shifted = false;
    for (let l = first; l < last; l++) shifted = shifted || load<f64>(lines + (l << 3), SHIFT) != 0;
    for (let l = first; l < last; l++) {
      if (shifted) runMoments(x + addressOf(l, each, stride, step), 1, length, length << 2, false);
      store<f64>(lines + (l << 3), shifted ? (f64x2.extract_lane(means, 0) - c) * <f64> length : 0, DEVIATIONS);
    }
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
  first: usize,
  end: usize,
  each: usize,
  length: usize,
  stride: usize,
  step: usize,
  along: bool,
  scale: usize,
  some: bool,
  lines: usize,
): void {
  const count = end - first, half = count >> 1;
  for (let k: usize = 0; k < count;) {
    const l = lineAt(k, first, half), m = partnerOf(l, k, half, along, some, each, lines);
    const at = addressOf(l, each, stride, step), apart = addressOf(m, each, stride, step) - at;
    const c = entries(lines + CENTER_32, l, m), a = entries(lines + SLOPE_32, l, m), b = entries(lines + OFFSET_32, l, m);
    const r = entries(lines + GAIN_32, l, m), t = entries(lines + CONSTANT_32, l, m);
    if (!isLeft(l, some, each, lines)) {
      pairGradient(x + at, dy + at, dx + at, apart, length, c, a, b, r, t, along, scale + placeOf(l, along, lines));
    }
    k += l != m ? 2 : 1;
  }
}
