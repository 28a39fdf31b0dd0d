/**
 * What threads_test.ts runs in processes of their own: `deno run threads_child.ts NAME` prints how that experiment ended, as JSON.
 */
import process from "node:process";
import { Worker } from "node:worker_threads";
import { allocate, layerNorm, setThreads } from "../../../kernels/mod.ts";
import type { Job } from "../../../kernels/threads/together.ts";

/** How an experiment ended. */
export interface Ending {
  /** What was thrown. */
  errors: string[];
  /** Whether the last result was right. */
  right: boolean;
}

const workers: Worker[] = [];

/** Makes setThreads see these workers, or none. */
function replaceWorkers(kind: typeof Worker | undefined): void {
  const { getBuiltinModule } = process;
  process.getBuiltinModule = ((name: string) => {
    const module = getBuiltinModule(name);
    return name === "node:worker_threads" ? kind && { ...module, Worker: kind } : module;
  }) as typeof getBuiltinModule;
}

/** Workers that can be got at, and whose jobs can be changed, or kept from them. */
function intercept(change: (job: Job) => unknown): void {
  replaceWorkers(
    class extends Worker {
      constructor(...args: ConstructorParameters<typeof Worker>) {
        super(...args);
        workers.push(this);
      }

      override postMessage(message: object, ...rest: never[]): void {
        const sent = "control" in message ? change(message as Job) : message;
        if (sent) super.postMessage(sent, ...rest);
      }
    },
  );
}

const experiments: Record<string, () => Promise<void>> = {
  "left alone": () => setThreads(3),

  async idle() {
    intercept((job) => job);
    await setThreads(2);
    await workers[0].terminate();
    await new Promise((resolve) => setTimeout(resolve, 100));
  },

  async failing() {
    intercept((job) => ({ ...job, work: "nothing that a worker knows" }));
    await setThreads(2);
  },

  /** A share is claimed, and that is the last that is heard of it. */
  async stuck() {
    intercept(({ control }) => void Atomics.add(new Int32Array(control), 0, 1));
    await setThreads(2);
  },

  async unshared() {
    Reflect.deleteProperty(globalThis, "SharedArrayBuffer");
    await setThreads(2);
  },

  async "without workers"() {
    Reflect.deleteProperty(globalThis, "Worker");
    replaceWorkers(undefined);
    await setThreads(2);
  },
};

const errors: string[] = [];
try {
  await experiments[Deno.args[0]]();
} catch (error) {
  errors.push(String(error));
}
using x = allocate("float32", [1024, 256]), y = allocate("float32", [1024, 256]);

/** Normalizes rows of -1 and 1, alternately, which are normalized already. */
function normalizes(): boolean {
  x.data.forEach((_, i) => x.data[i] = i % 2 * 2 - 1);
  y.data.fill(NaN);
  try {
    layerNorm(x, { epsilon: 0, out: { y } });
  } catch (error) {
    errors.push(String(error));
  }
  return y.data.every((value, i) => value === x.data[i]);
}

// A call can be over before a worker has woken up to fail.
for (let call = 0; call < 200 && errors.length === 0; call++) normalizes();
console.log(JSON.stringify({ errors, right: normalizes() } satisfies Ending));
