import { constants } from "node:os";
import process from "node:process";

const signals = ["SIGINT", "SIGTERM"] as const;

/** A signal asked the program to end. */
export class InterruptedError extends Error {
  /** What shells expect: 128 and the number of the signal. */
  readonly exitCode: number;

  /** The signal. */
  readonly signal: typeof signals[number];

  /** The error of a signal, and what to do about it if there is anything. */
  constructor(signal: typeof signals[number], todo = "") {
    super(`ended by ${signal}${todo}`);
    this.signal = signal;
    this.exitCode = 128 + constants.signals[signal];
  }
}

/** Runs work that is told by an AbortSignal, whose reason is an {@link InterruptedError}, when SIGINT or SIGTERM arrives. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stop = (signal: typeof signals[number]) => controller.abort(new InterruptedError(signal));
  for (const signal of signals) process.on(signal, stop);
  try {
    return await work(controller.signal);
  } finally {
    for (const signal of signals) process.off(signal, stop);
  }
}
