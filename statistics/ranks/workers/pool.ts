import { checkCount, checkNumber } from "../../../kernels/check.ts";
import { describe } from "../../../kernels/tensor.ts";
import { OptionNames } from "../../../kernels/option_names.ts";
import { Barrier } from "./barrier.ts";
import type { Reply, Task } from "./protocol.ts";
import { memoryOf } from "./worker_communicator.ts";

/** How a {@linkcode WorkerPool} is made. */
export interface WorkerPoolInit {
  /** How many workers, each of them one rank. Default: as many as the machine has processors. */
  size?: number;
  /**
   * For how many milliseconds a rank waits for the others in a call of its communicator, and the pool for its workers to load, before it is
   * an error. A rank that throws or closes itself is noticed at once; this is for one that never comes. Default: 60,000.
   */
  timeout?: number;
}

const names = new OptionNames<WorkerPoolInit>({ size: true, timeout: true });

/** What every worker is asked for once, what they have said so far, and the promise of what they all say. */
class Round {
  readonly replies = new Map<number, Reply>();
  readonly end = Promise.withResolvers<unknown[]>();
}

/**
 * Workers that run one program, each on its share, joined by a communicator over shared memory: MPI's way of working within one
 * process. The program is a module that calls {@linkcode serve}. What is in SharedArrayBuffers is not copied to the workers.
 *
 * It needs workers and SharedArrayBuffer: Deno, Bun, and browsers in pages that are cross-origin isolated.
 *
 * @example Four ranks that add up shares of a list, with `sum.ts` as in {@linkcode serve}
 * ```ts ignore
 * import { WorkerPool } from "@evenkeel/norm/statistics";
 *
 * const pool = new WorkerPool(new URL("./sum.ts", import.meta.url), { size: 4 });
 * console.log(await pool.run([1, 2, 3, 4])); // [10, 10, 10, 10]
 * pool.dispose(); // or at the end of its block, if it is declared with `using`
 * ```
 */
export class WorkerPool implements Disposable {
  /** How many workers there are. */
  readonly size: number;
  readonly #timeout: number;
  readonly #memory: SharedArrayBuffer;
  readonly #barrier: Barrier;
  readonly #workers: Worker[];
  readonly #ready: Promise<unknown>;
  #round = new Round();
  #running = false;
  /** Why no more runs are possible. */
  #ended: Error | undefined;

  /**
   * Starts the workers. End them with `dispose`, or by declaring the pool with `using`; until then they keep the process alive.
   *
   * @param module The URL of the module that calls `serve`.
   * @throws {TypeError | RangeError} If an argument does not fit, or the host has no workers that share memory.
   */
  constructor(module: string | URL, init: WorkerPoolInit = {}) {
    if (typeof Worker === "undefined" || typeof SharedArrayBuffer === "undefined") {
      throw new TypeError(
        "WorkerPool: this host has no Worker or no SharedArrayBuffer. Use Deno or Bun; in a browser, serve the page cross-origin isolated.",
      );
    }
    if (typeof module !== "string" && !(module instanceof URL)) {
      throw new TypeError(
        `WorkerPool: module is ${describe(module)}; it must be a URL, as in new URL("./sum.ts", import.meta.url).`,
      );
    }
    names.check("WorkerPool", init);
    const { size = navigator.hardwareConcurrency, timeout = 60_000 } = init;
    checkCount("WorkerPool", "size", size);
    checkNumber("WorkerPool", "timeout", timeout, 0);
    this.size = size;
    this.#timeout = timeout;
    this.#memory = memoryOf(size);
    this.#barrier = new Barrier(this.#memory, size);
    this.#workers = Array.from({ length: size }, () => new Worker(module, { type: "module" }));
    this.#workers.forEach((worker, rank) => this.#listen(worker, rank));
    this.#ready = this.#round.end.promise;
    const late = setTimeout(
      () => this.#end(new Error(`WorkerPool: ${module} was not ready within ${timeout} ms. Does it call serve()?`)),
      Math.min(timeout, 2 ** 31 - 1), // more would be none
    );
    this.#ready.catch(() => {}).finally(() => clearTimeout(late)); // run() reports the error
  }

  /**
   * Runs the program on all ranks.
   *
   * @param input What each of them gets: anything that can be posted to a worker. Of a tensor made by `allocate`, post
   * `{ type, dims, data }`.
   * @returns What they returned, in the order of ranks.
   * @throws {Error} If a rank fails. The pool has ended then.
   */
  async run(input?: unknown): Promise<unknown[]> {
    if (this.#running) throw new Error("WorkerPool.run: the pool is running. Wait for that run, or make another pool.");
    this.#running = true;
    try {
      await this.#ready;
      if (this.#ended) throw this.#ended;
      this.#barrier.reset();
      this.#workers.forEach((worker, rank) => {
        const task: Task = { rank, size: this.size, memory: this.#memory, timeout: this.#timeout, input };
        worker.postMessage(task);
      });
      this.#round = new Round(); // only now: an input that cannot be posted begins none
      return await this.#round.end.promise;
    } finally {
      this.#running = false;
    }
  }

  /** Ends the workers; a run that goes on is rejected. */
  dispose(): void {
    this.#end(new Error("WorkerPool: the pool was disposed of."));
  }

  /** The same, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  #listen(worker: Worker, rank: number): void {
    const fail = (error: unknown) => this.#receive(rank, { kind: "failed", error });
    worker.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
      if (isReply(data)) this.#receive(rank, data);
      else {fail(
          new TypeError(
            "it posted a message of its own, which would stand for its result: a job returns what it has to say",
          ),
        );}
    });
    worker.addEventListener("error", (event) => {
      event.preventDefault(); // the run is rejected with it
      fail(event.error ?? event.message);
    });
    worker.addEventListener("messageerror", () => fail("what it returned cannot be read here"));
  }

  #receive(rank: number, reply: Reply): void {
    const { replies, end } = this.#round, { left } = this.#barrier;
    replies.set(rank, reply);
    const failed = [...replies.keys()].filter((rank) => replies.get(rank)!.kind === "failed");
    if (failed.length > 0) {
      // Others fail because one has left. What that one says may still be on its way, and is the reason.
      if (left === undefined || replies.has(left)) this.#fail(failed.includes(left!) ? left! : failed[0]);
    } else if (replies.size === this.size) {
      end.resolve(this.#workers.map((_, rank) => (replies.get(rank) as { output?: unknown }).output));
    }
  }

  #fail(rank: number): void {
    const { error } = this.#round.replies.get(rank) as { error: unknown };
    const message = error instanceof Error ? error.message : String(error);
    this.#end(new Error(`WorkerPool: rank ${rank} failed: ${message}`, { cause: error }));
  }

  /** Ends all workers, also those that wait for each other. The first reason counts. */
  #end(reason: Error): void {
    if (this.#ended) return;
    this.#ended = reason;
    this.#barrier.leave(0);
    for (const worker of this.#workers) worker.terminate();
    this.#round.end.reject(reason);
  }
}

/** Whether a message is one that `serve` sends. */
function isReply(data: unknown): data is Reply {
  const { kind } = (data ?? {}) as { kind?: unknown };
  return kind === "ready" || kind === "done" || kind === "failed";
}
