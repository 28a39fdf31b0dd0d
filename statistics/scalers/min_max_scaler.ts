import { OptionNames } from "../../kernels/option_names.ts";
import { type DType, type Tensor, tensor } from "../../kernels/tensor.ts";
import { Extrema } from "../moments/extrema.ts";
import { Fields } from "../json.ts";
import { checkNumber } from "../../kernels/check.ts";
import { checkClass } from "../kind.ts";
import { divisorOf, Scaler, type TransformOptions } from "./scaler.ts";
import type { Scaling } from "../scaling.ts";

/** How a {@linkcode MinMaxScaler} is made. */
export interface MinMaxScalerInit {
  /** What the minimum becomes. Default: 0. */
  low?: number;
  /** What the maximum becomes. Default: 1. */
  high?: number;
  /** Whether values outside of the range that was learned become `low` or `high`. Default: false. */
  clip?: boolean;
}

const names = new OptionNames<MinMaxScalerInit>({ low: true, high: true, clip: "flag" });

/**
 * Scales each feature from its range to [low, high], as scikit-learn's class of that name: y = (x - minimum) / (maximum - minimum) *
 * (high - low) + low. A constant feature is only shifted.
 *
 * @example
 * ```ts
 * import { MinMaxScaler } from "@evenkeel/norm/statistics";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const x = tensor(new Float32Array([10, 15, 20]), [3, 1]);
 * assertEquals([...new MinMaxScaler().partialFit(x).transform(x).data], [0, 0.5, 1]);
 * ```
 */
export class MinMaxScaler extends Scaler<Extrema, MinMaxScaler> {
  /** The name of its kind. */
  readonly kind = "MinMaxScaler";
  readonly #low: number;
  readonly #high: number;

  /**
   * A scaler that has learned nothing yet, or what extrema from elsewhere say.
   *
   * @throws {TypeError | RangeError} If an argument does not fit, or low is not below high.
   */
  constructor(init: MinMaxScalerInit = {}, extrema: Extrema = new Extrema()) {
    names.check("MinMaxScaler", init);
    checkClass("MinMaxScaler", "extrema", extrema, Extrema);
    const { low = 0, high = 1, clip = false } = init;
    super({ low, high, clip }, extrema);
    checkNumber(this.kind, "low", low);
    checkNumber(this.kind, "high", high);
    if (!(low < high)) throw new RangeError(`${this.kind}: low is ${low} and high is ${high}; low must be less.`);
    this.#low = low;
    this.#high = high;
  }

  /**
   * A scaler from what `toJSON` gave.
   *
   * @throws {TypeError | RangeError} If it is something else.
   */
  static fromJSON(value: unknown): MinMaxScaler {
    const fields = new Fields("MinMaxScaler", value);
    const init = { low: fields.number("low"), high: fields.number("high"), clip: fields.boolean("clip") };
    return new MinMaxScaler(init, Extrema.fromJSON(fields.get("summary")));
  }

  /** As of every scaler; what rounding moves out of [low, high] stays in it, and with `clip` everything does. */
  override transform<T extends DType>(x: Tensor<T>, options: TransformOptions = {}): Tensor<T> {
    const y = super.transform(x, options), { data } = y, low = this.#low, high = this.#high;
    const rounding = y.type === "float64" ? 2 ** -50 : y.type === "float32" ? 2 ** -21 : 2 ** -8;
    const slack = this.settings.clip ? Infinity : rounding * Math.max(high - low, Math.abs(low), Math.abs(high));
    for (let i = 0; i < data.length; i++) {
      if (data[i] > high && data[i] <= high + slack) data[i] = high;
      else if (data[i] < low && data[i] >= low - slack) data[i] = low;
    }
    return y;
  }

  /**
   * From the minimum; where the range is beyond float64, from its middle by its half.
   *
   * @internal
   */
  protected derive(): Scaling {
    const minimum = this.summary.minimum().data, maximum = this.summary.maximum().data;
    const wide = minimum.map((value, i) => Number(!Number.isFinite(maximum[i] - value)));
    const low = this.#low, range = this.#high - low;
    const scale = minimum.map((value, i) =>
      wide[i] ? (maximum[i] / 2 - value / 2) / (range / 2) : divisorOf(divisorOf(maximum[i] - value) / range)
    );
    const f = scale.indexOf(Infinity);
    if (f >= 0) {
      throw new RangeError(
        `${this.kind}: feature ${f} is from ${minimum[f]} to ${
          maximum[f]
        }, which is too much for float64. Divide it before.`,
      );
    }
    return {
      center: tensor(minimum.map((value, i) => wide[i] ? value / 2 + maximum[i] / 2 : value)),
      scale: tensor(scale),
      offset: tensor(minimum.map((_, i) => wide[i] ? low + range / 2 : low)),
    };
  }
}
