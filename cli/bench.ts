import { type Command, Option } from "commander";
import { bench, timingText } from "../rewrite/mod.ts";
import { modelDataOf, type ModelDataOptions, withModelData } from "./data_options.ts";
import { Failure } from "./failure.ts";
import { messageOf } from "./message.ts";
import { readInputs } from "./model_data.ts";
import { readModelAt } from "./model_file.ts";
import { count } from "./reading.ts";

interface Options extends ModelDataOptions {
  readonly against?: string;
  readonly data?: string;
  readonly provider: "wasm" | "webgpu";
  readonly runs: number;
}

/** `evenkeel bench`: how long a model takes to load and to run. */
export function benchCommand(command: Command): Command {
  command
    .argument("<model>", "a .onnx file")
    .option("--against <model>", "another .onnx file with the same inputs")
    .option("--data <path>", "inputs to run on: a .npz, .npy, .png or the like (default: random ones)");
  return withModelData(command)
    .addOption(new Option("--provider <name>", "where to run").choices(["wasm", "webgpu"]).default("wasm"))
    .option("--runs <number>", "how many times to run each", count, 20)
    .addHelpText("after", "\nExample:\n  evenkeel bench model.onnx --against smaller.onnx --provider webgpu")
    .action(async (path: string, { against, data, provider, runs, ...reading }: Options) => {
      const paths = against === undefined ? [path] : [path, against];
      const models = await Promise.all(paths.map(async (path) => (await readModelAt(path)).model));
      const [inputs] = data === undefined ? [] : await readInputs(models[0], data, modelDataOf(reading));
      try {
        const timings = await bench(models, { provider, runs, ...inputs && { inputs } });
        console.log(timingText(Object.fromEntries(paths.map((path, i) => [path, timings[i]]))));
      } catch (error) {
        throw new Failure(`${path}: ${messageOf(error)}`, 2, { cause: error });
      }
    });
}
