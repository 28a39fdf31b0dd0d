/** What must agree where a release is spoken of. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import config from "../deno.json" with { type: "json" };
import { thePackage } from "./doors/project.ts";

const read = (path: string) => Deno.readTextFile(new URL(`../${path}`, import.meta.url));

Deno.test("release: the version is the same everywhere", async () => {
  assertStringIncludes(await read("CITATION.cff"), `\nversion: ${config.version}\n`);
  assertStringIncludes(await read("CHANGELOG.md"), `\n## [${config.version}]`);
  assertStringIncludes(await read("site/pages/guides/install.md"), `evenkeel-norm-${config.version}.tgz`);
});

Deno.test("release: one version of Deno is asked for", async () => {
  const files = ["README.md", "CONTRIBUTING.md", ".ci/run", ".github/workflows/publish.yml"];
  const texts = await Promise.all(files.map(read));
  const versions = texts.flatMap((text) => [...text.matchAll(/deno@(\d+\.\d+\.\d+)/g)].map(([, version]) => version));
  assert(versions.length >= files.length);
  assertEquals(new Set(versions).size, 1);
});

Deno.test("release: npm installs nothing with the package, and it says what npm shows and needs", async () => {
  const { files } = await thePackage(), text = new TextDecoder().decode(files.get("package.json"));
  const manifest = JSON.parse(text);
  assertEquals([manifest.dependencies, manifest.license, manifest.type], [undefined, "MIT", "module"]);
  for (const name of Object.keys(manifest.peerDependencies)) assert(manifest.peerDependenciesMeta[name].optional, name);
  assert(manifest.description.length > 40 && manifest.keywords.length >= 5 && manifest.repository.url.endsWith(".git"));
  assert(new TextDecoder().decode(files.get(manifest.bin.evenkeel)).startsWith("#!/usr/bin/env node\n"));
  for (const conditions of Object.values<Record<string, string>>(manifest.exports)) {
    for (const path of Object.values(conditions)) assert(files.has(path.replace("./", "")), path);
  }
});
