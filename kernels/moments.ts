/**
 * Moments of several statistics side by side: for each a count, the mean and the sum of squared deviations from it (m2).
 * They form a monoid: an empty one merges without effect, and the order of merging does not matter beyond rounding, so
 * that tiles, batches, files and machines all add up by the one `merge`.
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
  /** The sum of their squared deviations from the mean. */
  m2: Float64Array;

  /** Empty moments of `size` statistics. */
  constructor(size: number) {
    this.count = new Float64Array(size);
    this.mean = new Float64Array(size);
    this.m2 = new Float64Array(size);
  }

  /** Empties the first `size` statistics, and makes room where there are fewer. */
  reset(size: number): void {
    if (size > this.count.length) {
      this.count = new Float64Array(size);
      this.mean = new Float64Array(size);
      this.m2 = new Float64Array(size);
      return;
    }
    for (let i = 0; i < size; i++) this.count[i] = this.mean[i] = this.m2[i] = 0;
  }

  /**
   * Merges `count` values of the given mean and sum of squared deviations into statistic `i` (Chan, Golub and LeVeque 1979):
   * with the difference of means d, mean += d nb / n and m2 += m2b + d^2 na nb / n.
   */
  merge(i: number, count: number, mean: number, m2: number): void {
    if (count === 0) return;
    const before = this.count[i];
    if (before === 0) {
      this.count[i] = count;
      this.mean[i] = mean;
      this.m2[i] = m2;
    } else {
      const n = before + count, d = mean - this.mean[i];
      this.count[i] = n;
      this.mean[i] += d * (count / n);
      this.m2[i] += m2 + d * d * (before * (count / n));
    }
  }

  /** The population variance m2 / n of statistic `i`; NaN while it is empty. */
  variance(i: number): number {
    return this.m2[i] / this.count[i];
  }
}
