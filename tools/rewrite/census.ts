/**
 * `deno run -A tools/rewrite/census.ts FOLDER`: writes one small graph for each spelling of a normalization, each neighbour and each
 * lookalike, and what `optimize` makes of it, with a list of them; tools/peers.py puts the graphs through other tools.
 */
import { Editor, Fragment, type Model, writeModelFile } from "../../onnx/mod.ts";
import { optimize } from "../../rewrite/mod.ts";
import { lookalikes, neighbours, type Spelling, spellings, varied } from "./spellings.ts";

const [folder] = Deno.args;
if (folder === undefined) throw new Error("usage: census.ts FOLDER");
/** The same with a scale and a bias behind it, which runtimes want before they take something for a norm. */
function scaled({ name, model }: Spelling): Spelling {
  const y = model.graph!.output[0].name, plain = `${y} plain`, f = new Fragment();
  const rename = (value: string) => value === y ? plain : value;
  const editor = new Editor(model), { node } = editor.model.graph!;
  for (const one of node) one.output = one.output.map(rename), one.input = one.input.map(rename);
  const last = node.find(({ output }) => output[0] === plain)!;
  node.push(Object.assign(Object.create(Object.getPrototypeOf(last)), last, {
    opType: "Identity",
    name: "end",
    input: [plain],
    output: [y],
    attribute: [],
  }));
  const at = f.op("Mul", [f.value(plain), f.constant(varied([8], 1))]);
  f.give(y, f.op("Add", [at, f.constant(varied([8], 2))]));
  editor.replace(editor.view(), f);
  return { name: `${name}, with scale and bias`, model: editor.model as Model };
}

const ends = [...lookalikes, ...spellings.filter(({ name }) => name === "mean - x" || name === "Pow, Sqrt, Div")];
const kinds = {
  spelling: [...spellings, ...ends.filter(({ found }) => found).map(scaled)],
  neighbour: neighbours,
  lookalike: [...lookalikes, ...ends.filter(({ found }) => !found).map(scaled)],
};
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
