import type { Command } from "commander";
import { Extrema, RunningMoments } from "../statistics/mod.ts";
import { interruptible } from "./interrupt.ts";
import { withProgress } from "./progress.ts";
import { type Data, dataOf, naming, reading, type ReadingOptions, sourceOptions } from "./reading.ts";

/** `evenkeel moments`: a table of what the features of a file are like. */
export function momentsCommand(command: Command): Command {
  return reading(command).action(async (file: string | undefined, options: ReadingOptions) =>
    console.log(await moments(dataOf(command, file, options), options))
  );
}

async function moments(data: Data, options: ReadingOptions): Promise<string> {
  const moments = new RunningMoments(), extrema = new Extrema();
  let rows = 0;
  const features = await withProgress("moments", options.quiet, async (onProgress) => {
    const source = await data.open({ ...sourceOptions(options), onProgress });
    await interruptible(async (signal) => {
      for await (const x of source) {
        naming(data.name, rows, x, () => moments.push(x));
        extrema.push(x);
        rows += x.dims[0];
        signal.throwIfAborted();
      }
    });
    return source.features;
  });
  const columns = [moments.count(), moments.mean(), moments.standardDeviation(), extrema.minimum(), extrema.maximum()];
  const lines = Array.from({ length: moments.features }, (_, i) => {
    const name = features?.[i] ?? String(options.columns?.[i] ?? i);
    return [field(name), ...columns.map(({ data }) => data[i])].join("\t");
  });
  return [["feature", "count", "mean", "deviation", "minimum", "maximum"].join("\t"), ...lines].join("\n");
}

/** A name that stays one field of its line. */
function field(name: string): string {
  return /["\t\r\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name;
}
