/**
 * Runs a notebook from top to bottom and holds what comes of it against what is committed.
 *
 * @module
 */
import { dirname } from "node:path";
import { Kernel } from "./kernel.ts";
import { type CodeCell, codeCells, joined, type Notebook, type Output } from "./notebook.ts";

/** What a run of a notebook came to. */
export interface Run {
  /** The notebook with the outputs of this run, as far as it came. */
  readonly notebook: Notebook;
  /** What went wrong, and in which cell, counted as In [1] and so on are; 0 if it was before the first. */
  readonly failure?: { readonly cell: number; readonly error: string };
}

/** How a notebook is run. */
export interface RunOptions {
  /** How long each cell may take, in seconds. */
  readonly timeout: number;
  /** Is called before each cell. */
  readonly onCell?: (cell: number, count: number) => void;
}

/** Runs the cells of a notebook in a kernel of their own, in the notebook's folder, up to the first that fails. */
export async function runNotebook(path: string, committed: Notebook, options: RunOptions): Promise<Run> {
  const notebook = structuredClone(committed), cells = codeCells(notebook);
  for (const cell of cells) Object.assign(cell, { execution_count: null, outputs: [] });
  let number = 0;
  try {
    await using kernel = await Kernel.start({ cwd: dirname(path) });
    for (const cell of cells) {
      options.onCell?.(++number, cells.length);
      const { outputs, error } = await kernel.execute(joined(cell.source), options);
      Object.assign(cell, { execution_count: number, outputs: outputs.map((output) => numbered(output, number)) });
      if (error !== undefined) return { notebook, failure: { cell: number, error } };
    }
    return { notebook };
  } catch (error) {
    return { notebook, failure: { cell: number, error: (error as Error).message } };
  }
}

/** The kernel counts cells of its own too. */
function numbered(output: Output, execution_count: number): Output {
  return output.output_type === "execute_result" ? { ...output, execution_count } : output;
}

/**
 * The tag of cells whose outputs differ from machine to machine, such as times. They are written like all others but not
 * compared. Nbval, which tests notebooks in Python, knows it too.
 */
const varies = "nbval-ignore-output";

/** Where a run differs from what is committed. */
export interface Difference {
  readonly cell: number;
  readonly committed: string;
  readonly now: string;
}

/** The first line of each cell's outputs that is not as committed. */
export function differences(committed: Notebook, now: Notebook): Difference[] {
  const before = codeCells(committed);
  return codeCells(now).flatMap((cell, i) => {
    if (cell.metadata.tags?.includes(varies)) return [];
    const [a, b] = [before[i], cell].map(outputLines);
    const line = b.findIndex((text, at) => text !== a[at]);
    if (line < 0 && a.length === b.length) return [];
    const at = line < 0 ? b.length : line;
    return [{ cell: i + 1, committed: a[at] ?? "(nothing)", now: b[at] ?? "(nothing)" }];
  });
}

/** A cell's outputs as lines, each of one kind of output. */
function outputLines({ outputs }: CodeCell): string[] {
  return outputs.flatMap((output) => {
    if (output.output_type === "stream") {
      return joined(output.text).split("\n").map((line) => `${output.name}: ${line}`);
    }
    if (output.output_type === "error") return [`${output.ename}: ${output.evalue}`];
    return Object.entries(output.data).sort(([a], [b]) => a < b ? -1 : 1).flatMap(([type, value]) => {
      const text = typeof value === "string" || Array.isArray(value) ? joined(value) : JSON.stringify(value);
      return text.split("\n").map((line) => `${type}: ${line}`);
    });
  });
}
