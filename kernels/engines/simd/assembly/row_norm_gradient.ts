// Sums, table and gradient of one statistic after the other, each while its lines are in the nearest caches; see row_norm.ts.

import { add } from "./add";
import { linesMoments, shiftOf, sumAbout } from "./line";
import { lineGradient, lineSums } from "./line_gradient";
import { isLarge, isUnusual } from "./tables";

/** What is left to do for a statistic: nothing, its dx, or that and its part of dScale. */
const NOTHING: u32 = 0;
const DX: u32 = 1;
const DX_AND_SCALE: u32 = 2;

/**
 * dx = h r - mean(h) r [where the mean is subtracted] + (2/n) r' sum(h z) (x - mean) [+ dSum], of statistics of `lines` neighbouring lines each,
 * where h = dy * scale along (where a statistic has one line), or else dy * weight of its line; shifted as passes/gradient_sums.ts says.
 * Means and r are `given`, or else written, with the sums of squared deviations; for each line sum(dy) and sum(dy z) (not along), or, along and if asked to, sums of
 * parameters as in lineSums. Returns for how many statistics something is left, which float32 cannot hold.
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
): i32 {
  const count = lines * length, n = <f64> count, length64 = <f64> length, bytes = length << 2;
  let unfinished = 0, first: usize = 0;
  for (let s: usize = 0; s < statistics; s++, first += lines, x += lines * bytes, dy += lines * bytes, dx += lines * bytes) {
    const at = s << 3, state = left + (s << 2), from = <usize> load<u32>(parameter + (s << 2)) << 2;
    if (!given) {
      linesMoments(x, lines, length, stride, aboutZero, mean + at, m2 + at);
      store<f64>(inverse + at, 1 / (sqrt(factor * (load<f64>(m2 + at) / n) + inside) + outside));
    }
    const mu = load<f64>(mean + at), squares = given ? 1 : load<f64>(m2 + at), r = load<f64>(inverse + at);
    const c = subtractMean ? mu : 0, rounded = <f32> c, off = <f64> rounded - c;
    if (!(abs(mu + squares) < Infinity && (given || squares >= floor * n)) || isLarge(c) || isUnusual(r) || isLarge(off * r)) {
      // Sums of dy alone can be had, and are to be the same whatever becomes of the others.
      if (along) {
        if (ofParameters) add(dBias + from, dy, dBias + from, length);
      } else {
        for (let l = first, q = dy; l < first + lines; l++, q += stride) {
          const to = l << 3, m = subtractMean ? shiftOf(q, length, sum + to, product + to) : 0;
          lineSums(q, q, length, 0, m, false, 0, 0, false, 0, 0, 0, 0, sum + to, product + to);
          store<f64>(sum + to, load<f64>(sum + to) + <f64> m * length64);
        }
      }
      store<u32>(state, DX_AND_SCALE);
      unfinished++;
      continue;
    }
    const v = <f32> load<f64>(level + (first << 3));
    let sums: f64 = 0, products: f64 = 0, constants: f64 = 0, ofConstants: f64 = 0, z: f64 = 0, usable = true;
    // Lines that are apart have one parameter, and one shift does for them all.
    const apart = stride != bytes;
    let m: f32 = 0;
    for (let l = first, p = x, q = dy; l < first + lines; l++, p += stride, q += stride) {
      const to = l << 3;
      if (subtractMean && (!apart || l == first)) m = shiftOf(q, length, sum + to, product + to);
      const mm = <f64> m;
      const w = along ? 1 : load<f64>(weight + to), constant = mm * (along ? <f64> v : w);
      const sumAt = sum + to, productAt = product + to;
      const g = scale + from, dScaleAt = dScale + from, dBiasAt = dBias + from, e = <f32> (off * r);
      lineSums(p, q, length, rounded, m, along, g, v, ofParameters, <f32> r, e, dScaleAt, dBiasAt, sumAt, productAt);
      const a = load<f64>(sumAt), b = load<f64>(productAt) + off * a;
      // sum(x - c): it is 0 where these are all elements of a statistic that was measured, and of no account along.
      const d = (lines > 1 && !apart) || (given && !along) ? sumAbout(p, length, rounded) + off * length64 : 0;
      usable = usable && abs(a + b) < Infinity && abs(b) >= floor * length64;
      sums += w * a;
      products += w * b;
      constants += constant * length64;
      ofConstants += constant * d;
      z += d;
      store<f64>(sumAt, a + mm * length64);
      store<f64>(productAt, b + mm * d);
      store<f64>(shift + to, mm);
    }
    const derivative = outside == 0 ? -factor * r * r * r / 2 : squares == 0 ? 0 : -r * r / (2 * sqrt(squares / n));
    const slope = 2 / n * derivative * (products + (ofConstants - constants / n * z)), meanOfH = (sums + constants) / n;
    const center = aboutZero ? 0 : mu, center32 = <f32> center, offset = (<f64> center32 - center) * slope;
    usable = usable && !isLarge(center) && !isUnusual(slope);
    for (let l = first; l < first + lines && usable; l++) {
      const w = along ? 1 : load<f64>(weight + (l << 3)), constant = load<f64>(shift + (l << 3)) * (along ? <f64> v : w);
      usable = !isUnusual(r * w) && !isLarge((subtractMean ? r * (constant - meanOfH) : 0) + offset);
    }
    store<u32>(state, usable ? NOTHING : along && ofParameters ? DX : DX_AND_SCALE);
    if (!usable) {
      unfinished++;
      continue;
    }
    for (let l = first, p = x, q = dy, o = dx; l < first + lines; l++, p += stride, q += stride, o += stride) {
      const mm = load<f64>(shift + (l << 3)), m = <f32> mm;
      const w = along ? 1 : load<f64>(weight + (l << 3)), constant = mm * (along ? <f64> v : w);
      const b = <f32> ((subtractMean ? r * (constant - meanOfH) : 0) + offset), k = <f32> slope, a = <f32> (r * w);
      lineGradient(p, q, o, length, center32, k, b, a, m, along, scale + from, v);
    }
    if (dSum) add(dx, dSum + s * lines * bytes, dx, count);
  }
  return unfinished;
}
