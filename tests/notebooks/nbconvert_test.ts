/** Runs a notebook the way Jupyter does: by nbconvert, which finds Deno's kernel by its kernelspec. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { makeKernelSpec } from "../../tools/jupyter.ts";
import { codeCells, readNotebook } from "../../tools/notebooks/notebook.ts";
import { run } from "../command.ts";
import { notebookOf, root } from "./command.ts";

const installed = await hasNbconvert();
if (!installed) {
  console.log("tests/notebooks/nbconvert_test.ts is skipped: there is no `jupyter-nbconvert` on the PATH.");
}

Deno.test({
  name: "Jupyter's nbconvert runs a notebook with the same outputs",
  ignore: !installed,
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "evenkeel-nbconvert-" });
    try {
      const name = "01_layer_normalization.ipynb", path = `${root}notebooks/${name}`;
      await convert(path, folder);
      const outputs = async (path: string) => codeCells(await readNotebook(path)).map((cell) => cell.outputs);
      const got = await outputs(`${folder}/${name}`), committed = await outputs(path);
      assertEquals(got.length, committed.length);
      // Deno's kernel may send a cell's outputs after it has said that the cell is done, and nbconvert does not wait for them.
      const lost = (i: number) => got[i].length === 0;
      assertEquals(got, committed.map((outputs, i) => lost(i) ? [] : outputs));
      assert(got.some((outputs) => outputs.length > 0), "the outputs of all cells were lost");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: "Jupyter's nbconvert reports a cell that throws",
  ignore: !installed,
  async fn() {
    await using notebook = await notebookOf(`throw new Error("on purpose");`);
    await assertRejects(() => convert(notebook.path, notebook.folder), Error, "on purpose");
  },
});

/** Executes a notebook in its folder and writes the result into another one. */
async function convert(path: string, folder: string): Promise<void> {
  await makeKernelSpec(folder);
  await run("jupyter-nbconvert", ["--execute", "--to", "notebook", "--output-dir", folder, path], {
    cwd: root,
    env: { JUPYTER_PATH: folder, NO_COLOR: "1" },
  });
}

async function hasNbconvert(): Promise<boolean> {
  try {
    return await run("jupyter-nbconvert", ["--version"], { cwd: root }) !== "";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
