import type { Outputs, Pass, Planner, Pool } from "./pool.ts";
import { ENGINE_BYTES } from "../engines/simd/engine.ts";
import { allocate, type ResidentTensor, sharedMemoryOfTensors } from "../engines/simd/memory.ts";
import { NAME, type Welcome } from "./serve.ts";
import { runTogether } from "./together.ts";
import { workerThreads } from "./worker_threads.ts";

/** Workers, each with an engine in the memory of the tensors. */
export class WorkerPool implements Pool {
  /** Why one of them died, if one did. */
  failure: string | undefined;
  readonly #workers: AnyWorker[] = [];
  readonly #engines: ResidentTensor[] = [];

  /** Starts workers from a module that calls `serve`; `locate` loads it, to know where it is. */
  static async start(size: number, locate: () => Promise<{ url: string }>): Promise<WorkerPool> {
    const memory = sharedMemoryOfTensors();
    if (memory === undefined) {
      throw new TypeError(
        "setThreads: this host has no WebAssembly or no SharedArrayBuffer, which browsers give to pages that are cross-origin isolated " +
          "(headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp). Stay at one thread.",
      );
    }
    const { url } = await locate();
    if (url === import.meta.url) {
      throw new TypeError(
        `setThreads: the package is bundled into one file, ${url}, but workers load a module of their own. Let the bundler split ` +
          "code at dynamic imports, or load the package unbundled.",
      );
    }
    const pool = new WorkerPool();
    try {
      for (let i = 0; i < size; i++) await pool.#add(memory, new URL(url));
    } catch (error) {
      await pool.end();
      throw error;
    }
    return pool;
  }

  async #add(memory: WebAssembly.Memory, url: URL): Promise<void> {
    const engine = allocate("float64", [Math.ceil(ENGINE_BYTES / 8)]);
    this.#engines.push(engine);
    const { port1: started, port2: ready } = new MessageChannel();
    try {
      await new Promise<unknown>((resolve, reject) => {
        started.onmessage = resolve;
        const worker = newWorker(url, (reason) => {
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

  runTogether<P extends Pass, O extends Outputs>(
    work: string,
    plan: Planner<P, O>,
    pass: P,
    out: O,
  ): string | undefined {
    if (this.failure !== undefined) return this.failure;
    return runTogether((job) => this.#workers.forEach((worker) => worker.postMessage(job)), work, plan, pass, out);
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
function newWorker(url: URL, onEnd: (reason: string) => void): AnyWorker {
  const threads = workerThreads();
  if (threads) {
    // Deno's accept no other URLs, but modules of those can be imported.
    const file = url.protocol === "file:";
    const worker = new threads.Worker(
      file ? url : new URL(`data:text/javascript,${encodeURIComponent(`import ${JSON.stringify(url)};`)}`),
      { workerData: NAME },
    );
    worker.on("error", (error) => onEnd(String(error)));
    worker.on("exit", (code) => onEnd(`it ended with code ${code}`));
    return worker;
  }
  if (typeof Worker === "undefined") {
    throw new TypeError("setThreads: this host has no workers. Stay at one thread.");
  }
  const worker = new Worker(url, { type: "module", name: NAME });
  worker.onerror = ({ message }) => onEnd(message || "its module could not be loaded");
  return worker;
}
