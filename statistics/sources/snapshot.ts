import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import { describe } from "../../kernels/tensor.ts";
import { piecesOfJSON } from "../json.ts";
import { writeWhole } from "./atomic.ts";
import { checkFile, pathOf } from "./file.ts";
import { refuseToOpen, SourceError } from "./source.ts";
import { checkText } from "./text.ts";

/** Which file a run reads: its name without folders, its size, and when it was changed. */
export interface FileIdentity {
  /** The name. */
  readonly name: string;
  /** The size in bytes. */
  readonly size: number;
  /** When it was last changed, in milliseconds since 1970. */
  readonly modified: number;
}

/** How far a run over a file has come, and what it has made of it. */
export interface Snapshot {
  /** Which file it reads. */
  readonly file: FileIdentity;
  /** How it reads it, as JSON: a run that goes on must read it in the same way, or its state would be another. */
  readonly settings: unknown;
  /** How many rows it has seen. */
  readonly rows: number;
  /** What it has made of them, as JSON. */
  readonly state: unknown;
}

/**
 * The identity of a file.
 *
 * @throws {SourceError} If it is not there.
 *
 * @example
 * ```ts
 * import { identify } from "@evenkeel/norm/sources";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals((await identify(await Deno.makeTempFile())).size, 0);
 * ```
 */
export async function identify(file: string | URL): Promise<FileIdentity> {
  checkFile("identify", "file", file);
  const path = pathOf(file);
  const { size, mtimeMs } = await stat(path).catch(refuseToOpen(path, "there is no such file"));
  return { name: basename(path), size, modified: mtimeMs };
}

/**
 * Writes a snapshot, as a whole or not at all: a process that is killed meanwhile leaves the one before.
 *
 * @example The state of a run, kept and read again
 * ```ts
 * import { readSnapshot, writeSnapshot } from "@evenkeel/norm/sources";
 * import { assertEquals } from "@std/assert";
 *
 * const path = await Deno.makeTempFile();
 * const snapshot = { file: { name: "data.csv", size: 80, modified: 0 }, settings: { chunkRows: 4096 }, rows: 8192, state: { mean: [1.5] } };
 * await writeSnapshot(path, snapshot);
 * assertEquals(await readSnapshot(path), snapshot);
 * await Deno.remove(path);
 * ```
 */
export async function writeSnapshot(path: string, snapshot: Snapshot): Promise<void> {
  checkText("writeSnapshot", "path", path);
  if (typeof snapshot !== "object" || snapshot === null) {
    throw new TypeError(
      `writeSnapshot: the snapshot is ${describe(snapshot)}; it must be an object of file, settings, rows and state.`,
    );
  }
  const { file, settings, rows, state } = snapshot;
  const content = { kind: "snapshot", version: 1, file, settings, rows, state };
  await writeWhole(path, piecesOfJSON({ ...content, digest: digestOf(content) }));
}

/**
 * Reads a snapshot; undefined if there is none at that path.
 *
 * @throws {SourceError} If the file is something else.
 *
 * @example No run to go on from
 * ```ts
 * import { readSnapshot } from "@evenkeel/norm/sources";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(await readSnapshot("run.snapshot"), undefined);
 * ```
 */
export async function readSnapshot(path: string): Promise<Snapshot | undefined> {
  checkText("readSnapshot", "path", path);
  let text: string;
  try {
    text = await readFile(path, "utf-8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    return refuseToOpen(path, "there is no such file")(error);
  }
  const value = parse(text);
  if (value?.kind !== "snapshot" || value.version !== 1) {
    throw new SourceError(path, {}, "this is not a snapshot of version 1. Give the snapshot another name.");
  }
  const { file, settings, rows, state } = value;
  if (!Number.isSafeInteger(rows) || rows < 0) {
    throw new SourceError(
      path,
      {},
      `the snapshot's rows are ${describe(rows)}; they must be a whole number. Remove it.`,
    );
  }
  const { digest, ...content } = value;
  if (digest !== digestOf(content)) {
    throw new SourceError(path, {}, "the snapshot was changed since it was written. Remove it.");
  }
  return { file, settings, rows, state };
}

/** What tells whether a snapshot is still as it was written. */
function digestOf(content: object): string {
  const hash = createHash("sha256");
  for (const piece of piecesOfJSON(content)) hash.update(piece);
  return hash.digest("hex");
}

function parse(text: string): (Snapshot & { kind?: string; version?: number; digest?: string }) | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
