import { rm } from "node:fs/promises";
import { identify, readSnapshot, type Snapshot, writeSnapshot, writeWhole } from "../statistics/sources/mod.ts";
import { InterruptedError, interruptible } from "./interrupt.ts";
import { withProgress } from "./progress.ts";
import { type Data, dialectOptions, naming, type ReadingOptions, sourceOptions } from "./reading.ts";
import { scalers, textOf } from "./scalers.ts";

/** What fitting is told beside how to read. */
interface FitOptions extends ReadingOptions {
  readonly scaler: keyof typeof scalers;
  readonly snapshot?: string;
  readonly every: number;
}

/** Fits a scaler to data and writes its state; returns what was done, in words. */
export async function fit(data: Data, state: string, options: FitOptions): Promise<string> {
  const reading = sourceOptions(options), settings = { scaler: options.scaler, ...reading };
  const file = options.snapshot === undefined || data.file === undefined ? undefined : await identify(data.file);
  const saved = file && await resume(data.name, options.snapshot, { file, settings });
  const Scaler = scalers[options.scaler], scaler = saved ? Scaler.fromJSON(saved.state) : new Scaler();
  let rows = saved?.rows ?? 0;
  const isDue = everyRows(options.every, rows);

  async function keep(): Promise<void> {
    if (options.snapshot === undefined || file === undefined) return;
    await writeSnapshot(options.snapshot, { file, settings, rows, state: scaler.saved() });
  }
  const features = await withProgress("fit", options.quiet, async (onProgress) => {
    const source = await data.open({ ...reading, skipRows: rows, onProgress });
    await interruptible(async (signal) => {
      for await (const x of source) {
        naming(data.name, rows, x, () => scaler.partialFit(x));
        rows += x.dims[0];
        if (isDue(rows) || signal.aborted) await keep();
        if (signal.aborted) throw new InterruptedError(signal.reason.signal, wayOn(options, rows));
      }
    });
    return source.features ?? [];
  });
  if (rows === 0) throw new Error(`${data.name} has no rows.`);
  // Names by which --apply finds the columns again; where two are the same, their numbers.
  const columns = features.length > 0 && new Set(features).size === features.length ? features : options.columns;
  await writeWhole(state, textOf({ scaler, columns, dialect: dialectOptions(options) }));
  if (options.snapshot !== undefined) await rm(options.snapshot, { force: true });
  const from = saved ? `, of which ${saved.rows} were in ${options.snapshot}` : "";
  return `${state}: ${scaler.kind} of ${rows} rows${from}`;
}

/** Whether `every` rows have come since the last time that they had, or since the start. */
export function everyRows(every: number, start: number): (rows: number) => boolean {
  let last = start;
  return (rows) => {
    if (rows - last < every) return false;
    last = rows;
    return true;
  };
}

/** What someone can do after a run was ended. */
function wayOn({ snapshot }: FitOptions, rows: number): string {
  return snapshot === undefined
    ? "; with --snapshot FILE a run can go on later"
    : `; ${rows} rows are in ${snapshot}, and the same command goes on from there`;
}

/** The snapshot to go on from, if there is one; it must be of the same file, read in the same way. */
async function resume(
  data: string,
  path: string | undefined,
  expected: Pick<Snapshot, "file" | "settings">,
): Promise<Snapshot | undefined> {
  const saved = path === undefined ? undefined : await readSnapshot(path);
  if (saved === undefined) return undefined;
  for (const name of ["file", "settings"] as const) {
    const theirs = JSON.stringify(saved[name]), ours = JSON.stringify(expected[name]);
    if (theirs !== ours) {
      throw new Error(
        `${path} is not a snapshot of this run over ${data}: its ${name} is ${theirs}, not ${ours}. Remove it to start anew.`,
      );
    }
  }
  return saved;
}
