/**
 * `deno task build:models`: writes the models of tools/model_files.ts to models/files/. With `--check` it writes nothing, and exits
 * with 1 if a file there is not what its source gives, byte for byte, or has no source.
 */
import { writeModel } from "../onnx/mod.ts";
import { modelFiles } from "./model_files.ts";

const folder = new URL("../models/files/", import.meta.url);
const files = modelFiles().map(({ path, model }) => ({ path, bytes: writeModel(model) }));

if (Deno.args.includes("--check")) {
  const wanted = new Set(files.map(({ path }) => path));
  const stale = files.filter(({ path, bytes }) => !same(read(path), bytes)).map(({ path }) => path);
  const strange = [...list("")].filter((path) => !wanted.has(path));
  for (const path of stale) console.error(`models/files/${path} is not what its source gives.`);
  for (const path of strange) console.error(`models/files/${path} has no source.`);
  if (stale.length + strange.length > 0) {
    console.error("Run `deno task build:models`, and delete what has no source.");
    Deno.exit(1);
  }
  console.log(`The ${files.length} files of models/files/ are what their sources give.`);
} else {
  let size = 0;
  for (const { path, bytes } of files) {
    const file = new URL(path, folder);
    await Deno.mkdir(new URL(".", file), { recursive: true });
    await Deno.writeFile(file, bytes);
    size += bytes.length;
  }
  console.log(`Wrote ${files.length} files to models/files/ (${Math.round(size / 1024)} KiB).`);
}

function read(path: string): Uint8Array | undefined {
  try {
    return Deno.readFileSync(new URL(path, folder));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** The paths of all files under a folder. */
function* list(under: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(under, folder))) {
    if (isDirectory) yield* list(`${under}${name}/`);
    else yield `${under}${name}`;
  }
}

function same(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a?.length === b.length && a.every((byte, i) => byte === b[i]);
}
