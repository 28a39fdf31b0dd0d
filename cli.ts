/**
 * The command line of Evenkeel: `deno run -A jsr:@evenkeel/norm/cli scale DATA --fit STATE.json`.
 *
 * Its exit codes: 0 if all went well; 1 if something failed or two models differ; 2 if it was called wrongly or a model cannot be
 * read; and 128 plus the number of the signal if a signal ended it, as in shells.
 *
 * @module
 */

import { Command, CommanderError } from "commander";
import process from "node:process";
import { benchCommand } from "./cli/bench.ts";
import { Failure } from "./cli/failure.ts";
import { inspectCommand } from "./cli/inspect.ts";
import { InterruptedError } from "./cli/interrupt.ts";
import { messageOf } from "./cli/message.ts";
import { momentsCommand } from "./cli/moments.ts";
import { optimizeCommand } from "./cli/optimize.ts";
import { recalibrateCommand } from "./cli/recalibrate.ts";
import { scaleCommand } from "./cli/scale.ts";
import { verifyCommand } from "./cli/verify.ts";

/** The version of the package: that of deno.json, as a test asserts. */
const version = "0.1.0";

/**
 * Runs the command line.
 *
 * @param args What stands after the name of the program.
 * @returns The exit code. Failures are reported on stderr, in one line.
 *
 * @example Wrong usage
 * ```ts
 * import { main } from "@evenkeel/norm/cli";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(await main(["scale"]), 2);
 * ```
 */
export async function main(args: readonly string[]): Promise<number> {
  const program = new Command("evenkeel")
    .description("Normalization of data of any size, and of ONNX models.")
    .version(version)
    .addCommand(scaleCommand())
    .addCommand(momentsCommand())
    .addCommand(inspectCommand())
    .addCommand(optimizeCommand())
    .addCommand(recalibrateCommand())
    .addCommand(verifyCommand())
    .addCommand(benchCommand());
  for (const command of [program, ...program.commands]) command.exitOverride();
  try {
    await program.parseAsync([...args], { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2; // it has said why
    console.error(`evenkeel: ${messageOf(error)}`);
    return error instanceof InterruptedError || error instanceof Failure ? error.exitCode : 1;
  }
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
