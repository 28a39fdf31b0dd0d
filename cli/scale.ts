import { type Command, Option } from "commander";
import { apply } from "./apply.ts";
import { checkDifferent } from "./different_files.ts";
import { fit } from "./fit.ts";
import { count, dataOf, reading, type ReadingOptions } from "./reading.ts";
import { scalers } from "./scalers.ts";
import { usage } from "./usage.ts";

/** The options of `evenkeel scale`. */
interface ScaleOptions extends ReadingOptions {
  readonly fit?: string;
  readonly apply?: string;
  readonly output?: string;
  readonly scaler: keyof typeof scalers;
  readonly snapshot?: string;
  readonly every: number;
  readonly byPlace: boolean;
  readonly outputFormat?: string;
}

/** `evenkeel scale`: fits a scaler to a file, or applies one that was fitted. */
export function scaleCommand(command: Command): Command {
  reading(command)
    .description("Fit a scaler to data, or scale data by it. Missing values stay missing.")
    .option("--fit <state>", "fit a scaler to the data and write it to this .json file")
    .option("--apply <state>", "scale the data by a scaler that --fit wrote")
    .option("-o, --output <file>", "where --apply writes: a .csv, .tsv, .ndjson, .jsonl, .npy or .parquet file")
    .addOption(new Option("--scaler <kind>", "what --fit fits").choices(Object.keys(scalers)).default("standard"))
    .option("--output-format <extension>", "how -o is written, such as csv, where its name does not say so")
    .option("--by-place", "scale the columns of --apply in their order, whatever they are called", false)
    .option("--snapshot <file>", "keep the progress of --fit in this file, and go on from there if it exists")
    .option("--every <rows>", "how often the snapshot is written", count, 1_000_000);
  return command.action(async (file: string | undefined, options: ScaleOptions) => {
    const data = dataOf(command, file, options), read = { data: named(data.file), "--database": options.database };
    const isGiven = (name: string) => command.getOptionValueSource(name) === "cli";
    if ((options.fit === undefined) === (options.apply === undefined)) {
      usage(command, "give either --fit STATE.json or --apply STATE.json.");
    }
    if (options.fit !== undefined) {
      if (options.output !== undefined) usage(command, "-o is for --apply; --fit writes the file that it names.");
      if (options.byPlace) usage(command, "--by-place is for --apply.");
      if (options.outputFormat !== undefined) usage(command, "--output-format is for --apply.");
      if (options.snapshot !== undefined && data.file === undefined) usage(command, "--snapshot is for files.");
      if (options.snapshot === undefined && isGiven("every")) {
        usage(command, "--every is for --snapshot, which is missing.");
      }
      await checkDifferent(command, { ...read, "--fit": options.fit, "--snapshot": options.snapshot });
      console.log(await fit(data, options.fit, options));
    } else if (options.apply !== undefined) {
      const ofFit = ["snapshot", "every", "scaler"].find(isGiven);
      if (ofFit !== undefined) usage(command, `--${ofFit} is for --fit.`);
      if (options.output === undefined) return usage(command, "--apply needs -o FILE to write to.");
      await checkDifferent(command, { ...read, "--apply": options.apply, "-o": named(options.output) });
      const done = await apply(data, options.apply, options.output, options);
      if (options.output === "-") console.error(done);
      else console.log(done);
    }
  });
}

/** A path that is one: - stands for standard input and output. */
function named(path: string | undefined): string | undefined {
  return path === "-" ? undefined : path;
}
