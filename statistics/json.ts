import { describe } from "../kernels/tensor.ts";

/** What JSON can hold. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** A plain object of JSON. */
export type JsonObject = { [name: string]: Json };

/** Numbers that JSON lacks, or whose sign it drops, by their names. */
const NAMES = ["NaN", "Infinity", "-Infinity", "-0"];

/** Numbers as JSON that gives each of them back to the last bit: NaN, the infinities and -0 by their names, as strings. */
export function numbersToJSON(values: ArrayLike<number>): (number | string)[] {
  return Array.from(values, (value) => Object.is(value, -0) ? "-0" : Number.isFinite(value) ? value : String(value));
}

/** How many entries of a list are one piece of text. */
const entries = 1 << 12;

/**
 * JSON of objects, lists, numbers in Float64Array and what is in them, piece by piece: all of it might be too long for one text, and
 * takes memory.
 */
export function* piecesOfJSON(value: unknown): Generator<string> {
  if (Array.isArray(value) || value instanceof Float64Array) {
    for (let at = 0; at < value.length; at += entries) {
      const part = value.slice(at, at + entries);
      yield (at === 0 ? "[" : ",") + JSON.stringify(Array.isArray(part) ? part : numbersToJSON(part)).slice(1, -1);
    }
    yield value.length === 0 ? "[]" : "]";
  } else if (typeof value === "object" && value !== null) {
    let before = "{";
    for (const [name, field] of Object.entries(value)) {
      if (field === undefined) continue;
      yield `${before}${JSON.stringify(name)}:`;
      yield* piecesOfJSON(field);
      before = ",";
    }
    yield before === "{" ? "{}" : "}";
  } else yield JSON.stringify(value);
}

/**
 * A saved object whose fields are read one by one, each checked as it is read. Errors name the object and the field.
 */
export class Fields {
  readonly #kind: string;
  readonly #value: Readonly<Record<string, unknown>>;

  /**
   * Opens what `toJSON` of the given kind gave.
   *
   * @throws {TypeError} If it is something else.
   * @throws {RangeError} If it is of a version that is not known here.
   */
  constructor(kind: string, value: unknown) {
    const { kind: given, version } = (value ?? {}) as Record<string, unknown>;
    if (typeof value !== "object" || given === undefined) {
      throw new TypeError(`${kind}.fromJSON: this is ${describe(value)}; it must be what ${kind}.toJSON() gave.`);
    }
    if (given !== kind) {
      throw new TypeError(`${kind}.fromJSON: this is the state of kind ${describe(given)}; it must be of ${kind}.`);
    }
    if (version !== 1) {
      throw new RangeError(`${kind}.fromJSON: version is ${describe(version)}; this program knows version 1 only.`);
    }
    this.#kind = kind;
    this.#value = value as Record<string, unknown>;
  }

  /** A field whose meaning is judged elsewhere. */
  get(name: string): unknown {
    return this.#value[name];
  }

  /** Yes or no. */
  boolean(name: string): boolean {
    const value = this.#value[name];
    return typeof value === "boolean" ? value : this.refuse(name, describe(value), "it must be true or false");
  }

  /** A finite number. */
  number(name: string): number {
    const value = this.#value[name];
    return Number.isFinite(value) ? value as number : this.refuse(name, describe(value), "it must be a finite number");
  }

  /** A whole number, at least 0. */
  count(name: string): number {
    const value = this.#value[name];
    if (!Number.isSafeInteger(value) || (value as number) < 0) {
      this.refuse(name, describe(value), "it must be a whole number, at least 0");
    }
    return value as number;
  }

  /** How many entries the longest list has. */
  get longest(): number {
    const lists = Object.values(this.#value).filter((value) => Array.isArray(value) || value instanceof Float64Array);
    return lists.reduce((most, { length }) => Math.max(most, length), 0);
  }

  /** A list of numbers, of the given length where there is one. */
  numbers(name: string, length?: number): Float64Array<ArrayBuffer> {
    const value = this.#value[name];
    if (!Array.isArray(value) && !(value instanceof Float64Array)) {
      this.refuse(name, describe(value), "it must be a list of numbers");
    }
    if (length !== undefined && value.length !== length) {
      this.refuse(name, `a list of ${value.length}`, `it must have ${length} entries`);
    }
    const numbers = new Float64Array(value.length);
    for (let i = 0; i < numbers.length; i++) numbers[i] = this.#entry(name, value[i]);
    return numbers;
  }

  #entry(name: string, entry: unknown): number {
    if (typeof entry === "number") return entry;
    if (typeof entry === "string" && NAMES.includes(entry)) return Number(entry);
    return this.refuse(
      name,
      `a list with ${describe(entry)}`,
      `entries are numbers, or ${NAMES.join(", ")} as strings`,
    );
  }

  /** Throws: a field is not as it must be. */
  refuse(name: string, given: string, allowed: string): never {
    throw new RangeError(`${this.#kind}.fromJSON: ${name} is ${given}; ${allowed}.`);
  }
}
