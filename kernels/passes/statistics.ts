import type { Lines } from "../engines/engine.ts";
import type { Data, Tile } from "../engines/tile.ts";
import { inverseOf, type Measure } from "../engines/measure.ts";
import { Moments } from "./moments.ts";

/** Division by the standard deviation, sqrt(v + epsilon). */
export function standardDeviation(
  epsilon: number,
  { aboutZero = false, subtractMean = true }: { aboutZero?: boolean; subtractMean?: boolean } = {},
): Measure {
  return { aboutZero, subtractMean, factor: 1, inside: epsilon, outside: 0, ofNothing: Infinity };
}

/** Statistics that were measured elsewhere: variances, or what a division by the standard deviation saved of them. */
export type Given = { mean?: Data } & ({ variance: Data } | { invStdDev: Data });

/** Places for the statistics of a pass. */
export interface StatisticsOutputs {
  mean?: Data;
  variance?: Data;
  invStdDev?: Data;
}

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

  /** Empties it, for `size` statistics. */
  reset(size: number): void {
    this.#size = size;
    this.#moments.reset(size);
    this.mean = this.#moments.mean;
    if (this.inverse.length < size) {
      this.#variances = new Float64Array(size);
      this.inverse = new Float64Array(size);
    }
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
