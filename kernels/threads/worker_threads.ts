/** Messages to and from the thread that started this one. */
interface Port {
  onmessage: ((event: { data: never }) => void) | null;
}

/** A worker of Node.js. */
interface NodeWorker {
  on(event: "error" | "exit", listener: (reason: unknown) => void): void;
  postMessage(message: unknown, transfer?: Transferable[]): void;
  terminate(): Promise<number>;
  unref(): void;
}

/** What of `node:worker_threads` is used here. */
interface WorkerThreads {
  Worker: new (url: URL, options: { workerData: unknown }) => NodeWorker;
  workerData: unknown;
  parentPort: Port | null;
}

/** The workers of Node.js, which Deno and Bun have as well: a process can end although they live. Undefined in browsers. */
export function workerThreads(): WorkerThreads | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): WorkerThreads } };
  return process?.getBuiltinModule?.("node:worker_threads");
}
