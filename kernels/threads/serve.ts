import { joinMemory } from "../engines/simd/memory.ts";
import type { Planner } from "./pool.ts";
import { Control, type Job } from "./together.ts";
import { workerThreads } from "./worker_threads.ts";

/** What a worker is sent first: the memory of the tensors, the address in it of its own engine, and where to say that it is ready. */
export interface Welcome {
  memory: WebAssembly.Memory;
  address: number;
  ready: MessagePort;
}

/** What the workers are called that are to serve. */
export const NAME = "@evenkeel/norm thread";

/** Makes this thread answer jobs by their names, if it is one of the workers that are to. */
export function serve(works: Readonly<Record<string, Planner<never, never>>>): void {
  const threads = workerThreads(), scope = globalThis as unknown as { name?: string; onmessage: typeof answer };
  if ((threads ? threads.workerData : scope.name) === NAME) (threads?.parentPort ?? scope).onmessage = answer;

  function answer({ data }: { data: Welcome | Job }): void {
    if ("control" in data) return runJob(works, data);
    joinMemory(data.memory, data.address);
    data.ready.postMessage(true);
  }
}

function runJob(
  works: Readonly<Record<string, Planner<never, never>>>,
  { work, pass, out, control: buffer }: Job,
): void {
  const control = new Control(buffer);
  try {
    works[work](pass as never, out as never)((count, visit) => control.claim(count, visit));
  } catch (error) {
    control.fail(error);
  }
}
