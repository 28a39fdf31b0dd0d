import { type Command, InvalidArgumentError, Option } from "commander";
import { writeWhole } from "../statistics/sources/mod.ts";
import {
  actionsText,
  defaultPasses,
  optimize,
  type OptimizeOptions,
  type PassName,
  passTexts,
  rangesText,
  verificationText,
} from "../rewrite/mod.ts";
import { Failure } from "./failure.ts";
import { checkFiles, checkFolders, copyModel, readModelAt, writeModelAt } from "./model_file.ts";
import { withProgress } from "./progress.ts";
import { count } from "./reading.ts";
import { verifying, type VerifyingOptions, verifyOptions } from "./verifying.ts";

interface Options extends VerifyingOptions {
  readonly output: string;
  readonly target: OptimizeOptions["target"];
  readonly passes?: PassName[];
  readonly opset?: number;
  readonly float16: boolean;
  readonly inference: boolean;
  readonly report?: string;
}

const names = Object.keys(passTexts);

/** `evenkeel optimize`: a model that is smaller, or right, and proven to be the same. */
export function optimizeCommand(command: Command): Command {
  command
    .argument("<model>", "a .onnx file; it is overwritten only if it is named as the output")
    .requiredOption("-o, --output <file>", "the .onnx file to write")
    .addOption(
      new Option(
        "--target <name>",
        "where it is to run; onnxruntime-web's operators are wrong where the mean is far from zero, so for wasm and webgpu " +
          "norms get a form that is right, and elsewhere they become operators",
      ).choices(["wasm", "webgpu", "native", "any"]).default("any"),
    )
    .option(
      "--passes <list>",
      `what to do, of ${names.join(", ")} (default: ${defaultPasses("any")}; for wasm and webgpu ${
        defaultPasses("wasm")
      })`,
      passList,
    )
    .option("--opset <version>", "the version of the operator set to raise it to (default: as far as needed)", count)
    .option(
      "--float16",
      "weights and values become float16 but for what does not fit; --data says what they meet",
      false,
    )
    .option("--inference", "batch norms and dropouts that are in training mode become those of inference", false)
    .option("--report <file>", "write what was done and compared to this .json file");
  return verifying(command)
    .addHelpText(
      "after",
      "\nExamples:\n  evenkeel optimize model.onnx -o smaller.onnx\n  evenkeel optimize model.onnx -o right.onnx --target webgpu --provider webgpu" +
        "\n  evenkeel optimize model.onnx -o half.onnx --float16 --data inputs.npz",
    )
    .action(async (path: string, options: Options) => {
      const { output, target, passes, opset, float16, inference, report } = options;
      await checkFolders(output, report);
      const file = await readModelAt(path);
      await checkFiles(command, file, output, { "--data": options.data, "--report": report });
      const { model, actions, ranges, verification } = await withProgress(
        "optimize",
        options.quiet,
        async (onProgress) => {
          const verify = await verifyOptions(file.model, options, onProgress);
          const given = {
            target,
            verify,
            float16,
            inference,
            ...passes && { passes },
            ...opset !== undefined && { opset },
          };
          try {
            return await optimize(file.model, given);
          } catch (error) {
            // A pass that is not there, an opset out of reach, inputs that nobody can guess, a graph that is none.
            throw new Failure(`${path}: ${(error as Error).message}`, 2, { cause: error });
          }
        },
      );
      if (report !== undefined) {
        await writeWhole(report, JSON.stringify({ actions, ranges, verification }, null, 2) + "\n");
      }
      const parts = [actionsText(actions), rangesText(ranges ?? []), verification && verificationText(verification)];
      const said = parts.filter(Boolean);
      if (said.length > 0) console.log(said.join("\n"));
      if (verification === undefined) {
        await copyModel(path, output, file);
        console.log(`${output}: no normalization to rewrite; as it was`);
        return;
      }
      if (!verification.isRight) throw new Failure("the models differ; nothing was written.", 1);
      await writeModelAt(output, { model, isExternal: file.isExternal });
      const nodes = [file.model, model].map(({ graph }) => graph!.node.length);
      console.log(`${output}: ${nodes[0]} nodes are now ${nodes[1]}`);
    });
}

function passList(text: string): PassName[] {
  const list = text.split(",").map((name) => name.trim());
  const unknown = list.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new InvalidArgumentError(`There is no pass ${unknown}; there are ${names.join(", ")}.`);
  }
  return list as PassName[];
}
