import { batchNorm } from "../../kernels/batch_norm.ts";
import { checkAlike, checkInput } from "../../kernels/check.ts";
import { OptionNames } from "../../kernels/option_names.ts";
import { type DType, type Tensor, tensor } from "../../kernels/tensor.ts";
import type { JsonObject } from "../json.ts";
import { checkKind, type Kind, type Settings } from "../kind.ts";
import type { Scaling } from "../scaling.ts";
import type { Summary } from "../summary.ts";

/** What can be fitted to a stream, chunk by chunk, and then applied. */
export interface Estimator<Self> {
  /** Learns from rows of features. */
  partialFit(x: Tensor): this;
  /** Applies what was learned. */
  transform(x: Tensor, options?: TransformOptions): Tensor;
  /** Learns what another one has learned. */
  merge(other: Self): this;
  /** Its state as plain JSON. */
  toJSON(): JsonObject;
}

/** Options of `transform` and `inverse`. */
export interface TransformOptions {
  /** Memory for the result. `y` may be x itself where the dims are the same. */
  out?: { y?: Tensor };
}

/** The names of {@linkcode TransformOptions}. */
export const transformNames = new OptionNames<TransformOptions>({ out: { y: true } });

/** That there are no options, of `partialFit` for one: what is given all the same would be ignored. */
export const noOptions = new OptionNames<Record<string, never>>({});

/**
 * A map y = (x - center) / scale + offset of each feature, learned from a summary of the data. Features are along the last axis of x.
 * NaN is a missing value: nothing is learned from it, and it stays NaN.
 */
export abstract class Scaler<S extends Summary<S>, Self extends Scaler<S, Self>> implements Estimator<Self>, Kind {
  /** The name of its kind. */
  abstract readonly kind: string;
  /** The options that it was made with, defaults included. */
  readonly settings: Settings;
  /** All that is known of the data. */
  readonly summary: S;
  #scaling: Scaling | undefined;

  /**
   * A scaler with all options, of data so far known by a summary.
   *
   * @internal
   */
  protected constructor(settings: Settings, summary: S) {
    this.settings = settings;
    this.summary = summary;
  }

  /** Center, scale and offset of each feature, computed when they are asked for. */
  get scaling(): Scaling {
    if (this.summary.features === 0) {
      throw new TypeError(`${this.kind}: there is no data yet. Call partialFit before.`);
    }
    return this.#scaling ??= this.derive();
  }

  /**
   * Learns from a chunk of data.
   *
   * @param x A tensor [rows, features].
   * @param options There are none; what is given is refused.
   * @throws {TypeError | RangeError} If an argument does not fit; nothing is learned then.
   */
  partialFit(x: Tensor, options: Record<string, never> = {}): this {
    noOptions.check(`${this.kind}.partialFit`, options);
    checkInput(`${this.kind}.partialFit`, x, 2);
    this.summary.push(x);
    return this.learned();
  }

  /**
   * Learns what another scaler has learned, which stays as it is.
   *
   * @throws {TypeError | RangeError} If it is of another kind, or made with other options, or of other features.
   */
  merge(other: Self): this {
    checkKind(`${this.kind}.merge`, this, other);
    this.summary.merge(other.summary);
    this.#scaling = undefined;
    return this;
  }

  /**
   * y = (x - center) / scale + offset.
   *
   * @param x A tensor [rows, features].
   * @returns y, of x's type and dims: `out.y` if it was given.
   * @throws {TypeError | RangeError} If an argument does not fit, or nothing was learned yet; nothing is written then.
   */
  transform<T extends DType>(x: Tensor<T>, options: TransformOptions = {}): Tensor<T> {
    const { center, scale, offset } = this.scaling;
    return this.#apply("transform", x, center, scale.data.map((value) => 1 / value), offset.data, options);
  }

  /** x = (y - offset) * scale + center: what `transform` made y of. Arguments and errors are those of `transform`. */
  inverse<T extends DType>(y: Tensor<T>, options: TransformOptions = {}): Tensor<T> {
    const { center, scale, offset } = this.scaling;
    return this.#apply("inverse", y, offset, scale.data, center.data, options);
  }

  /** Its state as plain JSON, exact to the last bit. */
  toJSON(): JsonObject {
    return { kind: this.kind, version: 1, ...this.settings, summary: this.summary.toJSON() };
  }

  /**
   * Its state, with its numbers as they are: what `toJSON` gives has them once more.
   *
   * @internal
   */
  saved(): object {
    return { kind: this.kind, version: 1, ...this.settings, summary: this.summary.saved() };
  }

  /**
   * Forgets what was derived of the summary, which knows more now.
   *
   * @internal
   */
  protected learned(): this {
    this.#scaling = undefined;
    return this;
  }

  /**
   * What the summary means for this scaler.
   *
   * @internal
   */
  protected abstract derive(): Scaling;

  /** (x - center) * gain + offset, by the kernels. */
  #apply<T extends DType>(
    name: string,
    x: Tensor<T>,
    mean: Tensor,
    gain: Float64Array,
    offset: Float64Array,
    options: TransformOptions,
  ): Tensor<T> {
    const operation = `${this.kind}.${name}`, variance = tensor(gain.map(() => 1));
    transformNames.check(operation, options);
    const { out } = options;
    checkFeatures(operation, x, this.summary.features);
    if (out?.y !== undefined) checkAlike(operation, "out.y", out.y, x);
    return batchNorm(x, { axis: -1, mean, variance, epsilon: 0, scale: tensor(gain), bias: tensor(offset), out });
  }
}

/** What a feature is divided by that spans a range: 1 if that is nothing, or so little that its inverse is infinite. */
export function divisorOf(range: number): number {
  return Number.isFinite(1 / range) ? range : 1;
}

/** Throws unless x has rows of so many features. */
export function checkFeatures(operation: string, x: Tensor, features: number): void {
  checkInput(operation, x, 2);
  if (x.dims.at(-1) !== features) {
    throw new RangeError(
      `${operation}: x has dims [${x.dims.join(", ")}]; its last must be ${features}, the features that were learned.`,
    );
  }
}
