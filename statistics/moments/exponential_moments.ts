import { checkNumber } from "../../kernels/check.ts";
import { OptionNames } from "../../kernels/option_names.ts";
import { Moments } from "../../kernels/passes/moments.ts";
import { type Tensor, tensor } from "../../kernels/tensor.ts";
import { Fields } from "../json.ts";
import type { Settings } from "../kind.ts";
import { checkDistance, checkFinite, fieldsOfBytes, forEachValue, Summary } from "../summary.ts";

/** How {@linkcode ExponentialMoments} are made. */
export interface ExponentialMomentsInit {
  /** The weight of the old: each value weighs so much times the one after it. From 0 to below 1. Default: 0.99. */
  decay?: number;
  /**
   * Whether the weights are those of the values alone, so that the first values weigh no more than they should. Without it the
   * first value counts as if it had been there forever: running = running * decay + value * (1 - decay), from the first value on.
   * Default: true.
   */
  biasCorrection?: boolean;
}

const names = new OptionNames<ExponentialMomentsInit>({ decay: true, biasCorrection: "flag" });

/**
 * Mean and variance of each feature of a stream of tensors, in which the past counts less and less: value i of n weighs
 * decay^(n - 1 - i). Updates are those of West (1979) and Finch (2009): the weight of the past decays, then the new value is merged.
 *
 * The values of a tensor come one after the other, in the order of memory; a missing one is as if it had not been. Merging
 * continues the stream: what `other` has seen came later. So parts in order give what one pass gives.
 *
 * @example
 * ```ts
 * import { ExponentialMoments } from "@evenkeel/norm/statistics";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const moments = new ExponentialMoments({ decay: 0.5 }).push(tensor(new Float32Array([1, 4]), [2, 1]));
 * assertEquals(moments.mean().data[0], 3); // (0.5 * 1 + 1 * 4) / 1.5
 * assertEquals(moments.variance().data[0], 2); // (0.5 * 4 + 1 * 1) / 1.5
 * ```
 */
export class ExponentialMoments extends Summary<ExponentialMoments> {
  /** The name of its kind. */
  readonly kind = "ExponentialMoments";
  /** The options that it was made with, defaults included. */
  override readonly settings: Settings;
  readonly #decay: number;
  readonly #biasCorrection: boolean;
  /** Weighted moments: a count is a sum of weights. */
  readonly #moments = new Moments(0);
  /** How many values there were. */
  #values = new Float64Array(0);
  /** The first of them. */
  #first = new Float64Array(0);

  /**
   * Moments that have seen nothing yet.
   *
   * @throws {TypeError | RangeError} If decay is not a number from 0 to below 1.
   */
  constructor(init: ExponentialMomentsInit = {}) {
    super();
    names.check(this.kind, init);
    const { decay = 0.99, biasCorrection = true } = init;
    checkNumber(this.kind, "decay", decay, 0);
    if (decay >= 1) {
      throw new RangeError(
        `${this.kind}: decay is ${decay}; it must be below 1. RunningMoments weigh all values alike.`,
      );
    }
    this.settings = { decay, biasCorrection };
    this.#decay = decay;
    this.#biasCorrection = biasCorrection;
  }

