/**
 * `deno task site`: writes the site into site/dist, which any host can serve. `--serve` then shows it on loopback, until it is
 * ended; `--port N` says where.
 */
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { buildSite } from "./build/site.ts";
import { serve } from "./build/serve.ts";

const { values } = parseArgs({
  options: { serve: { type: "boolean", default: false }, port: { type: "string", default: "8000" } },
});
const folder = fileURLToPath(new URL("dist", import.meta.url));
await buildSite(folder);
console.log(`The site is in ${folder}.`);
if (values.serve) {
  await serve(folder, {
    port: Number(values.port),
    onListen: (url) => console.log(`It is shown at ${url}; Ctrl+C ends it.`),
  }).finished;
}
