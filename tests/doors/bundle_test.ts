/** Bundles the npm package as its users would, for browsers, and uses what comes out in one. */
import { assertEquals, assertLessOrEqual, assertMatch } from "@std/assert";
import * as esbuild from "esbuild";
import type { Door } from "../../tools/pack/doors.ts";
import { table } from "../../tools/table.ts";
import config from "../../deno.json" with { type: "json" };
import { run } from "../command.ts";
import { findChromium } from "../../tools/browser.ts";
import { send, visit } from "./browser.ts";
import { makeProject, thePackage } from "./project.ts";
import { program } from "./uses.ts";

const root = new URL("../../", import.meta.url);
const browser = await findChromium();
if (browser === undefined) console.log("No chromium is on the PATH (Debian: chromium): what opens a page is skipped.");

const page = `<!DOCTYPE html><script type="module" src="./main.js"></script>`;

/** Where memory cannot be shared it does not grow: a large tensor is refused. */
const memory = `
try {
  const { allocate } = await import("@evenkeel/norm");
  allocate("float32", [100_000_000]).dispose();
  outcomes.memory = "grows";
} catch (error) {
  outcomes.memory = error.name + ": " + error.message;
}`;

/** Does something with a project in which all is installed that any entry point needs, and a page that uses all of them. */
async function withPage(work: (folder: string, doors: readonly Door[]) => Promise<void>): Promise<void> {
  const { doors } = await thePackage();
  const folder = await makeProject([...new Set(doors.flatMap(({ packages, later }) => [...packages, ...later]))]);
  try {
    await Deno.writeTextFile(`${folder}/index.html`, page);
    await Deno.writeTextFile(`${folder}/main.js`, program(doors, send, memory));
    await work(folder, doors);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("bundle: layerNorm of the main entry point, with all that is under it, is at most 24,000 bytes", async () => {
  const folder = await makeProject();
  try {
    const bundle = await esbuild.build({
      stdin: { contents: `export { layerNorm } from "@evenkeel/norm";`, resolveDir: folder },
      bundle: true,
      minify: true,
      format: "esm",
      write: false,
    });
    const zipped = new Blob([new Uint8Array(bundle.outputFiles[0].contents)]).stream()
      .pipeThrough(new CompressionStream("gzip"));
    const { byteLength } = await new Response(zipped).arrayBuffer();
    console.log(`layerNorm: ${byteLength} bytes, minified and gzipped`);
    assertLessOrEqual(byteLength, 24_000);
  } finally {
    await esbuild.stop();
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("doors: formats and commands load their packages when they are used", async () => {
  const { doors } = await thePackage();
  const loaded = Object.fromEntries(doors.map(({ name, packages }) => [name, packages]));
  assertEquals([loaded["./sources"], loaded["./cli"]], [[], ["commander"]]);
});

Deno.test("bundle: of esbuild, every entry point resolves, and works in a browser or says why not", async () => {
  await withPage(async (folder, doors) => {
    const out = `${folder}/out`;
    const { warnings } = await esbuild.build({
      entryPoints: [`${folder}/main.js`],
      bundle: true,
      splitting: true,
      format: "esm",
      outdir: out,
      logLevel: "silent",
    });
    await esbuild.stop();
    assertEquals(warnings, []);
    if (browser === undefined) return;
    await Deno.copyFile(`${folder}/index.html`, `${out}/index.html`);
    const runtime = `${folder}/node_modules/onnxruntime-web/dist`;
    for await (const { name } of Deno.readDir(runtime)) {
      if (name.endsWith(".wasm")) await Deno.copyFile(`${runtime}/${name}`, `${out}/${name}`);
    }
    await assertWorks(out, doors);
  });
});

Deno.test("bundle: of vite, the same, in an isolated page", async () => {
  await withPage(async (folder, doors) => {
    // A program of its own, as its users run it.
    const vite = ["run", "-A", config.imports.vite, "build", folder, "--base", "./", "--target", "esnext"];
    await run(Deno.execPath(), [...vite, "--logLevel", "silent"], { cwd: root });
    if (browser !== undefined) await assertWorks(`${folder}/dist`, doors, [true]);
  });
});

/** Opens the page, cross-origin isolated and, unless it is left out, not. Prints which entry point works. */
async function assertWorks(folder: string, doors: readonly Door[], pages = [true, false]): Promise<void> {
  for (const isolated of pages) {
    const { outcome, requested } = await visit(browser!, folder, isolated), outcomes = JSON.parse(outcome);
    console.log(table([
      { title: isolated ? "in an isolated page" : "in a page", cell: ({ specifier }) => specifier },
      { title: "outcome", cell: ({ name }) => outcomes[name].slice(0, 50) },
    ], [...doors]));
    for (const { name, needsNode } of doors) {
      if (needsNode) assertMatch(outcomes[name], /which browsers do not have/);
      else if (name === "./mpi") assertMatch(outcomes[name], /Use Deno/);
      else if (name === "./kernels" && !isolated) assertMatch(outcomes[name], /cross-origin isolated/);
      else assertEquals(outcomes[name], "works", `${name}, ${isolated ? "isolated" : "not isolated"}`);
    }
    assertMatch(outcomes.memory, isolated ? /^grows$/ : /^RangeError: allocate: 400000000 bytes/);
    // The small build of onnxruntime, and no other.
    assertEquals(
      requested.filter((path) => path.endsWith(".wasm")).map((path) => /ort-[a-z-]*\w(?=[.-])/.exec(path)?.[0]),
      [
        "ort-wasm-simd-threaded",
      ],
    );
  }
}
