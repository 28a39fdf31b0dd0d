/**
 * Runs the examples of the README, and those of the guides that check nothing, in an empty project of their own, in each runtime that
 * they are for. A project has the npm package and the packages that the entry points of the example name, and nothing else.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import config from "../../deno.json" with { type: "json" };
import { tensor } from "../../kernels/mod.ts";
import { openSink } from "../../statistics/sources/mod.ts";
import { run } from "../command.ts";
import { makeProject, thePackage } from "./project.ts";
import { findRuntimes, type Runtime } from "./runtimes.ts";

const root = new URL("../../", import.meta.url);
const guides = new URL("site/pages/guides/", root);
const files = ["README.md", ...[...Deno.readDirSync(guides)].map(({ name }) => `site/pages/guides/${name}`).sort()];
const texts = await Promise.all(files.map((file) => Deno.readTextFile(new URL(file, root))));
const text = texts.join("\n");
// What imports assertions is run by `deno test --doc` alone.
const examples = [...text.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code]) => code)
  .filter((code) => !code.includes("@std/assert"));
const runtimes = await findRuntimes();
const adapter = await navigator.gpu?.requestAdapter();
if (!adapter) console.log("There is no WebGPU device: examples that need one are skipped.");

/** The entry points that an example imports. */
function specifiersOf(code: string): string[] {
  return [...code.matchAll(/from "(@evenkeel[^"]*)"/g)].map(([, specifier]) => specifier);
}

/** Where an example can run: what needs a GPU, in Deno, and only where there is one. */
function runtimesOf(code: string): Runtime[] {
  if (!code.includes('/webgpu"')) return runtimes;
  return adapter ? runtimes.filter(({ name }) => name.startsWith("Deno")) : [];
}

/** The permissions that its first line asks for, as in `// deno run --allow-read main.ts`. */
function permissionsOf(code: string): string[] {
  return /^\/\/ deno run (.*) main\.ts$/m.exec(code)?.[1].split(" ") ?? [];
}

for (const code of examples) {
  const specifiers = specifiersOf(code), [first] = code.split("\n").filter((line) => !line.startsWith("//"));
  Deno.test(`guides: the example that begins with ${first.slice(0, 80)} runs`, async () => {
    assert(specifiers.length > 0, "it imports nothing of the package");
    const { doors } = await thePackage();
    const needed = doors.filter(({ specifier }) => specifiers.includes(specifier));
    assertEquals(needed.map(({ specifier }) => specifier).sort(), [...new Set(specifiers)].sort());
    const folder = await makeProject([...new Set(needed.flatMap(({ packages, later }) => [...packages, ...later]))]);
    try {
      const { outputText } = ts.transpileModule(code, { compilerOptions: { target: ts.ScriptTarget.ESNext } });
      await Deno.writeTextFile(`${folder}/main.mjs`, outputText);
      for (const { name, command: [program, ...args] } of runtimesOf(code)) {
        const allowed = name.startsWith("Deno")
          ? args.flatMap((arg) => arg === "-A" ? permissionsOf(code) : arg)
          : args;
        await run(program, [...allowed, "main.mjs"], { cwd: folder }).catch((error) => {
          throw new Error(`In ${name}: ${error.message}`);
        });
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

Deno.test("guides: the command line's examples run, one after the other", async () => {
  const folder = await Deno.makeTempDir({ prefix: "evenkeel-readme-" });
  try {
    const lines = [...text.matchAll(/^deno task evenkeel (.*?)(\s+#.*)?$/gm)].map(([, args]) =>
      // As a shell splits them: what is in quotes is one argument.
      Array.from(args.matchAll(/"([^"]*)"|\S+/g), ([whole, quoted]) => quoted ?? whole)
    );
    assert(lines.length >= 3);
    await Deno.writeTextFile(`${folder}/data.csv`, "a,b\n1,2\n3,4\n5,9\n");
    const weather = tensor([[3, 0, 2020], [5, 1, 2021], [4, 2, 2022]]);
    await ReadableStream.from([weather]).pipeTo(
      await openSink(`${folder}/part-0.parquet`, { features: ["wind", "rain", "year"] }),
    );
    const cli = fileURLToPath(new URL("cli.ts", root)), deno = Deno.execPath();
    const call = (args: string[]) => run(deno, ["run", "-A", cli, ...args], { cwd: folder });
    await Deno.copyFile(new URL("models/files/blocks/conv_batch_norm.onnx", root), `${folder}/model.onnx`);
    await call(["scale", "data.csv", "--fit", "first.json"]);
    await call(["scale", "data.csv", "--apply", "first.json", "-o", "data.npy"]);
    for (const args of lines) await call(args);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("guides: a checkout that is linked works in Deno, each entry point, without a warning", async () => {
  const folder = await Deno.makeTempDir({ prefix: "evenkeel-guides-" });
  try {
    const [, settings] = /in deno\.json: `("imports": .*?"links": .*?)`/.exec(text)!;
    assertStringIncludes(settings, `"jsr:${config.name}"`);
    await Deno.writeTextFile(`${folder}/deno.json`, `{ ${settings.replace("../evenkeel", fileURLToPath(root))} }`);
    for (const example of [examples[0], examples.find((code) => code.includes("@evenkeel/norm/layers"))!]) {
      await Deno.writeTextFile(`${folder}/main.ts`, example);
      const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "main.ts"],
        cwd: folder,
        env: { JSR_URL: "http://127.0.0.1:9" }, // nothing is fetched
      }).output();
      assertEquals([success, new TextDecoder().decode(stderr)], [true, ""]);
      assertStringIncludes(new TextDecoder().decode(stdout), "Float32Array");
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("guides: links into the repository lead to files, wherever they are read", async () => {
  const lost: string[] = [];
  for (const [i, file] of [...files, "CONTRIBUTING.md", "examples/README.md", "notebooks/README.md"].entries()) {
    const page = texts[i] ?? await Deno.readTextFile(new URL(file, root)), isGuide = file.startsWith("site/");
    for (const [, link] of page.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)) {
      const [, inRepository] = /^https:\/\/github\.com\/evenkeel\/norm\/(?:blob|tree)\/main\/(.*)$/.exec(link) ?? [];
      // Relative links of guides lead to pages of the site, whose test follows them.
      if (inRepository === undefined && (isGuide || link.includes(":"))) continue;
      const target = inRepository === undefined ? new URL(link, new URL(file, root)) : new URL(inRepository, root);
      if (!(await Deno.stat(target).then(() => true, () => false))) lost.push(`${file}: ${link}`);
    }
  }
  assertEquals(lost, []);
});
