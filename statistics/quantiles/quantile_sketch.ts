import { checkNumber } from "../../kernels/check.ts";
import { OptionNames } from "../../kernels/option_names.ts";
import { panelsOf } from "../../kernels/passes/panels.ts";
import { type Tensor, tensor } from "../../kernels/tensor.ts";
import { Fields } from "../json.ts";
import type { Settings } from "../kind.ts";
import { fieldsOfBytes, forEachValue, Summary } from "../summary.ts";
import { Compactors } from "./compactors.ts";

/** How a {@linkcode QuantileSketch} is made. */
export interface QuantileSketchInit {
  /**
   * By how much the rank of a quantile may be off, as a part of all values, from 0.0001 to 0.1: that of the median, by default, is
   * between the ranks 0.498 and 0.502. Default: 0.002.
   */
  accuracy?: number;
}

const names = new OptionNames<QuantileSketchInit>({ accuracy: true });

/**
 * The quantiles of each feature of a stream of tensors, with a bounded error in rank, whatever the values are like: the sketch of
 * Karnin, Lang and Liberty (2016). It keeps up to three times (2.3 / accuracy)^1.1 values of a feature, some 7,500 by default, each
 * for a power of two of the data; while there are no more than a third of that, quantiles are exact.
 *
 * A quantile is within the accuracy in 99 of 100 cases, after any parts in any order; {@linkcode rankError} says what is certain.
 *
 * @see https://arxiv.org/abs/1603.05346
 *
 * @example
 * ```ts
 * import { QuantileSketch } from "@evenkeel/norm/statistics";
 * import { tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const x = Float64Array.from({ length: 100_001 }, (_, i) => 1e9 + i);
 * const median = new QuantileSketch().push(tensor(x, [100_001, 1])).quantile(0.5);
 * assertAlmostEquals(median.data[0], 1e9 + 50_000, 0.002 * 100_001);
 * ```
 */
export class QuantileSketch extends Summary<QuantileSketch> {
  /** The name of its kind. */
  readonly kind = "QuantileSketch";
  /** The options that it was made with, defaults included. */
  override readonly settings: Settings;
  /** How many values the highest level keeps. */
  readonly #k: number;
  #features: Compactors[] = [];

  /**
   * A sketch that has seen nothing yet.
   *
   * @throws {TypeError | RangeError} If accuracy is out of range.
   */
  constructor(init: QuantileSketchInit = {}) {
    super();
    names.check(this.kind, init);
    const { accuracy = 0.002 } = init;
    checkNumber(this.kind, "accuracy", accuracy, 0.0001);
    if (accuracy > 0.1) throw new RangeError(`${this.kind}: accuracy is ${accuracy}; it must be at most 0.1.`);
    this.settings = { accuracy };
    // What Apache DataSketches measured for levels of these sizes: an error of 2.296 / k^0.9021 with a confidence of 99 %.
    this.#k = Math.ceil((2.296 / accuracy) ** (1 / 0.9021));
  }

  /** How many values each feature has seen. */
  count(): Tensor<"float64"> {
    return this.#each(({ count }) => count);
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
    return this.#each((feature) => quantileOf(feature, q));
  }

  /** By how much the rank of a quantile of each feature may be off, as a part of all values, whatever happened; 0 is exact. */
  rankError(): Tensor<"float64"> {
    return this.#each(({ error, count }) => count === 0 ? 0 : error / count);
  }

  /**
   * A sketch from what `toJSON` gave.
   *
   * @throws {TypeError | RangeError} If it is something else.
   */
  static fromJSON(value: unknown): QuantileSketch {
    return QuantileSketch.#from(new Fields("QuantileSketch", value));
  }

  /**
   * A sketch from what `toBytes` gave.
   *
   * @throws {TypeError | RangeError} If the bytes are others.
   */
  static fromBytes(bytes: Uint8Array): QuantileSketch {
    return QuantileSketch.#from(fieldsOfBytes("QuantileSketch", bytes));
  }

