/** The programs of the pages, bundled for browsers, and what they load when they need it. */
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { filesIn } from "./files.ts";

const require = createRequire(import.meta.url);

/** Programs of pages and workers; each becomes a file of the folder `app`. */
const programs = [
  "models/models",
  "models/models_worker",
  "numbers/numbers",
  "numbers/numbers_worker",
  "speed/speed",
  "speed/speed_worker",
];

/**
 * The builds of onnxruntime-web by the names that programs import them by. Its own files come with them, so that nothing is
 * fetched from elsewhere; bundled in, its threads would load the page's program.
 */
const builds: Readonly<Record<string, string>> = {
  "onnxruntime-web": "ort.wasm.min.mjs",
  "onnxruntime-web/wasm": "ort.wasm.min.mjs",
  "onnxruntime-web/webgpu": "ort.webgpu.min.mjs",
};
const beside = ["ort-wasm-simd-threaded", "ort-wasm-simd-threaded.asyncify"].flatMap((
  name,
) => [`${name}.mjs`, `${name}.wasm`]);

/** Writes the programs to `app` and onnxruntime to `ort` of a folder. */
export async function writePrograms(folder: string): Promise<void> {
  const app = `${folder}/app`, ort = `${folder}/ort`;
  const entries = programs.map((name) => fileURLToPath(new URL(`../app/${name}.ts`, import.meta.url)));
  const external = Object.keys(builds).flatMap((name) => ["--external", name]);
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "bundle",
      "--quiet",
      "--platform=browser",
      "--minify",
      "--code-splitting",
      ...external,
      `--outdir=${app}`,
      ...entries,
    ],
    cwd: fileURLToPath(new URL("../../", import.meta.url)),
    stdin: "null",
    stdout: "null",
  }).output();
  if (!success) throw new Error(`The programs could not be bundled:\n${new TextDecoder().decode(stderr)}`);
  for (const name of filesIn(app)) {
    const text = await Deno.readTextFile(`${app}/${name}`), root = "../".repeat(name.split("/").length);
    const placed = text.replaceAll(
      /import\("(onnxruntime-web[^"]*)"\)/g,
      (_, build) => `import("${root}ort/${builds[build]}")`,
    );
    await Deno.writeTextFile(`${app}/${name}`, placed);
  }
  const from = dirname(require.resolve("onnxruntime-web"));
  await Deno.mkdir(ort);
  for (const name of new Set([...Object.values(builds), ...beside])) {
    await Deno.copyFile(`${from}/${name}`, `${ort}/${name}`);
  }
}
