import { fileURLToPath } from "node:url";

const cli = fileURLToPath(new URL("../../cli.ts", import.meta.url));

/** How a run of the command line ended. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command line as a process of its own. */
export function command(args: readonly string[], stdin: "null" | "piped" = "null"): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "-A", cli, ...args],
    stdin,
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  });
}

/** Runs the command line. */
export async function evenkeel(...args: string[]): Promise<Outcome> {
  const { code, stdout, stderr } = await command(args).output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

/** Runs the command line on what it reads from standard input. */
export async function evenkeelWith(input: string, ...args: string[]): Promise<Outcome> {
  const child = command(args, "piped").spawn(), writer = child.stdin.getWriter();
  // A run that refuses its options ends without reading.
  await writer.write(new TextEncoder().encode(input)).then(() => writer.close()).catch(() => {});
  const { code, stdout, stderr } = await child.output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}