  static #from(fields: Fields): QuantileSketch {
    return new QuantileSketch({ accuracy: fields.number("accuracy") }).load(fields);
  }

  #each(value: (feature: Compactors) => number): Tensor<"float64"> {
    return tensor(Float64Array.from(this.#features, value));
  }

  /** @internal */
  protected fresh(): QuantileSketch {
    return new QuantileSketch(this.settings);
  }

  /** @internal */
  protected reserve(features: number): void {
    this.#features = Array.from({ length: features }, () => new Compactors());
  }

  /** @internal */
  protected absorb(x: Tensor, axis: number): void {
    const features = this.#features.length, { outer, width } = panelsOf(x.dims, axis), most = outer * width;
    const values = new Float64Array(features * most), used = new Uint32Array(features);
    forEachValue(x, axis, (f, value) => values[f * most + used[f]++] = value);
    this.#features.forEach((feature, f) => feature.add(values.subarray(f * most, f * most + used[f])));
  }

  /** @internal */
  protected join(other: QuantileSketch): void {
    this.#features.forEach((feature, f) => {
      feature.merge(other.#features[f]);
      feature.compress(this.#k);
    });
  }

  /** @internal */
  protected arrays(): Record<"count" | "error" | "minimum" | "maximum" | "levels" | "sizes" | "values", Float64Array> {
    const features = this.#features, levels = features.flatMap((feature) => feature.levels);
    const values = new Float64Array(levels.reduce((sum, { length }) => sum + length, 0));
    levels.reduce((at, level) => (values.set(level, at), at + level.length), 0);
    return {
      count: this.#each(({ count }) => count).data,
      error: this.#each(({ error }) => error).data,
      minimum: this.#each(({ minimum }) => minimum).data,
      maximum: this.#each(({ maximum }) => maximum).data,
      levels: this.#each(({ levels }) => levels.length).data,
      sizes: Float64Array.from(levels, ({ length }) => length),
      values,
    };
  }

  /** @internal */
  protected override restore(fields: Fields): void {
    const [count, error, minimum, maximum, levels] = ["count", "error", "minimum", "maximum", "levels"].map((name) =>
      fields.numbers(name, this.features)
    );
    const sizes = fields.numbers("sizes"), values = fields.numbers("values");
    let level = 0, at = 0;
    this.#features.forEach((feature, f) => {
      if (!isCount(levels[f]) || levels[f] < 1 || levels[f] > mostLevels || level + levels[f] > sizes.length) {
        fields.refuse(`levels of feature ${f}`, `${levels[f]}`, `it must be how many of the sizes are this feature's`);
      }
      feature.levels = Array.from({ length: levels[f] }, () => {
        const size = sizes[level++], end = at + size;
        if (!isCount(size) || end > values.length) {
          fields.refuse(`size ${level - 1}`, `${size}`, "it must be how many of the values are of this level");
        }
        const part = values.subarray(at, end);
        at = end;
        return part;
      });
      Object.assign(feature, { count: count[f], error: error[f], minimum: minimum[f], maximum: maximum[f] });
      checkFeature(fields, f, feature);
    });
    if (level < sizes.length) fields.refuse("sizes", `a list of ${sizes.length}`, `features use ${level} of them`);
    if (at < values.length) fields.refuse("values", `a list of ${values.length}`, `levels use ${at} of them`);
  }
}

/** More would be for more values than numbers can count. */
const mostLevels = 54;

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** Throws unless what was read of a feature can be. */
function checkFeature(fields: Fields, f: number, { count, error, minimum, maximum, levels }: Compactors): void {
  const stands = levels.reduce((sum, { length }, h) => sum + length * 2 ** h, 0);
  if (count !== stands || !isCount(count)) {
    fields.refuse(`count of feature ${f}`, `${count}`, `its values stand for ${stands}`);
  }
  if (!isCount(error)) fields.refuse(`error of feature ${f}`, `${error}`, "it must be a whole number, at least 0");
  const fits = (value: number, i: number, all: Float64Array) =>
    Number.isFinite(value) && minimum <= value && value <= maximum && (i === 0 || all[i - 1] <= value);
  const ends = count === 0 ? minimum === Infinity && maximum === -Infinity : minimum <= maximum;
  if (!ends || !levels.every((level) => level.every(fits))) {
    fields.refuse(`values of feature ${f}`, "not in order", "each level ascends, from minimum to maximum at most");
  }
}

function quantileOf(feature: Compactors, q: number): number {
  const { count, minimum, maximum } = feature, rank = q * (count - 1), below = Math.floor(rank), part = rank - below;
  if (count === 0) return NaN;
  if (rank === 0) return minimum;
  if (rank === count - 1) return maximum;
  const [values, ...higher] = feature.levels;
  if (higher.length === 0) return between(values[below], values[below + 1], part);
  let low = NaN, seen = 0;
  for (const { value, weight } of feature.sorted()) {
    seen += weight;
    if (Number.isNaN(low) && seen > below) low = value;
    if (seen > below + Math.ceil(part)) return between(low, value, part);
  }
  return NaN;
}

/** What lies between two values, also where their difference is beyond float64. */
function between(low: number, high: number, part: number): number {
  const step = high - low;
  return Number.isFinite(step) ? low + step * part : low * (1 - part) + high * part;
}
