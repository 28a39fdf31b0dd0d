import { type Command, InvalidArgumentError, Option } from "commander";
import type { Model } from "../onnx/mod.ts";
import type { VerifyOptions } from "../rewrite/mod.ts";
import { modelDataOf, type ModelDataOptions, withModelData } from "./data_options.ts";
import { Failure } from "./failure.ts";
import { readInputs } from "./model_data.ts";

/** The options of commands that run models beside each other. */
export interface VerifyingOptions extends ModelDataOptions {
  readonly data?: string;
  readonly provider: "wasm" | "webgpu";
  readonly bound?: number;
  readonly quiet: boolean;
}

/** Adds the options of running models beside each other to a command. */
export function verifying(command: Command): Command {
  command.option(
    "--data <path>",
    "inputs to run on: a .npz, .npy, .csv, .png or the like, or a folder of them (default: random and extreme ones)",
  );
  return withModelData(command)
    .addOption(new Option("--provider <name>", "where to run").choices(["wasm", "webgpu"]).default("wasm"))
    .option(
      "--bound <number>",
      "how far a value may be off, in units of its root mean square (default: 1e-4)",
      positive,
    )
    .option("--quiet", "no progress bar", false);
}

/** What `verify` is told of the options. */
export async function verifyOptions(
  model: Model,
  { data, provider, bound, ...reading }: VerifyingOptions,
  onProgress: (fraction: number) => void,
): Promise<VerifyOptions> {
  if (data === undefined && Object.keys(modelDataOf(reading)).length > 0) {
    throw new Failure("--header and --pixels say how --data is read, which is missing.", 2);
  }
  return {
    provider,
    onProgress,
    ...bound !== undefined && { bound },
    ...data !== undefined && { inputs: await readInputs(model, data, modelDataOf(reading)) },
  };
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < Infinity)) throw new InvalidArgumentError("It must be a number above 0, such as 1e-4.");
  return value;
}
