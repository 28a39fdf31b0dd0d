/**
 * Tables for the terminal that are Markdown too.
 *
 * @module
 */

/** One column: what stands above it, how it reads a row, and on which side it is aligned. */
export interface Column<Row> {
  /** The heading. */
  title: string;
  /** The text of the column for one row. */
  cell: (row: Row) => string;
  /** Numbers go right. Default `"left"`. */
  align?: "left" | "right";
}

/** Lays rows out as a Markdown table whose columns line up in a terminal. */
export function table<Row>(columns: Column<Row>[], rows: Row[]): string {
  const cells = [columns.map(({ title }) => title), ...rows.map((row) => columns.map(({ cell }) => cell(row)))];
  const widths = columns.map((_, i) => Math.max(3, ...cells.map((line) => line[i].length)));
  const right = columns.map(({ align }) => align === "right");
  const pad = (text: string, i: number) => right[i] ? text.padStart(widths[i]) : text.padEnd(widths[i]);
  const rule = widths.map((width, i) => "-".repeat(width - 1) + (right[i] ? ":" : "-"));
  const [head, ...body] = cells.map((line) => line.map(pad));
  return [head, rule, ...body].map((line) => `| ${line.join(" | ")} |`).join("\n");
}

/** A time for reading: three digits, in the unit that suits it. */
export function formatTime(milliseconds: number): string {
  return milliseconds < 0.1 ? `${(milliseconds * 1e3).toPrecision(3)} µs` : `${milliseconds.toPrecision(3)} ms`;
}

/** An error for reading: two digits and an exponent, or `"exact"`, or what else it is. */
export function formatError(error: number): string {
  return error === 0 ? "exact" : Number.isFinite(error) ? error.toExponential(1) : String(error);
}
