import { describe } from "../../../kernels/tensor.ts";
import type { Communicator } from "../communicator.ts";
import type { Reply, Task } from "./protocol.ts";
import { WorkerCommunicator } from "./worker_communicator.ts";

/** What a module of workers uses of its global scope. */
interface WorkerScope {
  addEventListener(type: "message", listener: (event: { data: Task }) => void): void;
  addEventListener(type: "unload", listener: () => void): void;
  postMessage(reply: Reply): void;
  close(): void;
}

/**
 * Makes a module the program of a {@linkcode WorkerPool}: each worker runs the job as one rank each time the pool is told to.
 *
 * @param job Gets the rank's communicator and the pool's input; what it returns, or a promise of it, goes to the pool.
 * @throws {TypeError} If it is no function.
 *
 * @example A module `sum.ts`, whose ranks add up shares of a list
 * ```ts ignore
 * import { serve } from "@evenkeel/norm/statistics";
 *
 * serve((communicator, shares: number[]) => {
 *   const sum = Float64Array.of(shares[communicator.rank]);
 *   communicator.allReduce(sum);
 *   return sum[0];
 * });
 * ```
 */
export function serve<Input, Output>(
  job: (communicator: Communicator, input: Input) => Output | Promise<Output>,
): void {
  if (typeof job !== "function") throw new TypeError(`serve: job is ${describe(job)}; it must be a function.`);
  const scope = globalThis as unknown as WorkerScope;
  let communicator: WorkerCommunicator | undefined;
  const end = (reply: Reply) => {
    communicator?.leave();
    scope.postMessage(reply);
  };
  scope.addEventListener("message", async ({ data: { rank, size, memory, timeout, input } }) => {
    communicator = new WorkerCommunicator(rank, size, memory, timeout);
    try {
      end({ kind: "done", output: await job(communicator, input as Input) });
    } catch (error) {
      end({ kind: "failed", error });
    }
  });
  tellOfTheEnd(scope, () => end({ kind: "failed", error: new Error("The worker has closed itself.") }));
  scope.postMessage({ kind: "ready" });
}

/** A worker that closes itself, or exits, would do so unheard, and leave its pool and the other ranks waiting. */
function tellOfTheEnd(scope: WorkerScope, tell: () => void): void {
  const close = scope.close;
  scope.close = () => {
    tell();
    close.call(scope);
  };
  scope.addEventListener("unload", tell); // Deno.exit()
}
