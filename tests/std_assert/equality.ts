import { refuse, show } from "./assertion_error.ts";
import { difference } from "./difference.ts";

/** Asserts that two values have the same structure and the same values in it; see {@link equal} for what that means. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  const found = difference(actual, expected);
  if (found === undefined) return;
  refuse("Values are not equal", msg, `\n  ${found}\n  actual:   ${show(actual)}\n  expected: ${show(expected)}`);
}

/** Asserts that two values differ in their structure or in a value. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (difference(actual, expected) !== undefined) return;
  refuse("Expected values that differ, got equal ones", msg, `\n  both: ${show(actual)}`);
}

/** Asserts that two values are one and the same, as `Object.is` has it. */
export function assertStrictEquals<T>(actual: unknown, expected: T, msg?: string): asserts actual is T {
  if (Object.is(actual, expected)) return;
  const found = difference(actual, expected) ?? "they have the same structure, but are not the same";
  refuse(
    "Values are not strictly equal",
    msg,
    `\n  ${found}\n  actual:   ${show(actual)}\n  expected: ${show(expected)}`,
  );
}

/** Asserts that two values are not one and the same, as `Object.is` has it. */
export function assertNotStrictEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!Object.is(actual, expected)) return;
  refuse("Expected values that are not the same, got the same", msg, `\n  both: ${show(actual)}`);
}

/** Asserts that two numbers are at most `tolerance` apart; its default is 1e-7 of the expected number. */
export function assertAlmostEquals(actual: number, expected: number, tolerance?: number, msg?: string): void {
  if (Object.is(actual, expected)) return;
  const allowed = tolerance ?? (Number.isFinite(expected) ? Math.abs(expected) * 1e-7 : 1e-7);
  const apart = Math.abs(actual - expected);
  if (apart <= allowed) return;
  refuse(`Expected ${actual} to be within ${allowed} of ${expected}, it is ${apart} away`, msg);
}
