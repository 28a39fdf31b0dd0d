import { checkTensor, sizeOf, type Tensor } from "./tensor.ts";

/**
 * A tensor as text, for a console: its type, its dims, what its numbers are like, and a table of the first and the last of them. It is
 * what a notebook shows.
 *
 * @throws {TypeError | RangeError} If x is no tensor.
 *
 * @example
 * ```ts
 * import { format, tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const text = `float32 [2, 2]: mean 2.5, deviation 1.118, from 1 to 4
 *    0  1
 * 0  1  2
 * 1  3  4`;
 * assertEquals(format(tensor([[1, 2], [3, 4]])), text);
 * ```
 */
export function format(x: Tensor): string {
  checkTensor("format", "x", x);
  return tableText(tensorTable(x));
}

/** A table as plain text. */
export function tableText({ caption, head, rows }: TextTable): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
  const numeric = head.map((_, i) => isNumeric(rows.map((row) => row[i])));
  const pad = (text: string, i: number) => numeric[i] ? text.padStart(widths[i]) : text.padEnd(widths[i]);
  const lines = [head, ...rows].map((row) => row.map(pad).join("  ").trimEnd());
  return [...(caption ? [caption] : []), ...lines].join("\n");
}

/** Whether a column goes to the right: it has nothing but numbers, with a unit or without. */
export function isNumeric(column: readonly string[]): boolean {
  return column.every((cell) =>
    /^([-+]?\d[\d,]*(\.\d+)?(e[-+]?\d+)?( ?[%µ][a-z]*| [a-z]+)?|NaN|-?Infinity|…|)$/.test(cell)
  );
}

/** How many rows and columns of a tensor are shown; of more, the first ones and the last. */
const shown = 6;

/** A table of text. */
export interface TextTable {
  /** What stands above it; may be empty. */
  readonly caption: string;
  /** The names of the columns. */
  readonly head: readonly string[];
  /** The cells of each row. */
  readonly rows: readonly (readonly string[])[];
}

/** A tensor as a small table, under its type, its dims and what its numbers are like. */
export function tensorTable({ type, dims, data }: Tensor): TextTable {
  const columns = dims.at(-1) ?? 1, rows = dims.length > 1 ? dims.at(-2)! : 1;
  const [rowsShown, columnsShown] = [rows, columns].map(chosen);
  const number = (row: number, column: number) => formatNumber(data[row * columns + column]);
  const body = rowsShown.map((row) => [
    row === undefined ? "…" : `${row}`,
    ...columnsShown.map((column) => row === undefined || column === undefined ? "…" : number(row, column)),
  ]);
  const head = ["", ...columnsShown.map((column) => column === undefined ? "…" : String(column))];
  const part = dims.length > 2 ? `, of which [${dims.slice(0, -2).map(() => 0)}]` : "";
  const caption = `${type} [${dims.join(", ")}]${part}: ${summary(data)}`;
  return { caption, head, rows: sizeOf(dims) > 0 ? body : [] };
}

/** The indices that are shown, with undefined where some are left out. */
function chosen(size: number): (number | undefined)[] {
  const all = Array.from({ length: size }, (_, i) => i);
  return size <= shown ? all : [...all.slice(0, shown - 2), undefined, size - 1];
}

function summary(data: ArrayLike<number>): string {
  const values = Array.from(data), finite = values.filter(Number.isFinite);
  if (finite.length === 0) return values.length === 0 ? "no elements" : `${values.length} elements, none finite`;
  const mean = finite.reduce((sum, value) => sum + (value - finite[0]), 0) / finite.length + finite[0];
  const variance = finite.reduce((sum, value) => sum + (value - mean) ** 2, 0) / finite.length;
  const range = finite.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [
    Infinity,
    -Infinity,
  ]);
  const deviation = Math.sqrt(variance);
  const words = [
    // What is left of a mean of 0 is rounding, which differs between machines.
    `mean ${formatNumber(Math.abs(mean) < 1e-6 * deviation ? 0 : mean)}`,
    `deviation ${formatNumber(deviation)}`,
    `from ${range.map(formatNumber).join(" to ")}`,
  ];
  const rest = values.length - finite.length;
  return [...words, ...(rest > 0 ? [`${rest} not finite`] : [])].join(", ");
}

/** A number with four digits, whole numbers as they are, and an exponent where there would be many zeros. */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e6 || !Number.isFinite(value)) return String(value);
  if (size >= 1e-3 && size < 1e6) return String(Number(value.toPrecision(4)));
  return value.toExponential(1).replace(/\.0e/, "e").replace("e+", "e");
}
