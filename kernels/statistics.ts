import type { Data, Lines } from "./engine.ts";
import { Moments } from "./moments.ts";
import type { Tile } from "./tiles.ts";

/** What a normalization measures, and what it divides by: y = (x - mean, or x) * inverse(variance). */
export interface Measure {
  /** Whether moments are taken about zero, so that the "variance" is the mean square. */
  aboutZero: boolean;
  /** Whether the mean is subtracted. */
  subtractMean: boolean;
  /** One over what is divided by. */
  inverse(variance: number): number;
  /** Its derivative with respect to the variance, from both. */
  derivative(inverse: number, variance: number): number;
}

/** One over the standard deviation, r = (v + epsilon)^(-1/2), whose derivative is -r^3 / 2. */
export function standardDeviation(
  epsilon: number,
  options: { aboutZero?: boolean; subtractMean?: boolean } = {},
): Measure {
  const { aboutZero = false, subtractMean = true } = options;
  const inverse = (variance: number) => 1 / Math.sqrt(variance + epsilon);
  return { aboutZero, subtractMean, inverse, derivative: (inverse) => -inverse * inverse * inverse / 2 };
}

/** Statistics that were measured elsewhere. */
export interface Given {
  mean?: Data;
  variance?: Data;
  invStdDev?: Data;
}

/** Below this a float32 square has lost bits. */
const TINY = 2 ** -100;

/** The statistics of one group of tiles, counted from the group's first. */
export class Statistics {
  readonly #moments = new Moments(0);
  #size = 0;
  /** The mean of each statistic. */
  mean: Float64Array = this.#moments.mean;
  /** The variance of each statistic, or its mean square. */
  variance: Float64Array = new Float64Array(0);
  /** What each multiplies by. */
  inverse: Float64Array = new Float64Array(0);
  /** sum(h) of each, for gradients. */
  sum: Float64Array = new Float64Array(0);
  /** sum(h z) of each, where z is x, less the mean where that is subtracted. */
  product: Float64Array = new Float64Array(0);

  /** Empties it, for `size` statistics. */
  reset(size: number): void {
    this.#size = size;
    this.#moments.reset(size);
    this.mean = this.#moments.mean;
    if (this.variance.length < size) {
      this.variance = new Float64Array(size);
      this.inverse = new Float64Array(size);
      this.sum = new Float64Array(size);
      this.product = new Float64Array(size);
    }
    for (let s = 0; s < size; s++) this.sum[s] = this.product[s] = 0;
  }

  /** Merges the moments of a tile's lines. */
  merge(lines: Lines, tile: Tile): void {
    const { statistic, mean, m2 } = lines;
    for (let l = 0; l < tile.lines; l++) this.#moments.merge(statistic[l], tile.length, mean[l], m2[l]);
  }

  /** Once all tiles are merged: variances, and what they mean for the measure. */
  finish(measure: Measure): void {
    for (let s = 0; s < this.#size; s++) {
      this.variance[s] = this.#moments.variance(s);
      this.inverse[s] = measure.inverse(this.variance[s]);
    }
  }

  /** Takes statistics from elsewhere, from index `base` on, instead of merging them. */
  take(given: Given, base: number, measure: Measure): void {
    for (let s = 0; s < this.#size; s++) {
      this.mean[s] = given.mean ? given.mean[base + s] : 0;
      if (given.invStdDev) {
        // The derivative of standardDeviation asks for nothing else.
        this.inverse[s] = given.invStdDev[base + s];
        this.variance[s] = NaN;
      } else {
        this.variance[s] = given.variance![base + s];
        this.inverse[s] = measure.inverse(this.variance[s]);
      }
    }
  }

  /** Writes the statistics that were merged to their places in the given arrays, from index `base` on. */
  copyTo(out: Given, base: number): void {
    for (let s = 0; s < this.#size; s++) {
      if (this.#moments.count[s] === 0) continue;
      if (out.mean) out.mean[base + s] = this.mean[s];
      if (out.variance) out.variance[base + s] = this.variance[s];
      if (out.invStdDev) out.invStdDev[base + s] = this.inverse[s];
    }
  }
}

/** The variance under which float32 moments are not enough for a measure: none where epsilon drowns them. */
export function floorOf(measure: Measure): number {
  return measure.inverse(TINY) > 2 ** 35 ? TINY : 0;
}
