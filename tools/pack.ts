/**
 * `deno task pack`: writes what `npm publish` uploads, evenkeel-norm-VERSION.tgz. `deno publish` makes what JSR gets from the
 * same source.
 */
import config from "../deno.json" with { type: "json" };
import { makePackage, tarballOf } from "./pack/package.ts";

const made = await makePackage(), tarball = await tarballOf(made);
const path = Deno.args[0] ?? `${config.name.slice(1).replace("/", "-")}-${config.version}.tgz`;
await Deno.writeFile(path, tarball);
console.log(`${path}: ${made.files.size} files, ${(tarball.length / 1e6).toFixed(2)} MB`);
for (const { specifier, packages, later } of made.doors) {
  console.log(`${specifier}: ${[...packages, ...later].join(" ") || "needs no package"}`);
}
