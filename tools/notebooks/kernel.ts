/**
 * Deno's own Jupyter kernel: cells in, outputs out.
 *
 * @module
 */
import { Deadline, KernelError, KernelProcess } from "./kernel_process.ts";
import type { Output } from "./notebook.ts";
import type { Message } from "./wire.ts";

/** How the kernel is started. */
export interface KernelOptions {
  /** The folder it runs in. The nearest deno.json from there on says what imports mean. */
  readonly cwd: string;
}

/** What came of running one cell. */
export interface Execution {
  readonly outputs: Output[];
  /** What went wrong, with the stack where there is one; undefined if nothing did. */
  readonly error?: string;
}

/** How long the kernel may take to start, in seconds. */
const startTimeout = 60;

/** How often it is tried to start: the ports that were free may be taken by the time the kernel opens them. */
const starts = 3;

/**
 * Run before the cells: what fails where nobody awaits it is kept for the fence. Without this the kernel says nothing of an
 * unhandled rejection, and hangs when a timer throws.
 */
const listeners = `
  globalThis[Symbol.for("late errors")] = [];
  for (const type of ["unhandledrejection", "error"]) {
    addEventListener(type, (event) => {
      event.preventDefault();
      const error = event.reason ?? event.error ?? event.message;
      globalThis[Symbol.for("late errors")].push(String(error?.stack ?? error));
    });
  }`;

/**
 * Run after each cell. The kernel may say that a cell is done before it has sent all of its outputs; the fence goes through
 * the same queue as they do, so that all have come when it has.
 */
const fence = `
  await new Promise((resolve) => setTimeout(resolve));
  Deno.jupyter.broadcast("fence", { errors: globalThis[Symbol.for("late errors")].splice(0) });`;

/** A cell that throws. A kernel that calls it fine would call every cell fine. */
const throwing = `throw new Error("on purpose")`;

/** A kernel that is ready for cells. Dispose of it: `await using kernel = await Kernel.start({ cwd })`. */
export class Kernel implements AsyncDisposable {
  readonly #process: KernelProcess;

  private constructor(process: KernelProcess) {
    this.#process = process;
  }

  /**
   * Starts a kernel.
   *
   * @throws {KernelError} If it does not start, or does not report a cell that throws.
   */
  static async start({ cwd }: KernelOptions): Promise<Kernel> {
    for (let attempt = 1;; attempt++) {
      const process = new KernelProcess(cwd);
      try {
        await process.ready(new Deadline(startTimeout));
        const kernel = new Kernel(process);
        await kernel.#request(listeners, "execute_reply", new Deadline(startTimeout));
        const { error } = await kernel.execute(throwing, { timeout: startTimeout });
        if (error === undefined) {
          throw new KernelError("This kernel reports a cell that throws as fine: nothing it says can be trusted.");
        }
        return kernel;
      } catch (error) {
        await process[Symbol.asyncDispose]();
        if (!(error instanceof KernelError) || !process.diedEarly || attempt === starts) throw error;
      }
    }
  }

  /**
   * Runs a cell and waits until it is done.
   *
   * @param code The cell's source.
   * @param options.timeout How long it may take, in seconds.
   * @throws {KernelError} If the kernel ends, or the time is over.
   */
  async execute(code: string, { timeout }: { timeout: number }): Promise<Execution> {
    const deadline = new Deadline(timeout), outputs: Output[] = [];
    const reply = await this.#request(code, "execute_reply", deadline, outputs);
    const { errors } = await this.#request(fence, "fence", deadline, outputs) as { errors: string[] };
    const thrown = outputs.find((output) => output.output_type === "error");
    if (thrown !== undefined) return { outputs, error: describe(thrown) };
    if (reply.status !== "ok") return { outputs, error: describe(reply) };
    return { outputs, error: errors.length > 0 ? errors.join("\n") : undefined };
  }

  /** Runs code, collecting outputs, until the kernel has sent what is waited for and is idle again. */
  async #request(
    code: string,
    awaited: string,
    deadline: Deadline,
    outputs: Output[] = [],
  ): Promise<Message["content"]> {
    const id = await this.#process.send("execute_request", { code, allow_stdin: false });
    let answer: Message["content"] | undefined, idle = false;
    while (answer === undefined || !idle) {
      const message = await this.#process.next(deadline), { header, parent, content } = message;
      const mine = parent.msg_id === id;
      if (mine && header.msg_type === awaited) answer = content;
      else if (mine && header.msg_type === "status") idle = content.execution_state === "idle";
      else collect(outputs, message);
    }
    return answer;
  }

  /** Ends the kernel. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}

/** An iopub message as nbformat's output, or undefined if it is none. */
function outputOf(type: string, content: Message["content"]): Output | undefined {
  const { name, text, data, metadata = {}, execution_count, ename, evalue, traceback } = content as Record<
    string,
    never
  >;
  if (type === "stream") return { output_type: type, name, text };
  if (type === "display_data") return { output_type: type, data, metadata };
  if (type === "execute_result") return { output_type: type, execution_count, data, metadata };
  return type === "error" ? { output_type: type, ename, evalue, traceback } : undefined;
}

/** Adds an output; what was printed in pieces is joined, since how it was cut depends on the time. */
function collect(outputs: Output[], message: Message): void {
  const output = outputOf(message.header.msg_type, message.content), last = outputs.at(-1);
  if (output === undefined) return;
  if (output.output_type === "stream" && last?.output_type === "stream" && last.name === output.name) {
    last.text = `${last.text}${output.text}`;
  } else {
    outputs.push(output);
  }
}

/** An error in words: its stack, or its name and message. */
function describe({ ename, evalue, traceback }: { ename?: unknown; evalue?: unknown; traceback?: unknown }): string {
  const stack = (traceback as string[] | undefined)?.join("\n").trim();
  if (stack) return stack;
  // What the kernel says of a cell that is no TypeScript.
  if (evalue === "Execution failed") {
    return "The cell could not be run, most likely for its syntax: `deno task notebooks --check` shows where.";
  }
  return `${ename}: ${evalue}`;
}
