import { differentiateGroups } from "../passes/gradient.ts";
import { normalizeGroups } from "../passes/normalize.ts";
import { Control, type Job, type Work } from "./pool.ts";
import { joinMemory } from "../engines/simd/memory.ts";
import { workerThreads } from "./worker_threads.ts";

/** What a worker is sent first: the memory of the tensors, the address in it of its own engine, and where to say that it is ready. */
export interface Welcome {
  memory: WebAssembly.Memory;
  address: number;
  ready: MessagePort;
}

/** Where this module is, for workers to load it. */
export const url = import.meta.url;

/** What the workers are called that are to load it. */
export const NAME = "@evenkeel/norm thread";

const works: Record<Job["work"], Work<never, never>> = {
  normalize: normalizeGroups,
  differentiate: differentiateGroups,
};

function answer({ data }: { data: Welcome | Job }): void {
  if ("control" in data) return runJob(data);
  joinMemory(data.memory, data.address);
  data.ready.postMessage(true);
}

function runJob({ work, pass, out, control: buffer }: Job): void {
  const control = new Control(buffer);
  try {
    works[work](pass as never, out as never, (count) => control.claim(count));
  } catch (error) {
    control.fail(error);
  }
}

// The thread that starts workers imports this module, too, to know its URL.
const threads = workerThreads(), scope = globalThis as unknown as { name?: string; onmessage: typeof answer };
if ((threads ? threads.workerData : scope.name) === NAME) (threads?.parentPort ?? scope).onmessage = answer;
