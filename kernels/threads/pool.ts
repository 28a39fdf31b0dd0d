import { isResident } from "../engines/simd/memory.ts";
import type { Data } from "../engines/tile.ts";

/** Hands out the shares of a pass, numbers from 0 up to their count: visits those that nobody else has taken. */
export type Shares = (count: number, visit: (share: number) => void) => void;

/** Small arrays by name that a pass writes. */
export type Outputs = Readonly<Record<string, Data | undefined>>;

/** What a pass reads: plain data and arrays, the first of which is x. */
export interface Pass {
  x: Data;
}

/** A pass that is planned: it can be run, on those shares that it is handed, as often as its arrays have new elements. */
export type Planned = (shares: Shares) => void;

/** Plans a pass. */
export type Planner<P, O> = (pass: P, out: O) => Planned;

/** Smaller tensors are done before a worker has woken up. */
const SMALLEST = 2 ** 18;

/** Workers that are ready for passes. */
export interface Pool {
  /** How many they are. */
  readonly size: number;
  /** Runs a pass on this thread and those of the pool; returns why one failed, if one did. */
  runTogether<P extends Pass, O extends Outputs>(
    work: string,
    plan: Planner<P, O>,
    pass: P,
    out: O,
  ): string | undefined;
  /** Ends them. */
  end(): Promise<void>;
}

let pool: Pool | undefined;

/** Replaces the pool that passes are distributed to; returns the one before. */
export function replacePool(next: Pool | undefined): Pool | undefined {
  const before = pool;
  pool = next;
  return before;
}

const inOrder: Shares = (count, visit) => {
  for (let share = 0; share < count; share++) visit(share);
};

/**
 * A function that runs a pass on the calling thread, and with it on those of the pool where that is worth while and they can reach the
 * tensors that it reads and writes. What the result is does not depend on who works on which share.
 */
export function distributed<P extends Pass, O extends Outputs>(
  work: string,
  plan: Planner<P, O>,
  pass: P,
  out: O,
  tensors: readonly (Data | undefined)[],
): () => void {
  const reachable = (data: Data | undefined) => data === undefined || isResident(data);
  const isWorthWhile = pass.x.length >= SMALLEST && tensors.every(reachable);
  let alone: Planned | undefined;
  return () => {
    if (pool === undefined || !isWorthWhile) (alone ??= plan(pass, out))(inOrder);
    else runWith(pool, work, plan, pass, out);
  };
}

function runWith<P extends Pass, O extends Outputs>(
  pool: Pool,
  work: string,
  plan: Planner<P, O>,
  pass: P,
  out: O,
): void {
  const reason = pool.runTogether(work, plan, pass, out);
  if (reason === undefined) return;
  replacePool(undefined)?.end();
  throw new Error(
    `A thread of the kernels failed: ${reason}. Results of this call are incomplete. From now on kernels run on the calling thread ` +
      `alone; call setThreads again for more.`,
  );
}
