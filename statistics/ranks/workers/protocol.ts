/** What a pool tells a worker to do: one rank of one run. */
export interface Task {
  rank: number;
  size: number;
  /** The memory of the run's messages. */
  memory: SharedArrayBuffer;
  /** Milliseconds for which a rank waits for the others. */
  timeout: number;
  input: unknown;
}

/** What a worker tells its pool: that it is there, or how its run ended. */
export type Reply = { kind: "ready" } | { kind: "done"; output: unknown } | { kind: "failed"; error: unknown };
