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
import { Failure } from "./cli/failure.ts";
import { InterruptedError } from "./cli/interrupt.ts";
import { messageOf } from "./cli/message.ts";
import { usage } from "./cli/usage.ts";

/** A command as the list of all shows it, and what adds its arguments, options and work to it. */
interface Listed {
  readonly description: string;
  load(): Promise<(command: Command) => Command>;
}

/** The commands. Each is loaded only where it is called, with what it needs. */
const commands: Readonly<Record<string, Listed>> = {
  scale: {
    description: "Fit a scaler to data, or scale data by it. Missing values stay missing.",
    load: async () => (await import("./cli/scale.ts")).scaleCommand,
  },
  moments: {
    description: "Print count, mean, standard deviation, minimum and maximum of each feature, as tab-separated values.",
    load: async () => (await import("./cli/moments.ts")).momentsCommand,
  },
  inspect: {
    description: "List the normalizations of an ONNX model, however they are spelled, and what can be done with them.",
    load: async () => (await import("./cli/inspect.ts")).inspectCommand,
  },
  optimize: {
    description:
      "Make an ONNX model smaller, or right on its target, by its normalizations. Both are run before anything is written; " +
      "if they differ, nothing is, and the exit code is 1.",
    load: async () => (await import("./cli/optimize.ts")).optimizeCommand,
  },
  recalibrate: {
    description:
      "Replace the running statistics of each BatchNormalization of an ONNX model by those of data, and say how far off they were.",
    load: async () => (await import("./cli/recalibrate.ts")).recalibrateCommand,
  },
  verify: {
    description:
      "Run two ONNX models on the same inputs and say whether they are the same; exits with 1 if they are not.",
    load: async () => (await import("./cli/verify.ts")).verifyCommand,
  },
  bench: {
    description: "Time an ONNX model: loading, its first run and others; with --against another by turns with it.",
    load: async () => (await import("./cli/bench.ts")).benchCommand,
  },
};

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
    .version(version);
  try {
    const called = args.find((arg) => Object.hasOwn(commands, arg)); // also that of `help scale`
    for (const [name, { description, load }] of Object.entries(commands)) {
      const command = new Command(name).description(description);
      program.addCommand(name === called ? (await load())(command) : command);
    }
    for (const command of [program, ...program.commands]) refuseTwice(command.exitOverride());
    await program.parseAsync([...args], { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2; // it has said why
    console.error(`evenkeel: ${messageOf(error)}`);
    return error instanceof InterruptedError || error instanceof Failure ? error.exitCode : 1;
  }
}

/** Makes an option that is given twice an error: one of its values would be dropped. */
function refuseTwice(command: Command): void {
  const given = new Set<string>();
  for (const option of command.options) {
    const name = option.attributeName(); // the same for --header and --no-header
    command.on(`option:${option.name()}`, () => {
      if (given.has(name)) usage(command, `--${option.name()} is given twice, or with its opposite; give it once.`);
      given.add(name);
    });
  }
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
