import { checkAxis, checkDims, checkInput } from "../kernels/check.ts";
import { type NameList, OptionNames } from "../kernels/option_names.ts";
import type { Moments } from "../kernels/passes/moments.ts";
import { panelsOf } from "../kernels/passes/panels.ts";
import type { Tensor } from "../kernels/tensor.ts";
import { pack, type Saved, unpack } from "./bytes.ts";
import { Fields, type JsonObject, numbersToJSON } from "./json.ts";
import { checkKind, type Kind, type Settings } from "./kind.ts";

/** Options of {@linkcode Summary.push}. */
export interface PushOptions {
  /** The axis of the features, the last by default. */
  axis?: number;
  /** Which positions count: 0 is padding. Of x's dims without the axis of the features. Without it all count. */
  mask?: Tensor;
}

/** The names of {@linkcode PushOptions}. */
export const pushNames: NameList<PushOptions> = { axis: true, mask: true };
const names = new OptionNames(pushNames);

/**
 * What is known of each feature of all data seen so far, in constant memory. Summaries of parts `merge` to the summary of the
 * whole, whatever the parts and wherever they were made; `push` is the merge of a summary of one tensor. An empty one knows no
 * features yet, and merges without effect.
 *
 * NaN is a missing value, and so is what a mask hides: features may have seen different numbers of values. Infinite values are refused.
 */
export abstract class Summary<Self extends Summary<Self>> implements Kind {
  /** The name of its kind. */
  abstract readonly kind: string;
  /** The options that it was made with, defaults included. */
  readonly settings: Settings = {};
  #features = 0;

  /** How many features there are; 0 until the first data. */
  get features(): number {
    return this.#features;
  }

  /**
   * Adds the values of a tensor.
   *
   * @param x A tensor of rank 1 or more.
   * @throws {TypeError | RangeError} If an argument does not fit, or a value is infinite; nothing is added then.
   */
  push(x: Tensor, options: PushOptions = {}): this {
    const operation = `${this.kind}.push`;
    names.check(operation, options);
    checkInput(operation, x, 1);
    const { axis: given = -1 } = options, axis = checkAxis(operation, "axis", given, x.dims);
    this.#checkFeatures(operation, x.dims[axis], `x has dims [${x.dims.join(", ")}], so that axis ${axis}`);
    const part = this.fresh();
    part.begin(x.dims[axis]);
    part.absorb(options.mask === undefined ? x : masked(operation, x, axis, options.mask), axis);
    return this.merge(part);
  }

