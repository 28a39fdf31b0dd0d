/** What `deno task notebooks` makes of cells that go wrong in every way a cell can. */
import { assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { codeCells, joined, readNotebook } from "../../tools/notebooks/notebook.ts";
import { notebookOf, notebooks, startNotebooks } from "./command.ts";

interface Failing {
  readonly name: string;
  readonly cell: string;
  readonly says: string;
  readonly seconds?: number;
}

const failing: Failing[] = [
  { name: "throws", cell: `throw new RangeError("this cell fails");`, says: "RangeError: this cell fails" },
  { name: "throws after an await", cell: `await null;\nthrow new Error("later");`, says: "Error: later" },
  { name: "throws what is no error", cell: `throw "a string";`, says: "a string" },
  { name: "throws undefined", cell: `throw undefined;`, says: "Error" },
  { name: "awaits a rejection", cell: `await Promise.reject(new Error("refused"));`, says: "Error: refused" },
  { name: "awaits no rejection", cell: `Promise.reject(new Error("dangling"));\n1;`, says: "Error: dangling" },
  {
    name: "has a timer that throws",
    cell: `setTimeout(() => {\n  throw new Error("timer");\n});\nawait new Promise((done) => setTimeout(done, 50));`,
    says: "Error: timer",
  },
  { name: "is no TypeScript", cell: `const = 5;`, says: "could not be run" },
  { name: "imports what is not there", cell: `await import("./missing.ts");`, says: "missing.ts" },
  {
    name: "shows what cannot be shown",
    cell: `({ [Symbol.for("Jupyter.display")]() { throw new Error("no picture"); } });`,
    says: "Error: no picture",
  },
  { name: "ends the kernel", cell: `Deno.exit(3);`, says: "The kernel ended with code 3" },
  { name: "kills the kernel", cell: `Deno.kill(Deno.pid, "SIGKILL");`, says: "The kernel ended with SIGKILL" },
  { name: "never ends", cell: `await new Promise(() => {});`, says: "It took more than 2 seconds", seconds: 2 },
  { name: "loops", cell: `for (;;);`, says: "It took more than 2 seconds", seconds: 2 },
];

for (const { name, cell, says, seconds = 60 } of failing) {
  Deno.test(`a cell that ${name} fails the run, which names it and runs no further`, async () => {
    await using notebook = await notebookOf("1 + 1;", cell, `Deno.writeTextFileSync("reached", "");`);
    const before = await Deno.readTextFile(notebook.path);
    const { code, text } = await notebooks(notebook.path, "--write", "--timeout", String(seconds));
    assertEquals(code, 1, text);
    assertStringIncludes(text, "story.ipynb, cell 2");
    assertStringIncludes(text, says);
    assertEquals([...Deno.readDirSync(notebook.folder)].map(({ name }) => name), ["story.ipynb"]);
    assertEquals(await Deno.readTextFile(notebook.path), before);
  });
}

Deno.test({
  name: "a run that is ended takes its kernels with it",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using notebook = await notebookOf(`Deno.writeTextFileSync("pid", String(Deno.pid));\nfor (;;);`);
    const child = startNotebooks(notebook.path);
    const pid = Number(await written(`${notebook.folder}/pid`));
    child.kill("SIGTERM");
    assertEquals((await child.output()).code, 130);
    await ended(pid);
  },
});

/** The text of a file, once there is one. */
async function written(path: string): Promise<string> {
  for (;;) {
    try {
      const text = await Deno.readTextFile(path);
      if (text !== "") return text;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Waits until there is no such process. */
async function ended(pid: number): Promise<void> {
  for (;;) {
    try {
      Deno.kill(pid, "SIGCONT");
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return;
      throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

Deno.test("outputs are written as Jupyter has them, and the same ones pass from then on", async () => {
  await using notebook = await notebookOf(
    `console.log("one");\nconsole.log("two");\nconsole.error("three");`,
    `await Deno.jupyter.display({ "text/markdown": "**shown**" }, { raw: true });\n6 * 7;`,
    `const unseen = 1;`,
  );
  const first = await notebooks(notebook.path);
  assertEquals(first.code, 1, "a notebook that was never run has not the outputs that it should");
  assertStringIncludes(first.text, "not as committed");

  assertEquals((await notebooks(notebook.path, "--write")).code, 0);
  const written = await Deno.readTextFile(notebook.path);
  const [printed, shown, unseen] = codeCells(await readNotebook(notebook.path));
  assertEquals(printed.outputs, [
    { name: "stdout", output_type: "stream", text: ["one\n", "two\n"] },
    { name: "stderr", output_type: "stream", text: ["three\n"] },
  ]);
  assertEquals(shown.outputs, [
    { data: { "text/markdown": ["**shown**"] }, metadata: {}, output_type: "display_data" },
    { data: { "text/plain": ["42"] }, execution_count: 2, metadata: {}, output_type: "execute_result" },
  ]);
  assertEquals([unseen.outputs, unseen.execution_count], [[], 3]);

  assertEquals((await notebooks(notebook.path)).code, 0);
  assertEquals((await notebooks(notebook.path, "--write")).code, 0);
  assertEquals(await Deno.readTextFile(notebook.path), written);
});

Deno.test("an output that differs fails the run, unless its cell says that it varies", async () => {
  await using notebook = await notebookOf("Math.random();", "2;");
  const write = async (tags: string[]) => {
    const file = JSON.parse(await Deno.readTextFile(notebook.path));
    file.cells[0].metadata = { tags };
    await Deno.writeTextFile(notebook.path, JSON.stringify(file));
  };
  assertEquals((await notebooks(notebook.path, "--write")).code, 0);
  const { code, text } = await notebooks(notebook.path);
  assertEquals(code, 1);
  assertStringIncludes(text, "cell 1");

  await write(["nbval-ignore-output"]);
  assertEquals((await notebooks(notebook.path)).code, 0);
  const kept = joined(codeCells(await readNotebook(notebook.path))[0].source);
  assertEquals(kept, "Math.random();");
});

Deno.test("--check says what format, lint and types have against the cells", async () => {
  await using notebook = await notebookOf(`const text:string = 5;\nconsole.log(text);`, `const unused = 1;`);
  const { code, text } = await notebooks(notebook.path, "--check");
  assertNotEquals(code, 0);
  assertStringIncludes(text, "is not formatted");
  assertStringIncludes(text, "no-unused-vars");
  assertStringIncludes(text, "not assignable to type 'string'");
});

Deno.test("--check shows where a cell is no TypeScript; what --write wrote is formatted", async () => {
  await using broken = await notebookOf("const = 5;");
  const { code, text } = await notebooks(broken.path, "--check");
  assertEquals(code, 1);
  assertStringIncludes(text, "Unexpected token");

  await using notebook = await notebookOf("6*7");
  assertEquals((await notebooks(notebook.path, "--write")).code, 0);
  assertEquals(joined(codeCells(await readNotebook(notebook.path))[0].source), "6 * 7;");
  const checked = await notebooks(notebook.path, "--check");
  assertEquals(checked.code, 0);
  assertStringIncludes(checked.text, "1 notebook checked");
});

Deno.test("a file that is no notebook is refused by name", async () => {
  const path = await Deno.makeTempFile({ suffix: ".ipynb" });
  await Deno.writeTextFile(path, "hello");
  const { code, text } = await notebooks(path);
  await Deno.remove(path);
  assertEquals(code, 1);
  assertStringIncludes(text, `${path} is no notebook`);
});
