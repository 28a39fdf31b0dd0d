import type { Command } from "commander";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { realPath } from "../onnx/files/file.ts";
import { usage } from "./usage.ts";

/** Files of a command by what it calls them; of a folder, all that is in it. */
export type NamedFiles = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Ends the program if two of some files are one, however they are spelled or linked: one would be written over the other. */
export async function checkDifferent(command: Command, files: NamedFiles): Promise<void> {
  const seen = new Map<string, string>();
  for (const [name, given = []] of Object.entries(files)) {
    const paths = (await Promise.all([given].flat().map(filesAt))).flat();
    for (const path of paths) {
      const other = seen.get(path) ?? name;
      if (other !== name) usage(command, `${other} and ${name} are one file, ${path}; they must be different files.`);
      seen.set(path, name);
    }
  }
}

/** Whether two paths are of one file. */
export async function areSame(a: string, b: string): Promise<boolean> {
  return await realPath(a) === await realPath(b);
}

async function filesAt(path: string): Promise<string[]> {
  const inside = await readdir(path).catch(() => []);
  return await Promise.all([path, ...inside.map((name) => join(path, name))].map(realPath));
}
