import { type Tensor, tensor } from "../../kernels/tensor.ts";
import { Fields } from "../json.ts";
import { fieldsOfBytes, forEachValue, Summary } from "../summary.ts";

/**
 * Minimum and maximum of each feature of a stream of tensors.
 *
 * @example
 * ```ts
 * import { Extrema } from "@evenkeel/norm/statistics";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const extrema = new Extrema().push(tensor(new Float32Array([1, 10, 3, NaN]), [2, 2]));
 * assertEquals([...extrema.minimum().data], [1, 10]);
 * assertEquals([...extrema.maximum().data], [3, 10]);
 * ```
 */
export class Extrema extends Summary<Extrema> {
  /** The name of its kind. */
  readonly kind = "Extrema";
  #minimum = new Float64Array(0);
  #maximum = new Float64Array(0);

  /** The smallest value of each feature, NaN where there are none. */
  minimum(): Tensor<"float64"> {
    return tensor(this.#minimum.map((value) => value === Infinity ? NaN : value));
  }

  /** The largest value of each feature, NaN where there are none. */
  maximum(): Tensor<"float64"> {
    return tensor(this.#maximum.map((value) => value === -Infinity ? NaN : value));
  }

  /**
   * Extrema from what `toJSON` gave.
   *
   * @throws {TypeError | RangeError} If it is something else.
   */
  static fromJSON(value: unknown): Extrema {
    return new Extrema().load(new Fields("Extrema", value));
  }

  /**
   * Extrema from what `toBytes` gave.
   *
   * @throws {TypeError | RangeError} If the bytes are others.
   */
  static fromBytes(bytes: Uint8Array): Extrema {
    return new Extrema().load(fieldsOfBytes("Extrema", bytes));
  }

  /** @internal */
  protected fresh(): Extrema {
    return new Extrema();
  }

  /** @internal */
  protected reserve(features: number): void {
    this.#minimum = new Float64Array(features).fill(Infinity);
    this.#maximum = new Float64Array(features).fill(-Infinity);
  }

  /** @internal */
  protected absorb(x: Tensor, axis: number): void {
    const minimum = this.#minimum, maximum = this.#maximum;
    forEachValue(x, axis, (f, value) => {
      if (value < minimum[f]) minimum[f] = value;
      if (value > maximum[f]) maximum[f] = value;
    });
  }

  /** @internal */
  protected join(other: Extrema): void {
    other.#minimum.forEach((value, i) => this.#minimum[i] = Math.min(this.#minimum[i], value));
    other.#maximum.forEach((value, i) => this.#maximum[i] = Math.max(this.#maximum[i], value));
  }

  /** @internal */
  protected arrays(): Record<"minimum" | "maximum", Float64Array> {
    return { minimum: this.#minimum, maximum: this.#maximum };
  }

  /** @internal */
  protected override restore(fields: Fields): void {
    super.restore(fields);
    this.#minimum.forEach((minimum, i) => {
      const maximum = this.#maximum[i], empty = minimum === Infinity && maximum === -Infinity;
      if (!empty && !(minimum <= maximum)) {
        fields.refuse(
          `feature ${i}`,
          `minimum ${minimum} and maximum ${maximum}`,
          "the minimum is at most the maximum",
        );
      }
    });
  }
}
