/**
 * Loads the package in Node.js the way its users would: as the npm tarball that `deno pack` makes, unpacked into
 * node_modules. Node.js 20 has neither Float16Array nor relaxed SIMD: nothing may break without them.
 */
import { assert, assertAlmostEquals, assertEquals, assertNotEquals } from "@std/assert";
import { dirname } from "node:path";
import config from "../deno.json" with { type: "json" };
import { run } from "./command.ts";
import { expected, sample } from "./sample.ts";
import { untar } from "./untar.ts";

const root = new URL("../", import.meta.url);

/** The entry points that use web-standard APIs alone: the others bring dependencies that the tarball only names. */
const webStandard = [".", "./kernels", "./reference", "./layers", "./statistics"];
const specifiers = Object.keys(config.exports).filter((entry) => webStandard.includes(entry))
  .map((entry) => config.name + entry.slice(1));

const script = `
const names = {};
for (const specifier of ${JSON.stringify(specifiers)}) {
  names[specifier] = Object.keys(await import(specifier));
}
const { allocate, layerNorm, setThreads, tensor } = await import("${config.name}/kernels");
await setThreads(2); // of Node's own kind; they must not keep the process alive
const large = allocate("float32", [1024, 512]);
large.data.fill(7);
layerNorm(large, { out: { y: large } });
const y = layerNorm(tensor(new Float32Array(${JSON.stringify(sample)}), [1, ${sample.length}]));
console.log(JSON.stringify({ names, dims: y.dims, data: Array.from(y.data), threads: large.data.every((v) => v === 0) }));
`;

const node = await nodeVersion();
if (node === undefined) console.log("tests/node_import_test.ts is skipped: there is no `node` on the PATH.");

Deno.test({
  name: "the npm tarball can be imported in Node.js and normalizes",
  ignore: node === undefined,
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "evenkeel-node-" });
    try {
      const tarball = `${folder}/package.tgz`;
      await run(Deno.execPath(), ["pack", "--allow-dirty", "--output", tarball], { cwd: root });
      for (const [path, content] of await untar(await Deno.readFile(tarball))) {
        const target = `${folder}/node_modules/${config.name}/${path.replace(/^package\//, "")}`;
        await Deno.mkdir(dirname(target), { recursive: true });
        await Deno.writeFile(target, content);
      }
      await Deno.writeTextFile(`${folder}/main.mjs`, script);
      const { names, dims, data, threads } = JSON.parse(await run("node", ["main.mjs"], { cwd: folder }));
      for (const specifier of specifiers) assertNotEquals(names[specifier], [], `${specifier} exports nothing`);
      assertEquals(dims, [1, sample.length]);
      assert(threads, "what two threads normalize is not 0");
      expected.forEach((value, i) => assertAlmostEquals(data[i], value, 1e-6));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

// Where there is no Node.js, Deno answers to the name of `node` itself: only a runtime without a Deno version counts.
async function nodeVersion(): Promise<string | undefined> {
  const print = "process.versions.deno === undefined ? process.version : ''";
  try {
    return (await run("node", ["--print", print], { cwd: root })).trim() || undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
