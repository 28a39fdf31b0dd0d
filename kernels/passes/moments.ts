import { compensationOf } from "../two_sum.ts";

/**
 * Moments of several statistics side by side: for each a count, the mean and the sum of squared deviations from it (m2).
 * They form a monoid: an empty one merges without effect, and the order of merging does not matter beyond rounding, so
 * that tiles, batches, files and machines all add up by the one `merge`.
 *
 * A mean is kept as the sum `mean + compensation` of two numbers, to about twice the precision of one. At a mean of 1e8 deviations a float64
 * alone is off by 1e-8 of them, and so would be every difference of two means.
 *
 * @example The variance of [1, 2] and [3, 4] together
 * ```ts
 * import { Moments } from "@evenkeel/norm/kernels";
 * import { assertEquals } from "@std/assert";
 *
 * const moments = new Moments(1);
 * moments.merge(0, 2, 1.5, 0.5);
 * moments.merge(0, 2, 3.5, 0.5);
 * assertEquals(moments.variance(0), 1.25);
 * ```
 */
export class Moments {
  /** How many values each statistic has seen. */
  count: Float64Array;
  /** Their mean; 0 while there are none. */
  mean: Float64Array;
  /** What rounding has taken from that mean. */
  compensation: Float64Array;
  /** The sum of their squared deviations from the mean. */
  m2: Float64Array;

  /** Empty moments of `size` statistics. */
  constructor(size: number) {
    this.count = new Float64Array(size);
    this.mean = new Float64Array(size);
    this.compensation = new Float64Array(size);
    this.m2 = new Float64Array(size);
  }

  /** Empties the first `size` statistics, and makes room where there are fewer. */
  reset(size: number): void {
    if (size > this.count.length) {
      this.count = new Float64Array(size);
      this.mean = new Float64Array(size);
      this.compensation = new Float64Array(size);
      this.m2 = new Float64Array(size);
      return;
    }
    for (let i = 0; i < size; i++) {
      this.count[i] =
        this.mean[i] =
        this.compensation[i] =
        this.m2[i] =
          0;
    }
  }

  /**
   * Merges `count` values of the given mean (`mean + compensation`) and sum of squared deviations into statistic `i` (Chan, Golub and
   * LeVeque 1979): with the difference of means d, mean += d nb / n and m2 += m2b + d^2 na nb / n.
   *
   * With `-count` and `-m2` the same formulas take out again what was merged; m2 may then end below 0 by a rounding error.
   */
  merge(i: number, count: number, mean: number, m2: number, compensation = 0): void {
    if (count === 0) return;
    const had = this.count[i], n = had + count;
    this.count[i] = n;
    if (had === 0) {
      this.mean[i] = mean;
      this.compensation[i] = compensation;
      this.m2[i] = m2;
    } else if (n === 0) {
      this.mean[i] = this.compensation[i] = this.m2[i] = 0;
    } else {
      const d = (mean - this.mean[i]) + (compensation - this.compensation[i]);
      this.m2[i] += m2 + d * d * (had * (count / n));
      const before = this.mean[i], step = this.compensation[i] + d * (count / n);
      this.mean[i] = before + step;
      this.compensation[i] = compensationOf(before, step);
    }
  }

  /** The population variance m2 / n of statistic `i`; NaN while it is empty. */
  variance(i: number): number {
    return this.m2[i] / this.count[i];
  }
}
