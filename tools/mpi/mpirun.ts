/**
 * Running a Deno program under Open MPI's `mpirun`.
 *
 * @module
 */

/** Which Open MPI this machine has; undefined if it has none. */
export async function mpirunVersion(): Promise<string | undefined> {
  try {
    const { stdout } = await new Deno.Command("mpirun", { args: ["--version"], stderr: "null" }).output();
    return new TextDecoder().decode(stdout).match(/Open MPI\)? (\S+)/)?.[1];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** What a program under mpirun left behind. */
export interface Finished {
  /** Its exit code, 0 only if every rank ended well. */
  code: number;
  /** Whether it had to be ended because it did not end by itself. */
  hung: boolean;
  stdout: string;
  stderr: string;
}

/** After so many milliseconds a program hangs. */
const TIMEOUT = 300_000;

/** Runs a program on so many ranks of this machine, which may be more than it has processors. */
export async function mpirun(ranks: number, program: URL, args: readonly string[] = []): Promise<Finished> {
  const asRoot = Deno.uid() === 0 ? ["--allow-run-as-root"] : [], signal = AbortSignal.timeout(TIMEOUT);
  const { code, stdout, stderr } = await new Deno.Command("mpirun", {
    args: [
      ...asRoot,
      "--oversubscribe",
      "-n",
      `${ranks}`,
      Deno.execPath(),
      "run",
      "--allow-all",
      program.href,
      ...args,
    ],
    stdin: "null",
    env: { NO_COLOR: "1" },
    signal,
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, hung: signal.aborted, stdout: out, stderr: err };
}
