import { numberOfText } from "./number.ts";

/** Whether fields can only be names of columns: there are texts, and no numbers; a line of missing values alone is a row. */
export function areNames(fields: readonly string[], missing: ReadonlySet<string>): boolean {
  const values = fields.map((field) => missing.has(field) ? NaN : numberOfText(field));
  return values.includes(undefined) && values.every((value) => value === undefined || Number.isNaN(value));
}

/** Whether fields are the numbers from 0 on, behind an empty one or not: pandas calls columns so, but a row may be so too. */
export function areCounted(fields: readonly string[]): boolean {
  const numbers = fields.slice(fields[0] === "" ? 1 : 0);
  return numbers.length > 1 && numbers.every((field, i) => field === String(i));
}
