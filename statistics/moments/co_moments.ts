import { checkDims, checkNumber } from "../../kernels/check.ts";
import { Moments } from "../../kernels/passes/moments.ts";
import { panelsOf } from "../../kernels/passes/panels.ts";
import { type Tensor, tensor } from "../../kernels/tensor.ts";
import { Fields } from "../json.ts";
import type { Scaling } from "../scaling.ts";
import { checkDistance, checkFinite, fieldsOfBytes, refuseInfinite, Summary } from "../summary.ts";

/** Rows that are centered and multiplied together: their columns stay in the second level cache. */
const BLOCK = 256;

/**
 * Mean and covariance of the features of a stream of tensors, in float64, exactly mergeable: with the difference d of the means of two
 * parts, the matrix of co-deviations is the sum of theirs and of d d' na nb / n (Chan, Golub and LeVeque 1979, for matrices).
 *
 * A position with any missing value is left out as a whole, so that every entry is of the same positions.
 *
 * @example
 * ```ts
 * import { CoMoments } from "@evenkeel/norm/statistics";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const moments = new CoMoments().push(tensor(new Float32Array([1, 10, 3, 14]), [2, 2]));
 * assertEquals([...moments.covariance().data], [1, 2, 2, 4]);
 * ```
 */
export class CoMoments extends Summary<CoMoments> {
  /** The name of its kind. */
  readonly kind = "CoMoments";
  /** Of each feature; the counts are all the same. */
  readonly #moments = new Moments(0);
  /** Sums of (x - mean) (x - mean)', row by row; the diagonal is m2. */
  #products = new Float64Array(0);

  /** How many positions without a missing value there were. */
  get count(): number {
    return this.#moments.count[0] ?? 0;
  }

