import { copyFile, mkdtemp, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { type Model, readModel, readModelFile, writeModelFile } from "../onnx/mod.ts";
import { isElsewhere } from "../onnx/tensor.ts";
import { tensorsIn } from "../onnx/walk.ts";
import { Failure } from "./failure.ts";
import { messageOf } from "./message.ts";

/** A model of a file, and whether its weights lie in files of their own. */
export interface ModelFile {
  readonly model: Model;
  readonly isExternal: boolean;
}

/** Reads a model; a file that cannot be read, or is none, ends the command. */
export async function readModelAt(path: string): Promise<ModelFile> {
  try {
    const model = readModel(await readFile(path));
    const isExternal = [...tensorsIn(model)].some(isElsewhere);
    return { model: isExternal ? await readModelFile(path) : model, isExternal };
  } catch (error) {
    throw new Failure(`${path}: ${messageOf(error)}`, 2, { cause: error });
  }
}

/** Ends the command, before anything is computed, where the folder of a file that it is to write is none. */
export async function checkFolders(...paths: (string | undefined)[]): Promise<void> {
  for (const path of paths) {
    if (path === undefined || (await stat(dirname(path)).catch(() => undefined))?.isDirectory()) continue;
    throw new Failure(`${path} cannot be written, since ${dirname(path)} is no folder; make it first.`, 2);
  }
}

/** Writes a model as a whole: whoever reads the file sees what was there before, or all of this. */
export async function writeModelAt(path: string, { model, isExternal }: ModelFile): Promise<void> {
  await asAWhole(path, async (inside) => {
    await writeModelFile(inside, model, isExternal ? { externalData: {} } : {});
    if (isExternal) await rename(`${inside}.data`, `${path}.data`);
  });
}

/** Writes a model that stays as it is, byte for byte; weights in files of their own get one beside it. */
export async function copyModel(from: string, path: string, file: ModelFile): Promise<void> {
  if (resolve(from) === resolve(path)) return;
  if (file.isExternal) return await writeModelAt(path, file);
  await asAWhole(path, (inside) => copyFile(from, inside));
}

async function asAWhole(path: string, write: (inside: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(dirname(path), `.${basename(path)}-`)), inside = join(folder, basename(path));
  try {
    await write(inside);
    await rename(inside, path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
