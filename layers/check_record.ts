import { describe } from "../kernels/tensor.ts";

/** Whether a value is an object that gives others by name: lists, maps and typed arrays give none, or elements by number. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !(Symbol.iterator in value);
}

/** Throws unless a value is an object that gives others by name. */
export function checkRecord(operation: string, what: string, value: unknown): void {
  if (isRecord(value)) return;
  throw new TypeError(
    `${operation}: ${what} is ${
      describe(value)
    }; it must be an object that gives values by name, as in { name: value }.`,
  );
}
