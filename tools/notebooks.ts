/**
 * Runs the notebooks in Deno's own Jupyter kernel and holds their outputs against the committed ones.
 *
 * @module
 */
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { checkCells, formatCells } from "./notebooks/cells.ts";
import { killKernels } from "./notebooks/kernel_process.ts";
import { format, readNotebook } from "./notebooks/notebook.ts";
import { differences, runNotebook } from "./notebooks/run.ts";

const help = `deno task notebooks [FILES] [--write] [--timeout SECONDS] [--check]

Runs notebooks (default: all of notebooks/), each in a Deno kernel of its own, two at a time. Fails if a cell throws, takes
too long or gives other outputs than those in the file; outputs of cells with the tag "nbval-ignore-output" are not compared.
Deno's kernel has all permissions: run only notebooks that you trust.

Options:
  --write            write the outputs into the files, with the cells formatted
  --timeout SECONDS  how long one cell may take (default: 120)
  --check            do not run, but check the format of the cells, lint them and check their types
  --help             this text`;

const root = new URL("../", import.meta.url);

/** How many notebooks run at once. */
const parallel = 2;

interface Options {
  readonly write: boolean;
  readonly timeout: number;
}

/** Runs one notebook, prints one line of it, and more if something is wrong; tells whether nothing is. */
async function judge(path: string, { write, timeout }: Options): Promise<boolean> {
  const start = performance.now(), name = basename(path);
  const committed = await readNotebook(path);
  const onCell = (cell: number, count: number) => progress(name, `cell ${cell} of ${count}`);
  const { notebook, failure } = await runNotebook(path, committed, { timeout, onCell });
  progress(name);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  if (failure) {
    const where = failure.cell > 0 ? `, cell ${failure.cell}` : "";
    report(`✗ ${name}${where} (${seconds} s): ${failure.error}`);
    return false;
  }
  const found = differences(committed, notebook);
  if (write) await Deno.writeTextFile(path, await formatCells(format(notebook)));
  if (found.length === 0 || write) {
    report(
      `✓ ${name} (${seconds} s)${
        found.length > 0 ? `, new outputs in cells ${found.map(({ cell }) => cell).join(", ")}` : ""
      }`,
    );
    return true;
  }
  report(`✗ ${name} (${seconds} s): outputs are not as committed. If they are right, add --write.`);
  for (const { cell, committed, now } of found) {
    const [before, after] = aroundDifference(committed, now);
    report(`  cell ${cell}\n    committed: ${before}\n    now:       ${after}`);
  }
  return false;
}

/** Two lines cut to the place where they part. */
function aroundDifference(a: string, b: string): string[] {
  let same = 0;
  while (same < a.length && a[same] === b[same]) same++;
  const start = Math.max(same - 40, 0);
  const cut = (text: string) =>
    `${start > 0 ? "…" : ""}${text.slice(start, start + 120)}${start + 120 < text.length ? "…" : ""}`;
  return [cut(a), cut(b)];
}

/** Runs notebooks, some at a time; tells whether nothing is wrong with any. */
async function judgeAll(paths: string[], options: Options): Promise<boolean> {
  const waiting = [...paths];
  let right = true;
  const worker = async () => {
    for (let path; (path = waiting.shift()) !== undefined;) right = await judge(path, options) && right;
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  return right;
}

const running = new Map<string, string>();

/** Shows where the running notebooks are, on one line of the terminal. */
function progress(name: string, state?: string): void {
  if (state === undefined) running.delete(name);
  else running.set(name, state);
  if (!Deno.stderr.isTerminal()) return;
  const line = [...running].map((one) => one.join(": ")).join("   ");
  Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[K${line}`));
}

function report(text: string): void {
  if (Deno.stderr.isTerminal()) Deno.stderr.writeSync(new TextEncoder().encode("\r\x1b[K"));
  console.log(text);
}

function allNotebooks(): string[] {
  const folder = new URL("notebooks/", root);
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.endsWith(".ipynb"));
  return names.sort().map((name) => fileURLToPath(new URL(name, folder)));
}

async function main(): Promise<boolean> {
  const { values, positionals } = parseArgs({
    args: Deno.args,
    allowPositionals: true,
    options: {
      write: { type: "boolean", default: false },
      timeout: { type: "string", default: "120" },
      check: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(help);
    return true;
  }
  const timeout = Number(values.timeout);
  if (!(timeout > 0)) throw new RangeError(`--timeout is ${values.timeout}; it must be a number of seconds above 0.`);
  const paths = positionals.length > 0 ? positionals : allNotebooks();
  if (values.check) {
    const right = await checkCells(paths);
    if (right) console.log(`${paths.length} ${paths.length === 1 ? "notebook" : "notebooks"} checked`);
    return right;
  }
  return await judgeAll(paths, { write: values.write, timeout });
}

if (import.meta.main) {
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  for (const signal of signals) {
    Deno.addSignalListener(signal, () => {
      killKernels();
      Deno.exit(130);
    });
  }
  Deno.exit(await main() ? 0 : 1);
}
