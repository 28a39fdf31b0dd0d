import { describe } from "../kernels/tensor.ts";

/** What something is told when it is made. */
export type Settings = Readonly<Record<string, number | boolean>>;

/** Something of a named kind, made with settings: only the like of it can be merged with it. */
export interface Kind {
  /** The name of its kind, in what `toJSON` gives. */
  readonly kind: string;
  /** The options that it was made with, defaults included. */
  readonly settings: Settings;
}

/**
 * Throws unless what was given is of a class.
 *
 * @throws {TypeError}
 */
export function checkClass<T extends object>(
  operation: string,
  name: string,
  value: T,
  type: abstract new (...args: never[]) => T,
): void {
  if (value instanceof type) return;
  const an = /^[AEIO]/.test(type.name) ? "an" : "a";
  throw new TypeError(`${operation}: ${name} is ${describe(value)}; it must be ${an} ${type.name}.`);
}

/**
 * Throws unless something else is of the same kind, with the same settings.
 *
 * @throws {TypeError | RangeError}
 */
export function checkKind(operation: string, ours: Kind, other: Kind): void {
  if (!(other instanceof ours.constructor)) {
    throw new TypeError(`${operation}: the other is ${describe(other)}; it must be of kind ${ours.kind}.`);
  }
  for (const [name, value] of Object.entries(ours.settings)) {
    if (other.settings[name] !== value) {
      throw new RangeError(
        `${operation}: ${name} is ${value} here but ${other.settings[name]} in the other; both must be the same.`,
      );
    }
  }
}
