import { describe } from "./tensor.ts";
import { replacePool } from "./threads/pool.ts";
import { WorkerPool } from "./threads/workers.ts";

/** Memory is the limit long before. */
const MOST = 64;

/** Calls are carried out one after the other. */
let last: Promise<void> = Promise.resolve();

/**
 * Sets on how many threads the normalizations run, forward and backward. At first it is one, the thread that calls them.
 *
 * Tensors can be worked on by several threads if they are made by `allocate`: `x`, `residual`, `out.y` and `out.sum`, or `x`, `dy`, `dSum` and
 * `out.dx`, which must be given, then; parameters and statistics may be anywhere. Other calls run on the calling thread as before, and so
 * do those on fewer than 262,144 elements, `localResponseNorm` and `lpNorm` of p 1, and what cannot be cut into independent parts: one long
 * row, and with channels last long channels in training and the gradients of `batchNorm`. Results are the same, bit by bit, whatever the
 * number of threads.
 *
 * Workers take 5 MiB each of the memory of `allocate`, and do not keep a process alive. Deno must be allowed to read the package's files
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
  const pool = n > 1 ? await WorkerPool.start(n - 1, () => import("./worker.ts")) : undefined;
  await replacePool(pool)?.end();
}
