/**
 * Notebook files: nbformat 4.5, written byte for byte as Jupyter writes them.
 *
 * @module
 */

/** Text as nbformat has it: in one piece, or as lines that keep their line breaks. */
export type Text = string | string[];

/** What a cell printed, showed, gave or threw. */
export type Output =
  | { output_type: "stream"; name: string; text: Text }
  | { output_type: "display_data"; data: Record<string, unknown>; metadata: Record<string, unknown> }
  | {
    output_type: "execute_result";
    execution_count: number;
    data: Record<string, unknown>;
    metadata: Record<string, unknown>;
  }
  | { output_type: "error"; ename: string; evalue: string; traceback: string[] };

/** A cell of code, with what it gave when it was last run. */
export interface CodeCell {
  cell_type: "code";
  id: string;
  metadata: { tags?: string[] };
  source: Text;
  execution_count: number | null;
  outputs: Output[];
}

/** A cell of text. */
export interface TextCell {
  cell_type: "markdown" | "raw";
  id: string;
  metadata: Record<string, unknown>;
  source: Text;
}

/** A notebook file. */
export interface Notebook {
  cells: (CodeCell | TextCell)[];
  metadata: Record<string, unknown>;
  nbformat: number;
  nbformat_minor: number;
}

/** What every notebook here says of its language, however it was edited last. */
const metadata = {
  kernelspec: { display_name: "Deno", language: "typescript", name: "deno" },
  language_info: {
    codemirror_mode: "typescript",
    file_extension: ".ts",
    mimetype: "text/x.typescript",
    name: "typescript",
    nbconvert_exporter: "script",
    pygments_lexer: "typescript",
  },
};

/**
 * Reads a notebook.
 *
 * @throws {Error} If the file is no notebook of nbformat 4.
 */
export async function readNotebook(path: string): Promise<Notebook> {
  const text = await Deno.readTextFile(path);
  let notebook: Notebook;
  try {
    notebook = JSON.parse(text);
  } catch (cause) {
    throw new Error(`${path} is no notebook: ${(cause as Error).message}`, { cause });
  }
  if (notebook?.nbformat !== 4 || !Array.isArray(notebook.cells)) {
    throw new Error(`${path} is no notebook of nbformat 4.`);
  }
  return notebook;
}

/** The cells of code, in their order. */
export function codeCells({ cells }: Notebook): CodeCell[] {
  return cells.filter((cell) => cell.cell_type === "code");
}

/** Text in one piece. */
export function joined(text: Text): string {
  return Array.isArray(text) ? text.join("") : text;
}

/**
 * The text of a notebook's file: keys sorted and texts as lines, as Jupyter writes them; nothing in it depends on when, where
 * or how often the notebook was run.
 */
export function format({ cells }: Notebook): string {
  const file = { cells: cells.map(formatCell), metadata, nbformat: 4, nbformat_minor: 5 };
  return `${JSON.stringify(sorted(file), null, 1)}\n`;
}

function formatCell(cell: CodeCell | TextCell, index: number): CodeCell | TextCell {
  const id = cell.id ?? `cell-${index + 1}`, source = lines(joined(cell.source));
  if (cell.cell_type !== "code") return { cell_type: cell.cell_type, id, metadata: {}, source };
  const { tags } = cell.metadata, { cell_type, execution_count, outputs } = cell;
  return {
    cell_type,
    id,
    metadata: tags ? { tags } : {},
    source,
    execution_count,
    outputs: outputs.map(formatOutput),
  };
}

function formatOutput(output: Output): Output {
  if (output.output_type === "stream") return { ...output, text: lines(joined(output.text)) };
  if (output.output_type === "error") return output;
  const data = Object.entries(output.data)
    .map(([type, value]) => [type, isText(type, value) ? lines(joined(value)) : value]);
  return { ...output, data: Object.fromEntries(data) };
}

/** Only JSON is kept as it is; pictures in base64 are text. */
function isText(type: string, value: unknown): value is Text {
  return !/[/+]json$/.test(type) && (typeof value === "string" || Array.isArray(value));
}

function lines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
  return Object.fromEntries(entries.map(([key, one]) => [key, sorted(one)]));
}