  /** How many values each feature has seen. */
  count(): Tensor<"float64"> {
    return tensor(this.#values.slice());
  }

  /** The weighted mean of each feature, NaN where there are no values. */
  mean(): Tensor<"float64"> {
    const { count, mean } = this.#weighted();
    return tensor(mean.map((value, i) => count[i] === 0 ? NaN : value));
  }

  /** The weighted variance of each feature, about the weighted mean; NaN where there are no values. */
  variance(): Tensor<"float64"> {
    const { count, m2 } = this.#weighted();
    return tensor(m2.map((value, i) => value / count[i]));
  }

  /** The square root of the variance. */
  standardDeviation(): Tensor<"float64"> {
    return tensor(this.variance().data.map(Math.sqrt));
  }

  /**
   * Moments from what `toJSON` gave.
   *
   * @throws {TypeError | RangeError} If it is something else.
   */
  static fromJSON(value: unknown): ExponentialMoments {
    return ExponentialMoments.#from(new Fields("ExponentialMoments", value));
  }

  /**
   * Moments from what `toBytes` gave.
   *
   * @throws {TypeError | RangeError} If the bytes are others.
   */
  static fromBytes(bytes: Uint8Array): ExponentialMoments {
    return ExponentialMoments.#from(fieldsOfBytes("ExponentialMoments", bytes));
  }

  static #from(fields: Fields): ExponentialMoments {
    const init = { decay: fields.number("decay"), biasCorrection: fields.boolean("biasCorrection") };
    return new ExponentialMoments(init).load(fields);
  }

  /** @internal */
  protected fresh(): ExponentialMoments {
    return new ExponentialMoments(this.settings);
  }

  /** @internal */
  protected reserve(features: number): void {
    this.#moments.reset(features);
    this.#values = new Float64Array(features);
    this.#first = new Float64Array(features);
  }

  /** @internal */
  protected absorb(x: Tensor, axis: number): void {
    forEachValue(x, axis, (f, value) => {
      if (this.#values[f]++ === 0) this.#first[f] = value;
      this.#follow(f, this.#decay, 1, value, 0, 0);
    });
    checkFinite(this.#moments.m2);
  }

  /** @internal */
  protected join(other: ExponentialMoments): void {
    checkDistance(this.#moments, other.#moments);
    const { count, mean, m2, compensation } = other.#moments;
    for (let i = 0; i < count.length; i++) {
      if (this.#values[i] === 0) this.#first[i] = other.#first[i];
      this.#follow(i, this.#decay ** other.#values[i], count[i], mean[i], m2[i], compensation[i]);
      this.#values[i] += other.#values[i];
    }
  }

  /** @internal */
  protected arrays(): Record<"values" | "first" | "weight" | "mean" | "rest" | "m2", Float64Array> {
    const { count, mean, compensation, m2 } = this.#moments;
    return { values: this.#values, first: this.#first, weight: count, mean, rest: compensation, m2 };
  }

  /** @internal */
  protected override restore(fields: Fields): void {
    super.restore(fields);
    const arrays = Object.entries(this.arrays());
    for (let i = 0; i < this.#values.length; i++) {
      const fits = arrays.every(([, array]) => Number.isFinite(array[i])) && Number.isSafeInteger(this.#values[i]) &&
        Math.min(this.#values[i], this.#moments.count[i], this.#moments.m2[i]) >= 0;
      if (fits) continue;
      const state = arrays.map(([name, array]) => `${name} ${array[i]}`).join(", ");
      fields.refuse(
        `feature ${i}`,
        state,
        "all are finite, values are whole, and neither they nor weight or m2 negative",
      );
    }
  }

  /** Lets the past decay, then merges. */
  #follow(i: number, decay: number, weight: number, mean: number, m2: number, compensation: number): void {
    this.#moments.count[i] *= decay;
    this.#moments.m2[i] *= decay;
    this.#moments.merge(i, weight, mean, m2, compensation);
  }

  /** The moments; uncorrected, the first value has all the weight of the time before it too: 1 + decay + decay^2 + ... in all. */
  #weighted(): Moments {
    if (this.#biasCorrection) return this.#moments;
    const { count, mean, m2, compensation } = this.#moments, weighted = new Moments(count.length);
    for (let i = 0; i < count.length; i++) {
      weighted.merge(i, count[i], mean[i], m2[i], compensation[i]);
      const before = this.#decay ** this.#values[i] / (1 - this.#decay);
      if (this.#values[i] > 0) weighted.merge(i, before, this.#first[i], 0);
    }
    return weighted;
  }
}
