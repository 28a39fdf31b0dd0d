/**
 * `deno run -A tools/rewrite/census.ts FOLDER`: writes one small graph for each spelling of a normalization, each neighbour and each
 * lookalike, and what `optimize` makes of it, with a list of them; tools/peers.py puts the graphs through other tools.
 */
import { writeModelFile } from "../../onnx/mod.ts";
import { optimize } from "../../rewrite/mod.ts";
import { lookalikes, neighbours, spellings } from "./spellings.ts";

const [folder] = Deno.args;
if (folder === undefined) throw new Error("usage: census.ts FOLDER");
const kinds = { spelling: spellings, neighbour: neighbours, lookalike: lookalikes };
const graphs = Object.entries(kinds).flatMap(([kind, list]) => list.map(({ name, model }) => ({ kind, name, model })));
await Deno.mkdir(folder, { recursive: true });
const list = [];
for (const [i, { kind, name, model }] of graphs.entries()) {
  const path = `${folder}/${String(i).padStart(2, "0")}.onnx`, after = path.replace(".onnx", ".evenkeel");
  await writeModelFile(path, model);
  await writeModelFile(after, (await optimize(model, { verify: false })).model);
  list.push({ kind, name, path, after });
}
await Deno.writeTextFile(`${folder}/list.json`, JSON.stringify(list, null, 2));
