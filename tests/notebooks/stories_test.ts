/** The notebooks of this project are fit to be read where they lie. That they run, with these outputs, `deno task notebooks` shows. */
import { assert, assertEquals, assertLess, assertMatch, assertNotMatch } from "@std/assert";
import { codeCells, format, joined, readNotebook } from "../../tools/notebooks/notebook.ts";
import { root } from "./command.ts";

const folder = `${root}notebooks/`;
const names = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.endsWith(".ipynb")).sort();

for (const name of names) {
  Deno.test(`${name} is small, free of warnings, written as the task writes it, and ends in checks and exercises`, async () => {
    const text = await Deno.readTextFile(folder + name), notebook = await readNotebook(folder + name);
    const cells = codeCells(notebook), outputs = cells.flatMap((cell) => cell.outputs);
    assertLess(text.length, 300_000);
    assertEquals(text, format(notebook));
    assertEquals(new Set(notebook.cells.map(({ id }) => id)).size, notebook.cells.length);
    assertEquals(cells.map((cell) => cell.execution_count), cells.map((_, i) => i + 1));
    assert(
      outputs.every((output) => output.output_type !== "error" && !("name" in output && output.name === "stderr")),
    );
    assertNotMatch(JSON.stringify(outputs), /file:\/\/|\\u001b/);
    assertMatch(joined(cells.at(-1)!.source), /\bassert/);
    assertMatch(joined(notebook.cells[0].source), /^# /);
    const last = notebook.cells.at(-1)!, [, next] = joined(last.source).match(/\]\((\d\d_\w+\.ipynb)\)/) ?? [];
    assert(
      last.cell_type === "markdown" && /^## Exercises\n\n1\. [^]*\n2\. /.test(joined(last.source)),
      "two exercises",
    );
    assertEquals(next, names[(names.indexOf(name) + 1) % names.length]);
  });
}
