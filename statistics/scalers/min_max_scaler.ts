import { tensor } from "../../kernels/tensor.ts";
import { Extrema } from "../moments/extrema.ts";
import { Fields } from "../json.ts";
import { checkNumber } from "../../kernels/check.ts";
import { divisorOf, Scaler } from "./scaler.ts";
import type { Scaling } from "../scaling.ts";

/** How a {@linkcode MinMaxScaler} is made. */
export interface MinMaxScalerInit {
  /** What the minimum becomes. Default: 0. */
  low?: number;
  /** What the maximum becomes. Default: 1. */
  high?: number;
}

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
   * @throws {TypeError | RangeError} If low is not below high.
   */
  constructor({ low = 0, high = 1 }: MinMaxScalerInit = {}, extrema: Extrema = new Extrema()) {
    super({ low, high }, extrema);
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
    const fields = new Fields("MinMaxScaler", value), init = { low: fields.number("low"), high: fields.number("high") };
    return new MinMaxScaler(init, Extrema.fromJSON(fields.get("summary")));
  }

  /** @internal */
  protected derive(): Scaling {
    const center = this.summary.minimum(), maximum = this.summary.maximum().data, range = this.#high - this.#low;
    return {
      center,
      scale: tensor(maximum.map((value, i) => divisorOf(divisorOf(value - center.data[i]) / range))),
      offset: tensor(maximum.map(() => this.#low)),
    };
  }
}
