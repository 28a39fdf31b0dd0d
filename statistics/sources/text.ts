import { describe } from "../../kernels/tensor.ts";

/** Throws unless an option, or another argument, is a text. */
export function checkText(operation: string, name: string, value: string): void {
  if (typeof value !== "string") {
    throw new TypeError(`${operation}: ${name} is ${describe(value)}; it must be a text.`);
  }
}

/** Throws unless an option is a list of texts. */
export function checkTexts(operation: string, name: string, value: readonly string[]): void {
  if (!Array.isArray(value)) {
    throw new TypeError(`${operation}: ${name} is ${describe(value)}; it must be a list of texts.`);
  }
  for (const text of value) checkText(operation, `an entry of ${name}`, text);
}
