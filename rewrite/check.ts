import { describe } from "../kernels/tensor.ts";

/** Throws unless an option is a function, or absent. */
export function checkFunction(operation: string, name: string, value: unknown): void {
  if (value === undefined || typeof value === "function") return;
  throw new TypeError(`${operation}: ${name} is ${describe(value)}; it must be a function.`);
}

/** Throws unless an argument is a list, of what the example shows. */
export function checkList(operation: string, name: string, value: unknown, example: string): void {
  if (Array.isArray(value)) return;
  throw new TypeError(`${operation}: ${name} is ${describe(value)}; it must be a list, as in ${example}.`);
}
