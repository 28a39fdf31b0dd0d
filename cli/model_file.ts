import type { Command } from "commander";
import { copyFile, mkdtemp, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { type Model, readModel, readModelFile, writeModelFile } from "../onnx/mod.ts";
import { isElsewhere } from "../onnx/tensor.ts";
import { tensorsIn } from "../onnx/walk.ts";
import { areSame, checkDifferent, type NamedFiles } from "./different_files.ts";
import { Failure } from "./failure.ts";
import { messageAt } from "./message.ts";

/** A model of a file, and whether its weights lie in files of their own. */
export interface ModelFile {
  readonly model: Model;
  readonly isExternal: boolean;
}

/** A model that was read, and the files that it was read from, the first of which is its own. */
export interface ReadModelFile extends ModelFile {
  readonly files: readonly string[];
}

/** Reads a model; a file that cannot be read, or is none, ends the command. */
export async function readModelAt(path: string): Promise<ReadModelFile> {
  try {
    const model = readModel(await readFile(path));
    const elsewhere = [...tensorsIn(model)].filter(isElsewhere), isExternal = elsewhere.length > 0;
    const places = elsewhere.flatMap(({ externalData }) => externalData).filter(({ key }) => key === "location");
    const weights = [...new Set(places.map(({ value }) => join(dirname(path), value)))];
    return { model: isExternal ? await readModelFile(path) : model, isExternal, files: [path, ...weights] };
  } catch (error) {
    throw new Failure(messageAt(path, error), 2, { cause: error });
  }
}

/** Ends the command, before anything is computed, where the folder of a file that it is to write is none. */
export async function checkFolders(...paths: (string | undefined)[]): Promise<void> {
  for (const path of paths) {
    if (path === undefined || (await stat(dirname(path)).catch(() => undefined))?.isDirectory()) continue;
    throw new Failure(`${path} cannot be written, since ${dirname(path)} is no folder; make it first.`, 2);
  }
}

/**
 * Ends the program, before anything is computed, where a file that it is to write is another that it reads or writes. The model alone
 * may be replaced, with its weights, where it is itself named as the output.
 */
export async function checkFiles(
  command: Command,
  file: ReadModelFile,
  output: string,
  others: NamedFiles,
): Promise<void> {
  const written = file.isExternal ? [output, `${output}.data`] : [output];
  await checkDifferent(command, { "the model": file.files, ...others });
  await checkDifferent(command, { "-o": written, ...others });
  if (await areSame(file.files[0], output)) return;
  await checkDifferent(command, { "the model": file.files, "-o": written });
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
