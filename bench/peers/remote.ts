/**
 * Peers in processes of their own, other languages among them: they are told what to prepare, then to run and to say how long it took.
 *
 * @module
 */
import type { Tensor } from "../../kernels/tensor.ts";
import type { Outputs } from "../../tools/judge/compare.ts";

/** What a peer is to compute: tensors are in files of float32. */
export interface Task {
  /** The kernel's name. */
  kernel: string;
  /** Options that are no tensors. */
  options: Record<string, unknown>;
  /** x, and dy and parameters where there are any. */
  tensors: Record<string, { path: string; dims: readonly number[] }>;
  /** An ONNX model of it, where there is one. */
  model?: string;
  /** Where outputs are to be written. */
  folder: string;
}

interface Answer {
  version?: string;
  missing?: string;
  outputs?: Record<string, string>;
  milliseconds?: number;
}

/** A process that answers each line of JSON with one. */
export class Remote implements AsyncDisposable {
  /** Who it is. */
  readonly name: string;
  /** What it says it is, with its version. */
  version = "";
  readonly #process: Deno.ChildProcess;
  readonly #lines: AsyncGenerator<string>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;

  private constructor(name: string, process: Deno.ChildProcess) {
    this.name = name;
    this.#process = process;
    this.#lines = linesOf(process.stdout);
    this.#writer = process.stdin.getWriter();
  }

  /** Starts one; gives the reason where it is not at hand. */
  static async start(
    name: string,
    command: string,
    args: string[],
    variables: Record<string, string> = {},
  ): Promise<Remote | string> {
    let process: Deno.ChildProcess;
    try {
      const env = { ONNXRUNTIME_NODE_INSTALL_CUDA: "skip", ...variables };
      process = new Deno.Command(command, { args, env, stdin: "piped", stdout: "piped", stderr: "null" }).spawn();
    } catch (error) {
      return String(error);
    }
    const remote = new Remote(name, process), { version, missing } = await remote.#hear();
    if (version === undefined) {
      await remote[Symbol.asyncDispose]();
      return missing ?? "it does not start";
    }
    remote.version = version;
    return remote;
  }

  /** Prepares a task; gives the files of its outputs, or why it cannot be done. */
  async prepare(task: Task): Promise<Record<string, string> | string> {
    const { outputs, missing } = await this.#ask(task);
    return outputs ?? missing ?? "no answer";
  }

  /** Runs it so many times in a row; gives the milliseconds of one. */
  async run(calls: number): Promise<number> {
    const { milliseconds, missing } = await this.#ask({ calls });
    if (milliseconds === undefined) throw new Error(`${this.name}: ${missing}`);
    return milliseconds;
  }

  async #ask(message: object): Promise<Answer> {
    await this.#writer.write(new TextEncoder().encode(JSON.stringify(message) + "\n"));
    return this.#hear();
  }

  async #hear(): Promise<Answer> {
    const { value, done } = await this.#lines.next();
    return done ? { missing: "its process ended" } : JSON.parse(value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close().catch(() => {});
    await this.#lines.return(undefined);
    await this.#process.status;
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}

/** A file of float32 as a tensor of given dims. */
export async function readOutputs(files: Record<string, string>, want: Outputs): Promise<Outputs> {
  const outputs: Outputs = {};
  for (const [name, { dims }] of Object.entries(want)) {
    if (!(name in files)) continue;
    const data = new Float32Array((await Deno.readFile(files[name])).buffer);
    outputs[name] = { type: "float32", dims, data } as Tensor;
  }
  return outputs;
}