  /** The mean of each feature, NaN where there are no values. */
  mean(): Tensor<"float64"> {
    return tensor(this.#moments.mean.map((value) => this.count === 0 ? NaN : value));
  }

  /**
   * The covariance [features, features]: of the population, or, with a correction of 1, the unbiased estimate from a sample. NaN where
   * there are no more positions than the correction.
   *
   * @param correction What is subtracted from the count. Default: 0.
   * @throws {TypeError | RangeError} If it is not a number of at least 0.
   */
  covariance(correction = 0): Tensor<"float64"> {
    checkNumber(`${this.kind}.covariance`, "correction", correction, 0);
    const n = this.count - correction;
    return tensor(this.#products.map((value) => n > 0 ? value / n : NaN), [this.features, this.features]);
  }

  /**
   * The moments of (x - center) / scale + offset.
   *
   * @throws {TypeError | RangeError} If one of them is not a tensor [features], or a scale is 0.
   */
  scaled(scaling: Scaling): CoMoments {
    const operation = `${this.kind}.scaled`, d = this.features, { center, scale, offset } = scaling ?? {} as Scaling;
    for (const [name, values] of Object.entries({ center, scale, offset })) {
      checkDims(operation, name, values, [d], "one number for each feature");
    }
    const by = scale.data, none = by.indexOf(0);
    if (none >= 0) {
      throw new RangeError(`${operation}: scale ${none} is 0, by which nothing can be divided; 1 leaves as it is.`);
    }
    const result = new CoMoments(), { mean, compensation } = this.#moments;
    result.begin(d);
    for (let i = 0; i < d; i++) {
      const shifted = ((mean[i] - center.data[i]) + compensation[i]) / by[i] + offset.data[i];
      result.#moments.merge(i, this.count, shifted, this.#products[i * d + i] / (by[i] * by[i]));
      for (let j = 0; j < d; j++) result.#products[i * d + j] = this.#products[i * d + j] / (by[i] * by[j]);
    }
    return result;
  }

  /**
   * Moments from what `toJSON` gave.
   *
   * @throws {TypeError | RangeError} If it is something else.
   */
  static fromJSON(value: unknown): CoMoments {
    return new CoMoments().load(new Fields("CoMoments", value));
  }

  /**
   * Moments from what `toBytes` gave.
   *
   * @throws {TypeError | RangeError} If the bytes are others.
   */
  static fromBytes(bytes: Uint8Array): CoMoments {
    return new CoMoments().load(fieldsOfBytes("CoMoments", bytes));
  }

  /** @internal */
  protected fresh(): CoMoments {
    return new CoMoments();
  }

  /** @internal */
  protected reserve(features: number): void {
    this.#moments.reset(features);
    this.#products = new Float64Array(features * features);
  }

  /** @internal */
  protected absorb(x: Tensor, axis: number): void {
    const { outer, length: features, width } = panelsOf(x.dims, axis), positions = outer * width;
    const columns = Array.from({ length: features }, () => new Float64Array(BLOCK)), block = new CoMoments();
    for (let from = 0; from < positions; from += BLOCK) {
      let rows = 0;
      for (let p = from; p < Math.min(from + BLOCK, positions); p++) {
        const first = Math.floor(p / width) * features * width + p % width;
        let complete = true;
        for (let f = 0; f < features; f++) {
          const value = columns[f][rows] = x.data[first + f * width];
          complete &&= !Number.isNaN(value);
        }
        if (complete) rows++;
      }
      if (rows === 0) continue;
      block.begin(features);
      block.#measure(columns.map((column) => column.subarray(0, rows)), rows);
      this.join(block);
    }
  }

  /** @internal */
  protected join(other: CoMoments): void {
    const d = this.features, { count, mean, compensation, m2 } = other.#moments, ours = this.#moments;
    if (count[0] === 0) return; // every position has a missing value
    checkDistance(ours, other.#moments);
    const before = ours.count[0], weight = before * (count[0] / (before + count[0]));
    // From nothing there is no step: that to a large mean, squared, would be infinite.
    const step = mean.map((value, i) =>
      before === 0 ? 0 : (value - ours.mean[i]) + (compensation[i] - ours.compensation[i])
    );
    for (let i = 0; i < d; i++) {
      for (let j = 0; j < d; j++) {
        this.#products[i * d + j] += other.#products[i * d + j] + step[i] * step[j] * weight;
      }
    }
    for (let i = 0; i < d; i++) ours.merge(i, count[i], mean[i], m2[i], compensation[i]);
  }

  /** @internal */
  protected arrays(): Record<"count" | "mean" | "rest" | "products", Float64Array> {
    const { count, mean, compensation } = this.#moments;
    return { count: count.subarray(0, 1), mean, rest: compensation, products: this.#products };
  }

  /** @internal */
  protected override restore(fields: Fields): void {
    super.restore(fields);
    const { count, mean, compensation, m2 } = this.#moments, d = this.features, products = this.#products;
    count.fill(count[0]);
    const isCount = Number.isSafeInteger(count[0]) && count[0] >= 0;
    if (!isCount) fields.refuse("count", `${count[0]}`, "it must be a whole number, at least 0");
    for (let i = 0; i < d; i++) {
      m2[i] = products[i * d + i];
      const isFinite = Number.isFinite(mean[i] + compensation[i]) && m2[i] >= 0;
      if (!isFinite) {
        fields.refuse(
          `feature ${i}`,
          `mean ${mean[i]}, rest ${compensation[i]} and m2 ${m2[i]}`,
          "means are finite, m2 at least 0",
        );
      }
      for (let j = 0; j < i; j++) {
        if (products[i * d + j] !== products[j * d + i]) {
          fields.refuse("products", `not symmetric at [${i}, ${j}]`, "it must be a symmetric matrix, without NaN");
        }
      }
    }
  }

  /** The moments of a block, from its columns, which are centered on the way. */
  #measure(columns: Float64Array[], rows: number): void {
    const d = columns.length, products = this.#products;
    const left = columns.map((column, i) => {
      const mean = column.reduce((sum, value) => sum + value) / rows;
      let sum = 0;
      for (let r = 0; r < rows; r++) sum += column[r] -= mean;
      if (!Number.isFinite(sum)) refuseInfinite(i);
      this.#moments.merge(i, rows, mean, 0, sum / rows);
      return sum;
    });
    for (let i = 0; i < d; i++) {
      for (let j = 0; j <= i; j++) {
        products[i * d + j] = products[j * d + i] = dot(columns[i], columns[j]) - left[i] * left[j] / rows;
      }
      this.#moments.m2[i] = products[i * d + i];
    }
    checkFinite(this.#moments.m2);
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let even = 0, odd = 0, i = 0;
  for (; i + 1 < a.length; i += 2) {
    even += a[i] * b[i];
    odd += a[i + 1] * b[i + 1];
  }
  return i < a.length ? even + odd + a[i] * b[i] : even + odd;
}
