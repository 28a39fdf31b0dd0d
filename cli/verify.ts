import type { Command } from "commander";
import { verificationText, verify } from "../rewrite/mod.ts";
import { Failure } from "./failure.ts";
import { readModelAt } from "./model_file.ts";
import { withProgress } from "./progress.ts";
import { verifying, type VerifyingOptions, verifyOptions } from "./verifying.ts";

/** `evenkeel verify`: whether two models give the same. */
export function verifyCommand(command: Command): Command {
  command
    .argument("<before>", "the .onnx file that is to be kept to")
    .argument("<after>", "the other");
  return verifying(command)
    .addHelpText("after", "\nExample:\n  evenkeel verify model.onnx smaller.onnx --provider webgpu")
    .action(async (before: string, after: string, options: VerifyingOptions) => {
      const [first, second] = [(await readModelAt(before)).model, (await readModelAt(after)).model];
      const found = await withProgress("verify", options.quiet, async (onProgress) => {
        return await verify(first, second, await verifyOptions(first, options, onProgress));
      });
      console.log(verificationText(found));
      if (!found.isRight) throw new Failure("the models differ.", 1);
    });
}
