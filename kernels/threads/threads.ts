import { type Job, type Pool, replacePool } from "./pool.ts";
import { ENGINE_BYTES } from "../engines/simd/engine.ts";
import { allocate, type ResidentTensor, sharedMemoryOfTensors } from "../engines/simd/memory.ts";
import { describe } from "../tensor.ts";
import type { Welcome } from "./worker.ts";
import { workerThreads } from "./worker_threads.ts";

/** Memory is the limit long before. */
const MOST = 64;

/** Calls are carried out one after the other. */
let last: Promise<void> = Promise.resolve();

/**
 * Sets on how many threads the normalizations run, forward and backward. At first it is one, the thread that calls them.
 *
 * Tensors can be worked on by several threads if they are made by `allocate`: `x`, `y`, `sum` and `residual`, or `x`, `dy`, `dx` and `dSum`;
 * parameters and statistics may be anywhere. Other calls, those on fewer than 262,144 elements, and those that cannot be cut into
 * independent parts (batch normalization with channels last, one long row) run on the calling thread as before. Results are the
 * same, bit by bit, whatever the number of threads.
 *
 * Workers take 2 MiB each of the memory of `allocate`, and do not keep a process alive. Deno must be allowed to read the package's files
 * where they are files. Each worker of an application's own has its own memory and number of threads.
 *
 * A call whose worker dies throws an error, at the latest after ten seconds in which nothing is finished; kernels then run on the calling
 * thread again.
 *
 * @param n The number of threads, the calling one included: 1 to 64. 1 ends all workers. More than there are processors is of no use.
 * @returns A promise of when the threads are ready. Until then kernels run on the threads that they had.
 * @throws {RangeError} If n is not a whole number from 1 to 64, or the memory does not suffice.
 * @throws {TypeError} If the host has no SharedArrayBuffer (browsers: the page is not cross-origin isolated), WebAssembly or workers, or
 * if a bundler put the package into one file (it must split code at dynamic imports).
 * @throws {Error} If a worker cannot be started.
 *
 * @example
 * ```ts
 * import { allocate, layerNorm, setThreads } from "@evenkeel/norm/kernels";
 *
 * await setThreads(2);
 * const x = allocate("float32", [8192, 768]);
 * layerNorm(x, { out: { y: x } }); // each thread takes rows until none are left
 * x.dispose();
 * await setThreads(1);
 * ```
 */
export function setThreads(n: number): Promise<void> {
  const next = last.then(() => change(n));
  last = next.catch(() => {});
  return next;
}

async function change(n: number): Promise<void> {
  if (typeof n !== "number") throw new TypeError(`setThreads: n is ${describe(n)}; it must be a number.`);
  if (!Number.isInteger(n) || n < 1 || n > MOST) {
    throw new RangeError(`setThreads: n is ${n}; it must be a whole number from 1 to ${MOST}.`);
  }
  const pool = n > 1 ? await WorkerPool.start(n - 1) : undefined;
  await replacePool(pool)?.end();
}

/** Workers, each with an engine in the memory of the tensors. */
class WorkerPool implements Pool {
  failure: string | undefined;
  readonly #workers: AnyWorker[] = [];
  readonly #engines: ResidentTensor[] = [];

  static async start(size: number): Promise<WorkerPool> {
    const memory = sharedMemoryOfTensors();
    if (memory === undefined) {
      throw new TypeError(
        "setThreads: this host has no WebAssembly or no SharedArrayBuffer, which browsers give to pages that are cross-origin isolated " +
          "(headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp). Stay at one thread.",
      );
    }
    const { url, NAME } = await import("./worker.ts");
    if (url === import.meta.url) {
      throw new TypeError(
        `setThreads: the package is bundled into one file, ${url}, but workers load a module of their own. Let the bundler split ` +
          "code at dynamic imports, or load the package unbundled.",
      );
    }
    const pool = new WorkerPool();
    try {
      for (let i = 0; i < size; i++) await pool.#add(memory, new URL(url), NAME);
    } catch (error) {
      await pool.end();
      throw error;
    }
    return pool;
  }

  async #add(memory: WebAssembly.Memory, url: URL, name: string): Promise<void> {
    const engine = allocate("float64", [Math.ceil(ENGINE_BYTES / 8)]);
    this.#engines.push(engine);
    const { port1: started, port2: ready } = new MessageChannel();
    try {
      await new Promise<unknown>((resolve, reject) => {
        started.onmessage = resolve;
        const worker = newWorker(url, name, (reason) => {
          this.failure ??= reason;
          reject(new Error(`setThreads: a worker from ${url} could not be started: ${reason}`));
        });
        this.#workers.push(worker);
        const welcome: Welcome = { memory, address: engine.data.byteOffset, ready };
        worker.postMessage(welcome, [ready]);
      });
    } finally {
      started.close();
    }
    this.#workers.at(-1)!.unref?.();
  }

  get size(): number {
    return this.#workers.length;
  }

  post(job: Job): void {
    for (const worker of this.#workers) worker.postMessage(job);
  }

  async end(): Promise<void> {
    for (const worker of this.#workers) await worker.terminate();
    for (const engine of this.#engines) engine.dispose();
  }
}

interface AnyWorker {
  postMessage(message: unknown, transfer?: Transferable[]): void;
  terminate(): void | Promise<unknown>;
  unref?(): void;
}

/** A worker that runs a module; `onEnd` is told if it ends by itself, and why. */
function newWorker(url: URL, name: string, onEnd: (reason: string) => void): AnyWorker {
  const threads = workerThreads();
  if (threads) {
    // Deno's accept no other URLs, but modules of those can be imported.
    const file = url.protocol === "file:";
    const worker = new threads.Worker(
      file ? url : new URL(`data:text/javascript,${encodeURIComponent(`import ${JSON.stringify(url)};`)}`),
      { workerData: name },
    );
    worker.on("error", (error) => onEnd(String(error)));
    worker.on("exit", (code) => onEnd(`it ended with code ${code}`));
    return worker;
  }
  if (typeof Worker === "undefined") {
    throw new TypeError("setThreads: this host has no workers. Stay at one thread.");
  }
  const worker = new Worker(url, { type: "module", name });
  worker.onerror = ({ message }) => onEnd(message || "its module could not be loaded");
  return worker;
}
