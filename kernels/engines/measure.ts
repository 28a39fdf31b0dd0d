/**
 * What a normalization measures, and what it divides by: y = (x - mean, or x) * r, where v is the variance (or mean square) and
 *
 *     r = 1 / (sqrt(factor v + inside) + outside)
 *
 * Plain data, which can go to other threads.
 */
export interface Measure {
  /** Whether moments are taken about zero, so that the "variance" is the mean square. */
  aboutZero: boolean;
  /** Whether the mean is subtracted. */
  subtractMean: boolean;
  /** What the variance is multiplied by: their number makes of a mean square the square of a length. */
  factor: number;
  /** An epsilon that is added to the variance. */
  inside: number;
  /** An epsilon that is added to the deviation. */
  outside: number;
  /** What r is where there is nothing to divide by: Infinity, or 0 for what stays 0. */
  ofNothing: number;
}

/** r, for a variance. */
export function inverseOf({ factor, inside, outside, ofNothing }: Measure, variance: number): number {
  const divisor = Math.sqrt(factor * variance + inside) + outside;
  return divisor === 0 ? ofNothing : 1 / divisor;
}

/** Its derivative with respect to the variance, which is needed only where there is an outer epsilon; 0 is taken for it where v is 0. */
export function derivativeOf({ factor, outside }: Measure, inverse: number, variance: number | undefined): number {
  if (outside === 0 || variance === undefined) return -factor * inverse * inverse * inverse / 2;
  return variance === 0 ? 0 : -(inverse ** 2) / (2 * Math.sqrt(variance));
}

/** Below this a float32 square has lost bits. */
const TINY = 2 ** -100;

/** The variance under which float32 moments are not enough for a measure: none where epsilon drowns them. */
export function floorOf(measure: Measure): number {
  return inverseOf(measure, TINY) > 2 ** 35 ? TINY : 0;
}
