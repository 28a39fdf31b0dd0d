import { type Command, Option } from "commander";
import { writeWhole } from "../statistics/sources/mod.ts";
import { driftText, recalibrate } from "../rewrite/mod.ts";
import { modelDataOf, type ModelDataOptions, withModelData } from "./data_options.ts";
import { checkDifferent } from "./different_files.ts";
import { Failure } from "./failure.ts";
import { messageOf } from "./message.ts";
import { readBatches } from "./model_data.ts";
import { checkFiles, checkFolders, readModelAt, writeModelAt } from "./model_file.ts";
import { withProgress } from "./progress.ts";
import { count } from "./reading.ts";

interface Options extends ModelDataOptions {
  readonly data: string;
  readonly output: string;
  readonly reference?: string;
  readonly picture?: string;
  readonly batch: number;
  readonly provider: "wasm" | "webgpu";
  readonly quiet: boolean;
}

/** `evenkeel recalibrate`: batch norms with the statistics of data, or biases by a reference. */
export function recalibrateCommand(command: Command): Command {
  command
    .argument("<model>", "a .onnx file")
    .requiredOption(
      "--data <path>",
      "a .npy, .csv, .parquet or the like, whose rows are samples, a .npz of inputs by name, a .png or .jpg; or a folder of them",
    )
    .requiredOption("-o, --output <file>", "the .onnx file to write")
    .option(
      "--reference <model>",
      "correct biases instead, until each mean is that of this model: where norms are folded",
    )
    .option("--picture <file>", "draw how far off it was to this .svg file")
    .option("--batch <samples>", "how many samples to run at once", count, 64);
  return withModelData(command)
    .addOption(new Option("--provider <name>", "where to run").choices(["wasm", "webgpu"]).default("wasm"))
    .option("--quiet", "no progress bar", false)
    .addHelpText(
      "after",
      "\nExamples:\n  evenkeel recalibrate model.onnx --data rows.npy -o recalibrated.onnx\n" +
        "  evenkeel recalibrate model.onnx --data photos/ --pixels 0:1 --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 -o out.onnx",
    )
    .action(async (path: string, options: Options) => {
      const { data, output, batch, provider, quiet, picture } = options;
      await checkFolders(output, picture);
      const file = await readModelAt(path);
      const reference = options.reference === undefined ? undefined : await readModelAt(options.reference);
      await checkFiles(command, file, output, { "--data": data, "--picture": picture });
      if (reference) {
        await checkDifferent(command, { "--reference": reference.files, "-o": output, "--picture": picture });
      }
      const reading = { batch, ...modelDataOf(options) };
      const { model, drift, distance } = await withProgress("recalibrate", quiet, async (onProgress) => {
        let batches = Infinity;
        const onBatch = (done: number, pass: number, passes: number) => {
          if (pass === 1) batches = done;
          onProgress((pass - 1 + (pass === 1 ? 0 : done / batches)) / passes);
        };
        const batchesOf = () => readBatches(file.model, data, reading);
        try {
          return await recalibrate(file.model, batchesOf, {
            provider,
            onBatch,
            ...reference && { reference: reference.model },
          });
        } catch (error) {
          if (error instanceof Failure) throw error;
          throw new Failure(`${path}: ${messageOf(error)}`, 2, { cause: error });
        }
      });
      console.log(driftText(drift));
      if (picture !== undefined) {
        const { driftPicture } = await import("./drift_picture.ts");
        await writeWhole(picture, driftPicture(drift));
      }
      await writeModelAt(output, { model, isExternal: file.isExternal });
      const done = distance
        ? `${drift.length} biases; the outputs were ${distance.before.toPrecision(2)} from the reference's, and are ` +
          distance.after.toPrecision(2)
        : `${drift.length} batch norms`;
      console.log(`${output}: ${done}`);
    });
}
