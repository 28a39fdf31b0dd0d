import { checkNumber } from "../../kernels/check.ts";
import { OptionNames } from "../../kernels/option_names.ts";
import { tensor } from "../../kernels/tensor.ts";
import { QuantileSketch } from "../quantiles/quantile_sketch.ts";
import { Fields } from "../json.ts";
import { checkClass } from "../kind.ts";
import { divisorOf, Scaler } from "./scaler.ts";
import type { Scaling } from "../scaling.ts";

/** How a {@linkcode RobustScaler} is made. */
export interface RobustScalerInit {
  /** The lower quantile. Default: 0.25. */
  low?: number;
  /** The upper quantile. Default: 0.75. */
  high?: number;
}

const names = new OptionNames<RobustScalerInit>({ low: true, high: true });

/**
 * Scales each feature by its quantiles, which outliers hardly move, as scikit-learn's class of that name: y = (x - median) / (upper
 * quantile - lower quantile). A feature whose quantiles are equal is only centered. Quantiles are those of a {@linkcode
 * QuantileSketch}: exact for a few thousand rows, and beyond within its accuracy in rank.
 *
 * @example
 * ```ts
 * import { RobustScaler } from "@evenkeel/norm/statistics";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const x = tensor(new Float32Array([1, 2, 3, 4, 1000]), [5, 1]);
 * const y = new RobustScaler().partialFit(x).transform(x);
 * assertEquals(y.data[0], -1); // (1 - 3) / (4 - 2)
 * ```
 */
export class RobustScaler extends Scaler<QuantileSketch, RobustScaler> {
  /** The name of its kind. */
  readonly kind = "RobustScaler";
  readonly #low: number;
  readonly #high: number;

  /**
   * A scaler that has learned nothing yet, or what a sketch from elsewhere says: give one to choose its accuracy.
   *
   * @throws {TypeError | RangeError} If an argument does not fit, or the quantiles are not two numbers from 0 to 1, the lower one first.
   */
  constructor(init: RobustScalerInit = {}, sketch: QuantileSketch = new QuantileSketch()) {
    names.check("RobustScaler", init);
    checkClass("RobustScaler", "sketch", sketch, QuantileSketch);
    const { low = 0.25, high = 0.75 } = init;
    super({ low, high }, sketch);
    checkNumber(this.kind, "low", low, 0);
    checkNumber(this.kind, "high", high, 0);
    if (!(low < high && high <= 1)) {
      throw new RangeError(`${this.kind}: low is ${low} and high is ${high}; low must be less, and high at most 1.`);
    }
    this.#low = low;
    this.#high = high;
  }

  /**
   * A scaler from what `toJSON` gave.
   *
   * @throws {TypeError | RangeError} If it is something else.
   */
  static fromJSON(value: unknown): RobustScaler {
    const fields = new Fields("RobustScaler", value), init = { low: fields.number("low"), high: fields.number("high") };
    return new RobustScaler(init, QuantileSketch.fromJSON(fields.get("summary")));
  }

  /** @internal */
  protected derive(): Scaling {
    const low = this.summary.quantile(this.#low).data, high = this.summary.quantile(this.#high).data;
    return {
      center: this.summary.quantile(0.5),
      scale: tensor(high.map((value, i) => divisorOf(value - low[i]))),
      offset: tensor(high.map(() => 0)),
    };
  }
}
