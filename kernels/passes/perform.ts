import type { Tensors } from "../check.ts";

/** What a call comes to once its arguments are found fit: work on tensors that can be done again and again. */
export interface Work {
  /** What it reads and writes, by the names that messages use. */
  tensors: Tensors;
  run(): void;
}

/** Where work is kept while a call is prepared. */
let kept: Work[] | undefined;

/** How every kernel ends: its work is done, or, while a call is prepared, kept for later. */
export function perform<R>(result: R, tensors: () => Tensors, run: () => void): R {
  if (kept === undefined) run();
  else kept.push({ tensors: tensors(), run });
  return result;
}

/** Throws while a call is prepared: how a function begins that cannot be kept for later. */
export function refusePreparation(operation: string): void {
  if (kept !== undefined) throw new TypeError(`prepare: ${operation} cannot be prepared. Call it each time.`);
}

/** Makes a call whose work is not done; gives that work and the call's result. */
export function keepWork<R>(call: () => R): { result: R; work: Work[] } {
  const work: Work[] = [], before = kept;
  kept = work;
  try {
    return { result: call(), work };
  } finally {
    kept = before;
  }
}
