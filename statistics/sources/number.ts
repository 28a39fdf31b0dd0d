const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const truth = /^(true|false)$/i;
const infinite = /^([+-]?)inf(inity)?$/i;

/** No number is written with more characters. */
const longest = 1000;

/** The number that a text without spaces around it is, or undefined if it is none. */
export function numberOfText(text: string): number | undefined {
  if (text.length > longest) return undefined;
  if (decimal.test(text)) return Number(text);
  if (truth.test(text)) return Number(text.length === 4); // as booleans of other formats
  const sign = infinite.exec(text)?.[1];
  return sign === undefined ? undefined : sign === "-" ? -Infinity : Infinity;
}

/** The number that a value is, NaN if it is absent, or undefined if it is neither. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  if (value === null || value === undefined) return NaN;
  return typeof value === "bigint" || typeof value === "boolean" ? Number(value) : undefined;
}
