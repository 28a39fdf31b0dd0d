import type { Command } from "commander";

/** Says that a command was called wrongly, and ends the program. */
export function usage(command: Command, message: string): never {
  return command.error(`error: ${message}`, { exitCode: 2 });
}
