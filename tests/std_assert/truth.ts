import { AssertionError, refuse, show } from "./assertion_error.ts";

/** The values that count as false. */
export type Falsy = false | 0 | 0n | "" | null | undefined;

/** Asserts that the value counts as true. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg || `Expected a value that counts as true, got ${show(expr)}.`);
}

/** Asserts that the value counts as false. */
export function assertFalse(expr: unknown, msg = ""): asserts expr is Falsy {
  if (expr) throw new AssertionError(msg || `Expected a value that counts as false, got ${show(expr)}.`);
}

/** Asserts that the value is neither `null` nor `undefined`. */
export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T> {
  if (actual === null || actual === undefined) refuse(`Expected a value, got ${actual}`, msg);
}

/** Fails, always. */
export function fail(msg?: string): never {
  refuse("Failed", msg);
}
