import { checkNumber } from "../../kernels/check.ts";
import { OptionNames } from "../../kernels/option_names.ts";
import { describe, type Tensor, tensor } from "../../kernels/tensor.ts";
import { BucketCounts } from "./bucket_counts.ts";
import { Fields } from "../json.ts";
import type { Settings } from "../kind.ts";
import { fieldsOfBytes, forEachValue, Summary } from "../summary.ts";

/** How a {@linkcode HistogramSketch} is made. */
export interface HistogramSketchInit {
  /** The largest relative error of a quantile, from 0.0001 to 0.5. Default: 0.01. */
  accuracy?: number;
  /** The most buckets of a feature, at least 16. Default: 2048, enough for 17 decades of magnitude at an accuracy of 0.01. */
  buckets?: number;
}

const names = new OptionNames<HistogramSketchInit>({ accuracy: true, buckets: true });

/** A bucket of a histogram: how many values are above `low` and up to `high` (for negative ones from `low` to below `high`). */
export interface Bucket {
  /** The end towards minus infinity. */
  low: number;
  /** The end towards infinity. */
  high: number;
  /** The number within `accuracy` of all values between. */
  value: number;
  /** How many values there are. */
  count: number;
}

/** Larger than every place of a bucket on the scale of magnitudes: those are within 745 / log(1.0002). */
const ORIGIN = 2 ** 23;

/**
 * A histogram of each feature of a stream of tensors, whose quantiles have a bounded relative error: DDSketch (Masson, Rim and Lee
 * 2019). Buckets are (g^(i-1), g^i] with g = (1 + accuracy) / (1 - accuracy), for either sign, and zero has one of its own.
 *
 * Where values spread over more buckets than are allowed, neighbours are joined until they fit, which squares g (Epicoco et al. 2020):
 * the error is then bounded by `accuracyOf(feature)`. Any parts, pushed and merged in any order, end in the same histogram to the last
 * count.
 *
 * @example
 * ```ts
 * import { HistogramSketch } from "@evenkeel/norm/statistics";
 * import { tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const x = Float64Array.from({ length: 1001 }, (_, i) => i);
 * const median = new HistogramSketch().push(tensor(x, [1001, 1])).quantile(0.5);
 * assertAlmostEquals(median.data[0], 500, 0.01 * 500);
 * ```
 */
export class HistogramSketch extends Summary<HistogramSketch> {
  /** The name of its kind. */
  readonly kind = "HistogramSketch";
  /** The options that it was made with, defaults included. */
  override readonly settings: Settings;
  readonly #buckets: number;
  /** log(g). */
  readonly #step: number;
  /** For each feature, counts by key: 0 for zero, else ORIGIN + i with the sign of the values, so that keys are in the order of values. */
  #counts: BucketCounts[] = [];
  /** For each feature, how often neighbours were joined. */
  #level: number[] = [];

  /**
   * A sketch that has seen nothing yet.
   *
   * @throws {TypeError | RangeError} If an option does not fit.
   */
  constructor(init: HistogramSketchInit = {}) {
    super();
    names.check(this.kind, init);
    const { accuracy = 0.01, buckets = 2048 } = init;
    checkNumber(this.kind, "accuracy", accuracy, 0.0001);
    if (accuracy > 0.5) throw new RangeError(`${this.kind}: accuracy is ${accuracy}; it must be at most 0.5.`);
    if (!Number.isSafeInteger(buckets) || buckets < 16) {
      throw new RangeError(`${this.kind}: buckets is ${describe(buckets)}; it must be a whole number, at least 16.`);
    }
    this.settings = { accuracy, buckets };
    this.#buckets = buckets;
    this.#step = Math.log1p(accuracy) - Math.log1p(-accuracy);
  }

  /** How many values each feature has seen. */
  count(): Tensor<"float64"> {
    return tensor(
      Float64Array.from(this.#counts, (counts) => counts.entries().reduce((sum, [, count]) => sum + count, 0)),
    );
  }

  /**
   * The quantile of each feature, interpolated as NumPy does by default; NaN where there are no values.
   *
   * @param q Which one, from 0 to 1; 0.5 is the median.
   * @throws {TypeError | RangeError} If q is out of range.
   */
  quantile(q: number): Tensor<"float64"> {
    checkNumber(`${this.kind}.quantile`, "q", q, 0);
    if (q > 1) throw new RangeError(`${this.kind}.quantile: q is ${q}; it must be at most 1.`);
    const count = this.count().data;
    return tensor(Float64Array.from(this.#counts, (_, feature) => {
      const rank = q * (count[feature] - 1), below = Math.floor(rank), part = rank - below;
      let low = NaN, seen = 0;
      for (const { value, count } of this.buckets(feature)) {
        seen += count;
        if (Number.isNaN(low) && seen > below) low = value;
        if (seen > below + Math.ceil(part)) return low + (value - low) * part;
      }
      return NaN;
    }));
  }

