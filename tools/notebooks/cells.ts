/**
 * Formats, lints and type-checks the cells of notebooks. `deno lint` and `deno check` pass notebooks over, the kernel checks no
 * types, and `deno fmt --check` of Deno 2.9.6 calls each of them unformatted.
 *
 * @module
 */
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { codeCells, format, joined, readNotebook } from "./notebook.ts";

const config = `--config=${fileURLToPath(new URL("../../deno.json", import.meta.url))}`;

/**
 * The text of a notebook's file with its cells formatted, those left as they are that cannot be parsed.
 *
 * @throws {Error} If the file is no notebook.
 */
export async function formatCells(text: string): Promise<string> {
  const { success, output, messages } = await deno(["fmt", config, "--ext=ipynb", "-"], text);
  if (!success) throw new Error(messages);
  return output;
}

/** Prints what Deno has to say of the cells; tells whether it is nothing. */
export async function checkCells(paths: readonly string[]): Promise<boolean> {
  const verdicts = [await Promise.all(paths.map(isFormatted)), await passAsModules(paths)];
  return verdicts.flat().every(Boolean);
}

/** Whether a file is as it would be written after a run, whatever its outputs are. */
async function isFormatted(path: string): Promise<boolean> {
  if (await formatCells(format(await readNotebook(path))) === await Deno.readTextFile(path)) return true;
  console.error(`${path} is not formatted: deno task notebooks ${path} --write\n`);
  return false;
}

/** Lints and type-checks each notebook as one module. */
async function passAsModules(paths: readonly string[]): Promise<boolean[]> {
  const folder = await Deno.makeTempDir({ prefix: "evenkeel-cells-" });
  try {
    const modules: string[] = [];
    for (const path of paths) {
      const module = `${folder}/${basename(path, ".ipynb")}.ts`, cells = codeCells(await readNotebook(path));
      const sources = cells.map(({ source }, i) => `// Cell ${i + 1} of ${basename(path)}\n${joined(source)}\n`);
      await Deno.writeTextFile(module, sources.join("\n"));
      modules.push(module);
    }
    return await Promise.all(["lint", "check"].map(async (command) => {
      const { success, output, messages } = await deno([command, config, ...modules]);
      if (!success) console.error(output + messages);
      return success;
    }));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs a command of Deno's with a text as its input. */
async function deno(args: string[], input = ""): Promise<{ success: boolean; output: string; messages: string }> {
  const child = new Deno.Command(Deno.execPath(), { args, stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
  const ended = child.output(); // reads while the input is written, so that neither waits for the other
  const writer = child.stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode(input));
    await writer.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error; // a command that fails may not read all of it
  }
  const { success, stdout, stderr } = await ended,
    [output, messages] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { success, output, messages };
}
