/**
 * Imports the package the way users will, by `jsr:`. What `deno publish` uploads goes to a registry on loopback, and a
 * script in a folder of its own, with a cache of its own, imports it from there.
 */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import config from "../deno.json" with { type: "json" };
import { run } from "./command.ts";
import { startJsrRegistry } from "./jsr_registry.ts";
import { expected, sample } from "./sample.ts";

const root = new URL("../", import.meta.url);
const published = `jsr:${config.name}@${config.version}`;
const script = `
import * as all from "${published}";
import { layerNorm, tensor } from "${published}/kernels";
if (all.layerNorm !== layerNorm) throw new Error("the two entry points have different layerNorm");
const y = layerNorm(tensor(new Float32Array(${JSON.stringify(sample)}), [1, ${sample.length}]));
console.log(JSON.stringify({ dims: y.dims, data: Array.from(y.data) }));
`;

Deno.test("what publish uploads can be imported by jsr: and normalizes", async () => {
  await using registry = startJsrRegistry();
  const folder = await Deno.makeTempDir({ prefix: "evenkeel-jsr-" });
  try {
    // The token is a placeholder: the registry on loopback asks for none, but without one Deno would open a browser.
    const publish = ["publish", "--allow-dirty", "--no-provenance", "--token", "placeholder"];
    await run(Deno.execPath(), publish, { cwd: root, env: { JSR_URL: registry.url, NO_PROXY: "127.0.0.1" } });
    const home = `/${config.name}/${config.version}/`;
    const files = registry.paths().filter((path) => path.startsWith(home)).map((path) => path.slice(home.length));
    for (const entry of Object.values(config.exports)) {
      assert(files.includes(entry.replace("./", "")), `${entry} was not published`);
    }
    assertEquals(files.filter((path) => /^(tests|tools|bench)\/|\/assembly\//.test(path)), []);

    await Deno.writeTextFile(`${folder}/deno.json`, "{}");
    await Deno.writeTextFile(`${folder}/main.ts`, script);
    const printed = await run(Deno.execPath(), ["run", "--check", "main.ts"], {
      cwd: folder,
      env: { JSR_URL: registry.url, DENO_DIR: `${folder}/cache` },
      clearEnv: true,
    });
    const { dims, data } = JSON.parse(printed);
    assertEquals(dims, [1, sample.length]);
    expected.forEach((value, i) => assertAlmostEquals(data[i], value, 1e-6));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
