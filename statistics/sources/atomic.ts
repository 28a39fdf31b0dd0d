import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { pid } from "node:process";

/** A file that gets its name only when it is complete: until then, its content is in a file beside it. */
export interface NewFile {
  /** The file, open for writing. */
  readonly handle: FileHandle;
  /** Makes it durable and gives it its name, in place of a file that has it. */
  commit(): Promise<void>;
  /** Throws away what was written. */
  discard(): Promise<void>;
}

let drafts = 0;

/** Opens a new file that is to be at `path`. */
export async function createFile(path: string): Promise<NewFile> {
  const draft = `${path}.${pid}-${drafts++}.part`;
  const handle = await open(draft, "w");
  return {
    handle,
    async commit() {
      await handle.sync();
      await handle.close();
      await rename(draft, path);
    },
    async discard() {
      await handle.close();
      await rm(draft, { force: true });
    },
  };
}

/**
 * Writes a file as a whole: whoever reads it sees what was there before, or all of this.
 *
 * @example
 * ```ts
 * import { writeWhole } from "@evenkeel/norm/sources";
 * import { assertEquals } from "@std/assert";
 *
 * const file = await Deno.makeTempFile();
 * await writeWhole(file, "{}");
 * assertEquals(await Deno.readTextFile(file), "{}");
 * await Deno.remove(file);
 * ```
 */
export async function writeWhole(path: string, text: string): Promise<void> {
  const file = await createFile(path);
  try {
    await file.handle.writeFile(text);
    await file.commit();
  } catch (error) {
    await file.discard();
    throw error;
  }
}
