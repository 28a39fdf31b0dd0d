/** A peer in Python that does one step for each line it is sent, and answers with a line. */
export interface Stepping {
  /** Asks for a step; false once it answers no more. */
  step(line?: string): Promise<boolean>;
  /** Ends the process. */
  close(): Promise<void>;
}

/** Starts one; it has done a first step. Undefined where Python or what it needs is not installed. */
export async function startStepping(command: string, script: URL, first = ""): Promise<Stepping | undefined> {
  const python = new Deno.Command(command, {
    args: [script.pathname],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const input = python.stdin.getWriter(), output = python.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const step = async (line = "") => {
    await input.write(new TextEncoder().encode(`${line}\n`));
    for (let answer = ""; !answer.endsWith("\n");) {
      const { value, done } = await output.read();
      if (done) return false;
      answer += value;
    }
    return true;
  };
  const close = async () => {
    await input.close().catch(() => {});
    await output.cancel();
    await python.status;
  };
  if (await step(first).catch(() => false)) return { step, close };
  await close();
  return undefined;
}