  /**
   * Adds all that another summary has seen, which stays as it is.
   *
   * @throws {TypeError | RangeError} If it is of another kind, or made with other settings, or of other features, or of values too far
   * away for float64; nothing is merged then.
   */
  merge(other: Self): this {
    const operation = `${this.kind}.merge`;
    checkKind(operation, this, other);
    if (other.features === 0) return this;
    this.#checkFeatures(operation, other.features, "the other");
    if (this.#features === 0) this.begin(other.features);
    this.join(other);
    return this;
  }

  /** Its state as plain JSON, exact to the last bit; NaN and the infinities are strings. */
  toJSON(): JsonObject {
    const fields = Object.entries(this.saved()).map(([name, value]) =>
      [name, value instanceof Float64Array ? numbersToJSON(value) : value] as const
    );
    return Object.fromEntries(fields);
  }

  /** Its state as bytes, exact to the last bit: a short header and float64 numbers, all little-endian. */
  toBytes(): Uint8Array<ArrayBuffer> {
    return pack(this.saved());
  }

  /**
   * Its state, with its numbers as they are.
   *
   * @internal
   */
  saved(): Saved {
    return { kind: this.kind, version: 1, features: this.#features, ...this.settings, ...this.arrays() };
  }

  /**
   * An empty one with the same settings.
   *
   * @internal
   */
  protected abstract fresh(): Self;

  /**
   * Makes room for so many features.
   *
   * @internal
   */
  protected abstract reserve(features: number): void;

  /**
   * Takes in x, while empty. May throw.
   *
   * @internal
   */
  protected abstract absorb(x: Tensor, axis: number): void;

  /**
   * Takes in another one, which is known to fit and not to be empty. Throws before anything is changed, if at all.
   *
   * @internal
   */
  protected abstract join(other: Self): void;

  /**
   * The state, by name.
   *
   * @internal
   */
  protected abstract arrays(): Readonly<Record<string, Float64Array>>;

  /**
   * Reads the state that was saved, into room that was reserved for it.
   *
   * @internal
   */
  protected restore(fields: Fields): void {
    for (const [name, array] of Object.entries(this.arrays())) array.set(fields.numbers(name, array.length));
  }

  /**
   * Learns how many features there are.
   *
   * @internal
   */
  protected begin(features: number): void {
    this.reserve(features);
    this.#features = features;
  }

  /**
   * Reads what `toJSON` or `unpack` gave; returns itself.
   *
   * @internal
   */
  protected load(fields: Fields): this {
    const features = fields.count("features");
    // Before there is room for them, which may be more than there is memory.
    if (features > fields.longest) fields.refuse("features", `${features}`, "no list has as many entries");
    if (features > 0) {
      this.begin(features);
      this.restore(fields);
    }
    return this;
  }

  #checkFeatures(operation: string, features: number, whose: string): void {
    if (features === 0) throw new RangeError(`${operation}: ${whose} has 0 features; there must be at least 1.`);
    if (this.#features !== 0 && features !== this.#features) {
      throw new RangeError(`${operation}: ${whose} has ${features} features, but all before had ${this.#features}.`);
    }
  }
}

/** The fields of what `toBytes` gave. */
export function fieldsOfBytes(kind: string, bytes: Uint8Array): Fields {
  return new Fields(kind, unpack(bytes));
}

/** A copy of x that is NaN where a mask is 0. */
function masked(operation: string, x: Tensor, axis: number, mask: Tensor): Tensor {
  checkDims(operation, "mask", mask, x.dims.toSpliced(axis, 1), "those of x without the features");
  const data = x.data.slice(), { length, width } = panelsOf(x.dims, axis);
  mask.data.forEach((value, position) => {
    if (value !== 0) return;
    const first = Math.floor(position / width) * length * width + position % width;
    for (let f = 0; f < length; f++) data[first + f * width] = NaN;
  });
  return { ...x, data } as Tensor;
}

/** Calls `take` with each value that is not missing, in the order of memory. Throws at an infinite one. */
export function forEachValue(
  { data, dims }: Tensor,
  axis: number,
  take: (feature: number, value: number) => void,
): void {
  const { outer, length, width } = panelsOf(dims, axis);
  for (let o = 0, i = 0; o < outer; o++) {
    for (let f = 0; f < length; f++) {
      for (let w = 0; w < width; w++, i++) {
        const value = data[i];
        if (Number.isFinite(value)) take(f, value);
        else if (!Number.isNaN(value)) refuseInfinite(f);
      }
    }
  }
}

/** Throws if moments, of which these are the m2, are beyond float64. */
export function checkFinite(m2: Float64Array): void {
  const infinite = m2.findIndex((value) => !Number.isFinite(value));
  if (infinite >= 0) refuseInfinite(infinite);
}

/** Throws if moments are so far apart that they would be beyond float64 once they are merged. */
export function checkDistance(ours: Moments, others: Moments): void {
  others.count.forEach((count, i) => {
    const had = ours.count[i], d = others.mean[i] - ours.mean[i];
    if (had === 0 || count === 0) return;
    if (!Number.isFinite(ours.m2[i] + others.m2[i] + d * d * (had * (count / (had + count))))) refuseInfinite(i);
  });
}

/** Throws: a value cannot be added. */
export function refuseInfinite(feature: number): never {
  throw new RangeError(
    `push: feature ${feature} of x has an infinite value, or values too far apart for float64. Replace it, or mark it as ` +
      "missing with NaN. Nothing was added.",
  );
}
