import type { Lines } from "../engines/engine.ts";
import type { Data, Tile } from "../engines/tile.ts";
import { Moments } from "./moments.ts";

/** What a normalization measures, and what it divides by: y = (x - mean, or x) * inverse. Plain data, which can go to other threads. */
export interface Measure {
  /** Whether moments are taken about zero, so that the "variance" is the mean square. */
  aboutZero: boolean;
  /** Whether the mean is subtracted. */
  subtractMean: boolean;
  /** What is divided by, and the constant in its formula. */
  divisor: keyof typeof divisors;
  constant: number;
}

/** One over what is divided by, r, as a function of the variance v and a constant, and its derivative with respect to v. */
interface Divisor {
  inverse(variance: number, constant: number): number;
  derivative(inverse: number, variance: number, constant: number): number;
}

const divisors = {
  /** r = (v + epsilon)^(-1/2), r' = -r^3 / 2. */
  deviation: {
    inverse: (variance, epsilon) => 1 / Math.sqrt(variance + epsilon),
    derivative: (inverse) => -inverse * inverse * inverse / 2,
  },
  /** r = 1 / (sqrt(v) + epsilon), r' = -r^2 / (2 sqrt(v)); 0 is taken for it where v is 0. */
  "deviation plus epsilon": {
    inverse: (variance, epsilon) => 1 / (Math.sqrt(variance) + epsilon),
    derivative: (inverse, variance) => variance === 0 ? 0 : -(inverse ** 2) / (2 * Math.sqrt(variance)),
  },
  /** The Euclidean length sqrt(n v) of n elements, where v is their mean square: r = (n v)^(-1/2), r' = -n r^3 / 2. */
  length: {
    inverse: (variance, n) => variance === 0 ? 0 : 1 / Math.sqrt(n * variance),
    derivative: (inverse, _, n) => -n * inverse * inverse * inverse / 2,
  },
} satisfies Record<string, Divisor>;

/** One over what a measure divides by. */
function inverseOf({ divisor, constant }: Measure, variance: number): number {
  return divisors[divisor].inverse(variance, constant);
}

/** Division by the standard deviation, sqrt(v + epsilon). */
export function standardDeviation(
  epsilon: number,
  { aboutZero = false, subtractMean = true }: { aboutZero?: boolean; subtractMean?: boolean } = {},
): Measure {
  return { aboutZero, subtractMean, divisor: "deviation", constant: epsilon };
}

/** Statistics that were measured elsewhere: variances, or what a division by the standard deviation saved of them. */
export type Given = { mean?: Data } & ({ variance: Data } | { invStdDev: Data });

/** Places for the statistics of a pass. */
export interface StatisticsOutputs {
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
  #variances: Float64Array = new Float64Array(0);
  /** The mean of each statistic. */
  mean: Float64Array = this.#moments.mean;
  /** The variance of each statistic, or its mean square; undefined where 1 / deviation was given, from which it cannot be had. */
  variance: Float64Array | undefined;
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
    if (this.inverse.length < size) {
      this.#variances = new Float64Array(size);
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
    const variance = this.variance = this.#variances;
    for (let s = 0; s < this.#size; s++) {
      variance[s] = this.#moments.variance(s);
      this.inverse[s] = inverseOf(measure, variance[s]);
    }
  }

  /** Takes statistics from elsewhere, from index `base` on, instead of merging them. */
  take(given: Given, base: number, measure: Measure): void {
    for (let s = 0; s < this.#size; s++) this.mean[s] = given.mean ? given.mean[base + s] : 0;
    if ("invStdDev" in given) {
      this.variance = undefined;
      for (let s = 0; s < this.#size; s++) this.inverse[s] = given.invStdDev[base + s];
      return;
    }
    const variance = this.variance = this.#variances;
    for (let s = 0; s < this.#size; s++) {
      variance[s] = given.variance[base + s];
      this.inverse[s] = inverseOf(measure, variance[s]);
    }
  }

  /** The derivative of what a statistic multiplies by, with respect to its variance. */
  derivative(s: number, { divisor, constant }: Measure): number {
    const inverse = this.inverse[s];
    if (this.variance === undefined) return divisors.deviation.derivative(inverse);
    return divisors[divisor].derivative(inverse, this.variance[s], constant);
  }

  /** Writes the statistics that were merged to their places in the given arrays, from index `base` on. */
  copyTo(out: StatisticsOutputs, base: number): void {
    for (let s = 0; s < this.#size; s++) {
      if (this.#moments.count[s] === 0) continue;
      if (out.mean) out.mean[base + s] = this.mean[s];
      if (out.variance) out.variance[base + s] = this.#variances[s];
      if (out.invStdDev) out.invStdDev[base + s] = this.inverse[s];
    }
  }
}

/** The variance under which float32 moments are not enough for a measure: none where epsilon drowns them. */
export function floorOf(measure: Measure): number {
  return inverseOf(measure, TINY) > 2 ** 35 ? TINY : 0;
}
