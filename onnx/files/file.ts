import { ModelError } from "../error.ts";
import { readExternalData, type SplitOptions, splitWeights } from "./external_data.ts";
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
 * @throws {ModelError} If the file is not a model, or names a file for its weights that is outside of its own folder.
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
  return await readExternalData(readModel(await readFile(path), limits), async (location) => {
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
  const { realpath } = files(), { join, sep } = paths();
  const root = await realpath(folder);
  const path = await realpath(join(root, location)).catch((cause) => {
    throw new ModelError(`The weights' file ${JSON.stringify(location)} is not beside the model.`, { cause });
  });
  if (!path.startsWith(root.endsWith(sep) ? root : root + sep)) {
    throw new ModelError(`The model wants its weights from ${JSON.stringify(location)}, outside of its own folder.`);
  }
  return path;
}

/** Options of {@linkcode writeModelFile}. */
export interface WriteModelFileOptions {
  /**
   * Puts weights into a file of their own, as models over 2 GiB must: its name is that of the model's file with `.data`
   * appended, unless `location` gives another.
   */
  externalData?: Partial<SplitOptions>;
}

/**
 * Writes a model to a file and, if asked, its weights to another beside it. For Deno, Node.js and Bun.
 *
 * @throws {ModelError} If the model is over 2 GiB and its weights are to stay with it.
 * @throws {TypeError} In a browser, which has no files.
 *
 * @example A large model as model.onnx and model.onnx.data
 * ```ts ignore
 * import { writeModelFile } from "@evenkeel/norm/onnx";
 *
 * await writeModelFile("model.onnx", model, { externalData: {} });
 * ```
 */
export async function writeModelFile(path: string, model: Model, options: WriteModelFileOptions = {}): Promise<void> {
  const { basename, dirname, join } = paths(), { externalData } = options;
  if (externalData === undefined) return await writeChunks(path, modelChunks(model));
  const location = externalData.location ?? `${basename(path)}.data`;
  const { model: bytes, weights } = splitWeights(model, { ...externalData, location });
  await writeChunks(path, [bytes]);
  await writeChunks(join(dirname(path), location), weights);
}

async function writeChunks(path: string, chunks: readonly Uint8Array[]): Promise<void> {
  const file = await files().open(path, "w");
  try {
    for (const chunk of chunks) await file.writeFile(chunk);
  } finally {
    await file.close();
  }
}
