/** Functions that run in a worker, so that the page stays responsive, called as if they were here. */

/** What a worker does: functions by name. The last argument of each is told how much is done, from 0 to 1. */
// deno-lint-ignore no-explicit-any -- arguments are those of each function
export type Work = Readonly<Record<string, (...args: any[]) => unknown>>;

type Progress = (fraction: number) => void;

/** The arguments of a function but for the last, which the worker adds. */
type Given<F> = F extends (...args: [...infer A, onProgress: Progress]) => unknown ? A : never;

interface Call {
  readonly id: number;
  readonly name: string;
  readonly args: readonly unknown[];
}

interface Reply {
  readonly id: number;
  readonly progress?: number;
  readonly result?: unknown;
  readonly error?: { readonly name: string; readonly message: string };
}

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
  onProgress(fraction: number): void;
}

/** Whoever waited for a worker that was stopped gets this. */
export class StoppedError extends Error {
  /** The error of work that the visitor ended. */
  constructor() {
    super("Stopped.");
    this.name = "StoppedError";
  }
}

/** A worker, started when it is first called, and anew after it was stopped. */
export class Remote<W extends Work> {
  readonly #url: URL;
  readonly #pending = new Map<number, Pending>();
  #worker?: Worker;
  #calls = 0;

  /** A worker at a URL that has not been started. */
  constructor(url: URL) {
    this.#url = url;
  }

  /** Calls a function of the worker. */
  call<K extends keyof W & string>(
    name: K,
    args: Given<W[K]>,
    onProgress: Progress = () => {},
  ): Promise<Awaited<ReturnType<W[K]>>> {
    const id = ++this.#calls, { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#pending.set(id, { resolve, reject, onProgress });
    this.#started().postMessage({ id, name, args } satisfies Call);
    return promise as Promise<Awaited<ReturnType<W[K]>>>;
  }

  /** Ends the worker in the middle of what it does; it knows nothing any more. */
  stop(error: Error = new StoppedError()): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }

  #started(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(this.#url, { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<Reply>) => this.#receive(data);
    worker.onerror = ({ message }) => this.stop(new Error(`The worker ended: ${message || "it could not be loaded"}.`));
    return this.#worker = worker;
  }

  #receive({ id, progress, result, error }: Reply): void {
    const pending = this.#pending.get(id);
    if (progress !== undefined) return pending?.onProgress(progress);
    this.#pending.delete(id);
    if (error === undefined) pending?.resolve(result);
    else pending?.reject(Object.assign(new Error(error.message), { name: error.name }));
  }
}

/** In a worker: does what the page calls, one thing after the other. */
export function serve(work: Work): void {
  const reply = (message: Reply) => globalThis.postMessage(message);
  let last: Promise<void> = Promise.resolve();
  globalThis.addEventListener("message", ({ data: { id, name, args } }: MessageEvent<Call>) => {
    last = last.then(async () => {
      try {
        reply({ id, result: await work[name](...args, (progress: number) => reply({ id, progress })) });
      } catch (error) {
        const { name, message } = error instanceof Error ? error : new Error(String(error));
        reply({ id, error: { name, message } });
      }
    });
  });
}
