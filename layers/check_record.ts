import { describe } from "../kernels/tensor.ts";

/** Throws unless a value is an object that gives others by name. */
export function checkRecord(operation: string, what: string, value: object): void {
  // Lists, maps and typed arrays are objects, too, and would give nothing, or elements by number.
  if (typeof value === "object" && value !== null && !(Symbol.iterator in value)) return;
  throw new TypeError(
    `${operation}: ${what} is ${
      describe(value)
    }; it must be an object that gives values by name, as in { name: value }.`,
  );
}
