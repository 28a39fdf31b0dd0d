/**
 * `deno task notebooks` as a command, and notebooks to give it.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import config from "../../deno.json" with { type: "json" };

/** The folder of the project. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

/** What a command printed, and the code that it exited with. */
export interface Outcome {
  readonly code: number;
  readonly text: string;
}

/** Starts the task, with the permissions that it has. */
export function startNotebooks(...args: string[]): Deno.ChildProcess {
  const [, , ...task] = config.tasks.notebooks.command.split(" ");
  return new Deno.Command(Deno.execPath(), {
    args: ["run", ...task, ...args],
    cwd: root,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Runs the task. */
export async function notebooks(...args: string[]): Promise<Outcome> {
  const { code, stdout, stderr } = await startNotebooks(...args).output();
  return { code, text: [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("") };
}

/** A notebook in a folder of its own. */
export interface TemporaryNotebook extends AsyncDisposable {
  readonly folder: string;
  readonly path: string;
}

/** Writes a notebook of these cells of code, none of which was run. */
export async function notebookOf(...cells: string[]): Promise<TemporaryNotebook> {
  const folder = await Deno.makeTempDir({ prefix: "evenkeel-notebook-" }), path = `${folder}/story.ipynb`;
  const notebook = {
    cells: cells.map((source, i) => ({
      cell_type: "code",
      execution_count: null,
      id: `code-${i + 1}`,
      metadata: {},
      outputs: [],
      source,
    })),
    metadata: { kernelspec: { display_name: "Deno", language: "typescript", name: "deno" } },
    nbformat: 4,
    nbformat_minor: 5,
  };
  await Deno.writeTextFile(path, JSON.stringify(notebook));
  return { folder, path, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}
