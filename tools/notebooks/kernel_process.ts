/**
 * The process of Deno's Jupyter kernel, and the way to it: ZeroMQ on loopback.
 *
 * @module
 */
import { Dealer, Subscriber } from "zeromq";
import { decode, encode, type Message } from "./wire.ts";

/** The kernel ended, or did not answer in time. No more cells can be run. */
export class KernelError extends Error {
  override readonly name = "KernelError";
}

/** A limit on time that begins now. */
export class Deadline {
  /** How long it is, in seconds. */
  readonly seconds: number;
  readonly #at: number;

  constructor(seconds: number) {
    this.seconds = seconds;
    this.#at = performance.now() + seconds * 1000;
  }

  /** The milliseconds that are left, 0 when it is over. */
  get left(): number {
    return Math.max(this.#at - performance.now(), 0);
  }
}

/** The process of a kernel and the two sockets to it that are used here: requests and replies, and what it broadcasts. */
export class KernelProcess implements AsyncDisposable {
  /** Whether it ended before it was ready. */
  diedEarly = false;
  readonly #folder = Deno.makeTempDirSync({ prefix: "evenkeel-kernel-" });
  readonly #key: string = crypto.randomUUID();
  readonly #session: string = crypto.randomUUID();
  readonly #shell = new Dealer({ linger: 0 });
  readonly #broadcasts = new Subscriber({ linger: 0 });
  readonly #child: Deno.ChildProcess;
  readonly #inbox: Message[] = [];
  #log = "";
  #ended?: string;
  #wake: () => void = () => {};
  #ready = false;

  constructor(cwd: string) {
    const [shell_port, iopub_port, stdin_port, control_port, hb_port] = freePorts(5);
    const connection = `${this.#folder}/connection.json`;
    Deno.writeTextFileSync(
      connection,
      JSON.stringify({
        transport: "tcp",
        ip: loopback,
        shell_port,
        iopub_port,
        stdin_port,
        control_port,
        hb_port,
        key: this.#key,
        signature_scheme: "hmac-sha256",
      }),
      { mode: 0o600 },
    );
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["jupyter", "--kernel", "--conn", connection],
      cwd,
      env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    running.add(this.#child);
    this.#child.status.then(() => running.delete(this.#child));
    this.#keepLog(this.#child.stdout);
    this.#keepLog(this.#child.stderr);
    this.#child.status.then(({ code, signal }) => this.#end(`ended with ${signal ?? `code ${code}`}`));

    this.#shell.connect(`tcp://${loopback}:${shell_port}`);
    this.#broadcasts.connect(`tcp://${loopback}:${iopub_port}`);
    this.#broadcasts.subscribe();
    this.#receive(this.#shell);
    this.#receive(this.#broadcasts);
  }

  /** Waits until the kernel answers and its broadcasts arrive; a subscription takes effect some time after it was made. */
  async ready(deadline: Deadline): Promise<void> {
    let replied = false, heard = false;
    while (!replied || !heard) {
      await this.send("kernel_info_request", {});
      const soon = new Deadline(0.2);
      for (let message; !(replied && heard) && (message = await this.#nextBefore(soon));) {
        replied ||= message.header.msg_type === "kernel_info_reply";
        heard ||= message.header.msg_type === "status";
      }
      if (deadline.left === 0) {
        throw new KernelError(`The kernel did not start in ${deadline.seconds} seconds.${this.#tail()}`);
      }
    }
    this.#ready = true;
    await this.#forgetConnection();
  }

  /** Sends a request; gives its id. */
  async send(msg_type: string, content: Message["content"]): Promise<string> {
    const msg_id = crypto.randomUUID(), date = new Date().toISOString();
    const header = { msg_id, session: this.#session, username: "evenkeel", date, msg_type, version: "5.3" };
    await this.#shell.send(encode({ header, parent: {}, content }, this.#key));
    return msg_id;
  }

  /** The next message from the kernel. */
  async next(deadline: Deadline): Promise<Message> {
    const message = await this.#nextBefore(deadline);
    if (message === undefined) throw new KernelError(`It took more than ${deadline.seconds} seconds.`);
    return message;
  }

  async #nextBefore(deadline: Deadline): Promise<Message | undefined> {
    while (this.#inbox.length === 0) {
      if (this.#ended !== undefined) {
        this.diedEarly = !this.#ready;
        throw new KernelError(`The kernel ${this.#ended}.${this.#tail()}`);
      }
      const { left } = deadline;
      if (left === 0) return undefined;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.#inbox.shift();
  }

  async #receive(socket: AsyncIterable<Uint8Array[]>): Promise<void> {
    try {
      for await (const frames of socket) {
        this.#inbox.push(decode(frames, this.#key));
        this.#wake();
      }
    } catch (error) {
      this.#end(`could not be understood: ${(error as Error).message}`);
    }
  }

  async #keepLog(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) this.#log = (this.#log + text).slice(-4096);
  }

  #end(how: string): void {
    this.#ended ??= how;
    this.#wake();
  }

  #tail(): string {
    return this.#log === "" ? "" : `\n${this.#log.trimEnd()}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#shell.disconnect(this.#shell.lastEndpoint!);
    this.#broadcasts.disconnect(this.#broadcasts.lastEndpoint!);
    keptOpen.push(this.#shell, this.#broadcasts);
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await this.#child.status;
    if (!this.#ready) await this.#forgetConnection();
  }

  /** Removes the file with the key: a kernel that is ready has read it. */
  async #forgetConnection(): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/**
 * The sockets of kernels that have ended. Closing a socket of npm zeromq in Deno 2.9.6, be it by the garbage collector, now and
 * then crashes the process, more often than once in a hundred times where the machine is busy; so they wait for its end.
 */
const keptOpen: unknown[] = [];

const running = new Set<Deno.ChildProcess>();

/** Kills every kernel, for a process that has to end at once: they would go on without it. */
export function killKernels(): void {
  for (const child of running) child.kill("SIGKILL");
}

const loopback = "127.0.0.1";

/** Ports that nobody listens on: each is opened, and all are closed together so that none comes twice. */
function freePorts(count: number): number[] {
  const listeners = Array.from({ length: count }, () => Deno.listen({ hostname: loopback, port: 0 }));
  const ports = listeners.map(({ addr }) => addr.port);
  for (const listener of listeners) listener.close();
  return ports;
}
