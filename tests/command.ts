/** How a command is run. */
export interface RunOptions {
  /** The folder it runs in. */
  readonly cwd: string | URL;
  /** Variables of its environment, beside those of this process. */
  readonly env?: Record<string, string>;
  /** Whether it gets those variables alone. */
  readonly clearEnv?: boolean;
}

/** Runs a command and returns what it printed; throws, with all that it printed, if it did not exit with 0. */
export async function run(command: string, args: string[], options: RunOptions): Promise<string> {
  const output = await new Deno.Command(command, { args, stdin: "null", ...options }).output();
  const [stdout, stderr] = [output.stdout, output.stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (!output.success) {
    throw new Error(`${command} ${args.join(" ")} exited with ${output.code}\n${stdout}${stderr}`);
  }
  return stdout;
}
