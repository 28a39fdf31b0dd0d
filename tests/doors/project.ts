/** Projects of users of the npm package, made without a network: packages come from Deno's cache, in the versions of deno.lock. */
import { dirname } from "node:path";
import config from "../../deno.json" with { type: "json" };
import { makePackage, type Package } from "../../tools/pack/package.ts";
import { run } from "../command.ts";

const root = new URL("../../", import.meta.url);

let made: Promise<Package> | undefined;

/** The npm package of this checkout, made once. */
export function thePackage(): Promise<Package> {
  return made ??= makePackage();
}

/** A folder in which the package is installed beside others; whoever asks for it removes it. */
export async function makeProject(packages: readonly string[] = []): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "evenkeel-door-" });
  const versions = config.imports as Record<string, string>;
  const imports = Object.fromEntries(packages.map((name) => [name, versions[name]]));
  await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify({ imports, nodeModulesDir: "auto" }));
  await Deno.copyFile(new URL("deno.lock", root), `${folder}/deno.lock`);
  if (packages.length > 0) await run(Deno.execPath(), ["install", "--cached-only"], { cwd: folder });
  // From here on it is a project of npm's.
  for (const name of ["deno.json", "deno.lock"]) await Deno.remove(`${folder}/${name}`);
  const { files } = await thePackage();
  for (const [path, content] of files) {
    const target = `${folder}/node_modules/${config.name}/${path}`;
    await Deno.mkdir(dirname(target), { recursive: true });
    await Deno.writeFile(target, content);
  }
  const dependencies = Object.fromEntries([config.name, ...packages].map((name) => [name, "*"]));
  await Deno.writeTextFile(`${folder}/package.json`, JSON.stringify({ private: true, type: "module", dependencies }));
  return folder;
}
