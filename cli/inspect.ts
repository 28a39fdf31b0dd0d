import type { Command } from "commander";
import { inspect, inspectionText } from "../rewrite/mod.ts";
import { readModelAt } from "./model_file.ts";

/** `evenkeel inspect`: the normalizations of a model, and what can be done with them. */
export function inspectCommand(command: Command): Command {
  return command
    .argument("<model>", "a .onnx file")
    .option("--json", "print JSON, one norm after the other", false)
    .addHelpText("after", "\nExample:\n  evenkeel inspect model.onnx")
    .action(async (path: string, { json }: { json: boolean }) => {
      const found = inspect((await readModelAt(path)).model);
      console.log(json ? JSON.stringify(found, null, 2) : inspectionText(found));
    });
}
