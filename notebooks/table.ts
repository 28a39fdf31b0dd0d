import { formatNumber, isNumeric, tableText } from "../kernels/format.ts";
import { describe } from "../kernels/tensor.ts";
import { display, type Displayable, escape, type MediaBundle } from "./figure.ts";

/** What stands in a table. */
export type Cell = string | number | boolean | undefined;

/** A small table. */
export class Table implements Displayable {
  readonly #caption: string;
  readonly #head: readonly string[];
  readonly #rows: readonly (readonly Cell[])[];

  /** A table of rows of cells, under a head. */
  constructor(head: readonly string[], rows: readonly (readonly Cell[])[], caption = "") {
    this.#caption = caption;
    this.#head = head;
    this.#rows = rows;
  }

  /** The table as HTML and as plain text. */
  [display](): MediaBundle {
    return { "text/html": this.#html(), "text/plain": this.#text() };
  }

  #html(): string {
    const cell = (tag: string, value: Cell, column: number) =>
      `<${tag} style="text-align:${this.#isNumeric(column) ? "right" : "left"}">${escape(textOf(value))}</${tag}>`;
    const row = (tag: string, values: readonly Cell[]) =>
      `<tr>${values.map((value, i) => cell(tag, value, i)).join("")}</tr>`;
    // A paragraph, since a caption is broken to the width of its table, however narrow.
    const caption = this.#caption && `<p>${escape(this.#caption)}</p>\n`;
    const body = this.#rows.map((values) => row("td", values)).join("\n");
    return `${caption}<table>\n<thead>${row("th", this.#head)}</thead>\n<tbody>\n${body}\n</tbody></table>`;
  }

  #text(): string {
    return tableText({ caption: this.#caption, head: this.#head, rows: this.#rows.map((row) => row.map(textOf)) });
  }

  #isNumeric(column: number): boolean {
    return isNumeric(this.#rows.map((row) => textOf(row[column])));
  }
}

/**
 * A table for a notebook.
 *
 * @param rows An object for each row; the names of the first one's fields are the head. Numbers are shown with four digits:
 * give text to have them otherwise.
 * @param options.caption What the table shows.
 * @throws {TypeError} If `rows` is no array of objects.
 *
 * @example
 * ```ts
 * import { table } from "@evenkeel/norm/notebook";
 *
 * table([{ mean: 0, error: 4.2e-7 }, { mean: 1e6, error: 3.8e-7 }], { caption: "Largest error by mean" });
 * ```
 */
export function table(
  rows: readonly Readonly<Record<string, Cell>>[],
  { caption }: { caption?: string } = {},
): Table {
  checkRows(rows);
  const head = Object.keys(rows[0] ?? {});
  return new Table(head, rows.map((row) => head.map((name) => row[name])), caption);
}

function checkRows(rows: unknown): void {
  if (!Array.isArray(rows)) {
    throw new TypeError(`table: rows is ${describe(rows)}; it must be a list of objects, one for each row.`);
  }
  for (const [i, row] of rows.entries()) {
    if (typeof row !== "object" || row === null) {
      throw new TypeError(
        `table: rows[${i}] is ${describe(row)}; it must be an object, as in { name: "one", value: 1 }.`,
      );
    }
  }
}

function textOf(value: Cell): string {
  if (value === undefined) return "";
  return typeof value === "number" ? formatNumber(value) : String(value);
}
