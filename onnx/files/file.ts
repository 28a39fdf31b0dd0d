import { ModelError } from "../error.ts";
import { OptionNames } from "../../kernels/option_names.ts";
import { checkModel } from "../check_model.ts";
import { checkSplit, readExternalData, type SplitOptions, splitWeights } from "./external_data.ts";
import type { Model } from "../model.ts";
import type { ReadLimits } from "./limits.ts";
import { readModel } from "./read.ts";
import { modelChunks } from "./write.ts";

/** The host's own modules for files, found without an import, which a bundler for browsers would follow. */
function files(): typeof import("node:fs/promises") {
  return builtin("node:fs/promises") as typeof import("node:fs/promises");
}

function paths(): typeof import("node:path") {
  return builtin("node:path") as typeof import("node:path");
}

function builtin(name: string): unknown {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } };
  const found = process?.getBuiltinModule?.(name);
  if (found === undefined) {
    throw new TypeError(
      "There are no files here, as in a browser: use readModel and writeModel with the file's bytes.",
    );
  }
  return found;
}

/**
 * Reads a model from a file, and its weights from the files beside it that it names. For Deno, Node.js and Bun.
 *
 * @param limits What reading may take, for a file that is refused though you trust it.
 * @throws {ModelError} If the file cannot be read or is not a model, or names a file for its weights that is outside of its own folder.
 * @throws {TypeError} In a browser, which has no files.
 *
 * @example From a file to a result
 * ```ts ignore
 * import { readModelFile, run } from "@evenkeel/norm/onnx";
 *
 * const { y } = await run(await readModelFile("model.onnx"), { x });
 * ```
 */
export async function readModelFile(path: string, limits: ReadLimits = {}): Promise<Model> {
  const { readFile } = files();
  const folder = paths().dirname(path), read = new Map<string, Uint8Array>();
  const bytes = await readFile(path).catch((cause) => {
    const why = cause.code === "ENOENT" ? "there is no such file" : cause.message;
    throw new ModelError(`readModelFile: ${path} cannot be read: ${why}.`, { cause });
  });
  return await readExternalData(readModel(bytes, limits), async (location) => {
    const real = await inside(folder, location), bytes = read.get(real) ?? await readFile(real);
    read.set(real, bytes);
    return bytes;
  });
}

/**
 * The path of a file in a folder. The location comes from a model, which may come from anyone: it must not lead out of the
 * folder, not even by a link.
 */
async function inside(folder: string, location: string): Promise<string> {
  const { realpath } = files(), root = await realpath(folder);
  const path = await realpath(paths().join(root, location)).catch((cause) => {
    throw new ModelError(`The weights' file ${JSON.stringify(location)} is not beside the model.`, { cause });
  });
  if (!isIn(root, path)) {
    throw new ModelError(`The model wants its weights from ${JSON.stringify(location)}, outside of its own folder.`);
  }
  return path;
}

/** Whether a path lies in a folder; both are without links. */
function isIn(folder: string, path: string): boolean {
  const { sep } = paths();
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** Options of {@linkcode writeModelFile}. */
export interface WriteModelFileOptions {
  /**
   * Puts weights into a file of their own, as models over 2 GiB must: its name is that of the model's file with `.data`
   * appended, unless `location` gives another.
   */
  externalData?: Partial<SplitOptions>;
}

const writeNames = new OptionNames<WriteModelFileOptions>({ externalData: true });

/**
 * Writes a model to a file and, if asked, its weights to another beside it. For Deno, Node.js and Bun.
 *
 * @throws {ModelError} If the model is over 2 GiB and its weights are to stay with it, or there is no folder for a file.
 * @throws {RangeError} If the weights' file would be the model's own, or outside of its folder, where {@linkcode readModelFile} does not look.
 * @throws {TypeError} If it is no model, or an option does not fit; and in a browser, which has no files.
 *
 * @example A large model as model.onnx and model.onnx.data
 * ```ts ignore
 * import { writeModelFile } from "@evenkeel/norm/onnx";
 *
 * await writeModelFile("model.onnx", model, { externalData: {} });
 * ```
 */
export async function writeModelFile(path: string, model: Model, options: WriteModelFileOptions = {}): Promise<void> {
  checkModel("writeModelFile", "model", model);
  writeNames.check("writeModelFile", options);
  const { externalData } = options;
  checkSplit("writeModelFile", externalData, "externalData");
  if (externalData === undefined) return await writeChunks(path, modelChunks(model));
  const { basename, dirname, join } = paths(), location = externalData.location ?? `${basename(path)}.data`;
  const place = join(dirname(path), location), real = await realPath(place);
  const wrong = real === await realPath(path)
    ? "which is the model's own file"
    : isIn(await realPath(dirname(path)), real)
    ? undefined
    : "which is outside of the model's folder";
  if (wrong) {
    throw new RangeError(
      `writeModelFile: location is ${
        JSON.stringify(location)
      }, ${wrong}; give the name of another file in that folder, or none.`,
    );
  }
  const { model: bytes, weights } = splitWeights(model, { ...externalData, location });
  await writeChunks(place, weights);
  await writeChunks(path, [bytes]);
}

/** The path without links; of a file that is not there yet, or may not be looked at, as far as that is known. */
export async function realPath(path: string): Promise<string> {
  const { basename, dirname, join, resolve } = paths(), folder = dirname(path);
  return await files().realpath(path).catch(async () =>
    folder === path ? resolve(path) : join(await realPath(folder), basename(path))
  );
}

async function writeChunks(path: string, chunks: readonly Uint8Array[]): Promise<void> {
  const file = await files().open(path, "w").catch((cause) => {
    const why = cause.code === "ENOENT" ? `there is no folder ${paths().dirname(path)}; make it first` : cause.message;
    throw new ModelError(`writeModelFile: ${path} cannot be written: ${why}.`, { cause });
  });
  try {
    for (const chunk of chunks) await file.writeFile(chunk);
  } finally {
    await file.close();
  }
}