  /** The buckets of a feature that have values, in ascending order. */
  buckets(feature: number): Bucket[] {
    const step = this.#stepOf(feature);
    // 2 g^i / (1 + g) is as near, relatively, to either end.
    const middle = Math.log(2) - Math.log1p(Math.exp(step));
    return this.#countsOf(feature).entries().map(([key, count]) => {
      const i = Math.abs(key) - ORIGIN, sign = Math.sign(key);
      if (key === 0) return { low: 0, high: 0, value: 0, count };
      const [inner, value, outer] = [(i - 1) * step, i * step + middle, i * step].map((power) =>
        sign * Math.min(Math.exp(power), Number.MAX_VALUE)
      );
      return sign > 0 ? { low: inner, high: outer, value, count } : { low: outer, high: inner, value, count };
    });
  }

  /** The largest relative error of a feature's quantiles: the accuracy asked for, or more where buckets had to be joined. */
  accuracyOf(feature: number): number {
    return Math.tanh(this.#stepOf(feature) / 2); // (g - 1) / (g + 1)
  }

  /**
   * A sketch from what `toJSON` gave.
   *
   * @throws {TypeError | RangeError} If it is something else.
   */
  static fromJSON(value: unknown): HistogramSketch {
    return HistogramSketch.#from(new Fields("HistogramSketch", value));
  }

  /**
   * A sketch from what `toBytes` gave.
   *
   * @throws {TypeError | RangeError} If the bytes are others.
   */
  static fromBytes(bytes: Uint8Array): HistogramSketch {
    return HistogramSketch.#from(fieldsOfBytes("HistogramSketch", bytes));
  }

  static #from(fields: Fields): HistogramSketch {
    const init = { accuracy: fields.number("accuracy"), buckets: fields.number("buckets") };
    return new HistogramSketch(init).load(fields);
  }

  /** @internal */
  protected fresh(): HistogramSketch {
    return new HistogramSketch(this.settings);
  }

  /** @internal */
  protected reserve(features: number): void {
    this.#counts = Array.from({ length: features }, () => new BucketCounts());
    this.#level = new Array(features).fill(0);
  }

  /** @internal */
  protected absorb(x: Tensor, axis: number): void {
    const step = this.#step, counts = this.#counts, level = this.#level, most = this.#buckets;
    forEachValue(x, axis, (f, value) => {
      const i = Math.ceil(Math.log(Math.abs(value)) / step);
      const key = value === 0 ? 0 : Math.sign(value) * (ORIGIN + joined(i, level[f]));
      counts[f].add(key, 1);
      while (counts[f].size > most) this.#raise(f, level[f] + 1);
    });
  }

  /** @internal */
  protected join(other: HistogramSketch): void {
    for (let f = 0; f < this.#counts.length; f++) {
      this.#raise(f, Math.max(this.#level[f], other.#level[f]));
      addAll(this.#counts[f], other.#counts[f], this.#level[f] - other.#level[f]);
      while (this.#counts[f].size > this.#buckets) this.#raise(f, this.#level[f] + 1);
    }
  }

  /** @internal */
  protected arrays(): Record<"level" | "used" | "keys" | "counts", Float64Array> {
    const sorted = this.#counts.map((counts) => counts.entries());
    return {
      level: Float64Array.from(this.#level),
      used: Float64Array.from(sorted, ({ length }) => length),
      keys: Float64Array.from(sorted.flat(), ([key]) => key),
      counts: Float64Array.from(sorted.flat(), ([, count]) => count),
    };
  }

  /** @internal */
  protected override restore(fields: Fields): void {
    const level = fields.numbers("level", this.features), used = fields.numbers("used", this.features);
    const keys = fields.numbers("keys"), counts = fields.numbers("counts", keys.length);
    let from = 0;
    for (let f = 0; f < this.features; f++) {
      const to = from + used[f];
      if (!isCount(level[f]) || level[f] > MAX_LEVEL) fields.refuse(`level of feature ${f}`, `${level[f]}`, LEVELS);
      if (!isCount(used[f]) || used[f] > this.#buckets || to > keys.length) {
        fields.refuse(`used of feature ${f}`, `${used[f]}`, "it must be how many of the keys are this feature's");
      }
      for (let k = from; k < to; k++) {
        const fits = isCount(counts[k]) && counts[k] > 0 && isKey(keys[k]) && (k === from || keys[k - 1] < keys[k]);
        if (!fits) fields.refuse(`bucket ${k}`, `key ${keys[k]} with count ${counts[k]}`, BUCKETS);
        this.#counts[f].add(keys[k], counts[k]);
      }
      this.#level[f] = level[f];
      from = to;
    }
    if (from < keys.length) fields.refuse("keys", `a list of ${keys.length}`, `features use ${from} of them`);
  }

  #countsOf(feature: number): BucketCounts {
    const counts = this.#counts[feature];
    if (counts !== undefined) return counts;
    throw new RangeError(
      `${this.kind}: feature is ${describe(feature)}; it must be a whole number from 0 to below ${this.features}.`,
    );
  }

  #stepOf(feature: number): number {
    this.#countsOf(feature);
    return this.#step * 2 ** this.#level[feature];
  }

  /** Joins neighbouring buckets of a feature until it is at a level. */
  #raise(feature: number, level: number): void {
    const rise = level - this.#level[feature];
    if (rise === 0) return;
    const counts = new BucketCounts();
    addAll(counts, this.#counts[feature], rise);
    this.#counts[feature] = counts;
    this.#level[feature] = level;
  }
}

/** Levels at which every magnitude of float64 is in one of two buckets. */
const MAX_LEVEL = 24;
const LEVELS = `it must be a whole number from 0 to ${MAX_LEVEL}`;
const BUCKETS = "keys must be known and ascending, counts whole and at least 1";

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function isKey(key: number): boolean {
  return key === 0 || (Number.isSafeInteger(key) && Math.abs(key) > 0 && Math.abs(key) < 2 * ORIGIN);
}

/** The place of a bucket after its level has risen: of two neighbours, (g^(2j-2), g^(2j-1)] and (g^(2j-1), g^(2j)], the one of g^2. */
function joined(i: number, rise: number): number {
  return -(-i >> rise); // ceil(i / 2^rise)
}

/** Adds the counts of buckets that rise by some levels. */
function addAll(counts: BucketCounts, others: BucketCounts, rise: number): void {
  for (const [key, count] of others.entries()) {
    counts.add(key === 0 ? 0 : Math.sign(key) * (ORIGIN + joined(Math.abs(key) - ORIGIN, rise)), count);
  }
}
