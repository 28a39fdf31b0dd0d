/**
 * Checks contestants, then times them in turns.
 *
 * @module
 */
import { cpuUsage } from "node:process";
import { maxErrorOf } from "../tools/judge/compare.ts";
import type { Contestant } from "./contestants.ts";

/** The largest error that passes the check before any timing, in units of each output (see `maxScaledError`): ours, and others'. */
const ourBound = 1e-5, othersBound = 1e-3;

/** Milliseconds a call, for each contestant by name and each round. */
export type Times = Record<string, number[]>;

/** Errors by the contestants' names. */
export type Errors = Record<string, number>;

/**
 * Runs every contestant once and holds every element of what it wrote against the reference. Throws if one of ours is wrong; gives the
 * others that are right, with the largest error of each, and says of those that are not what is wrong.
 */
export async function check(contestants: Contestant[], absent: Record<string, string>) {
  const errors: Errors = {}, right: Contestant[] = [];
  for (const contestant of contestants) {
    const { name, reset, run, outputs, want, copy } = contestant;
    reset();
    await run();
    const error = maxErrorOf(outputs, want);
    if (copy && !(error <= ourBound)) throw new Error(`${name} is wrong: it errs by ${error}, more than ${ourBound}`);
    if (error <= othersBound) {
      errors[name] = error;
      right.push(contestant);
    } else absent[name] = `it errs by ${error}`;
  }
  return { errors, right };
}

/** Rounds before those that count, in which V8 compiles what it finds hot. */
const warmUp = 3;

/** Milliseconds from some point on. */
export type Clock = () => number;

/** Milliseconds that this process has had a processor: for a machine that others use, too. */
export function processorTime(): number {
  const { user, system } = cpuUsage();
  return (user + system) / 1e3;
}

/** Times the contestants in turns, A B C A B C, so that what slows the machine for a while slows all of them. */
export async function interleave(
  contestants: Contestant[],
  rounds: number,
  calls: number,
  clock: Clock = () => performance.now(),
): Promise<Times> {
  const times: Times = Object.fromEntries(contestants.map(({ name }) => [name, []]));
  for (let round = -warmUp; round < rounds; round++) {
    for (const { name, reset, run, time } of contestants) {
      reset();
      const taken = await (time?.(calls) ?? timeOf(run, calls, clock));
      if (round >= 0) times[name].push(taken);
    }
  }
  return times;
}

async function timeOf(run: () => unknown, calls: number, clock: Clock): Promise<number> {
  const start = clock();
  for (let call = 0; call < calls; call++) {
    const result = run();
    if (result instanceof Promise) await result;
  }
  return (clock() - start) / calls;
}

/** A median and the quartiles around it. */
export interface Spread {
  /** A quarter of the values are below. */
  low: number;
  /** Half of the values are below. */
  median: number;
  /** A quarter of the values are above. */
  high: number;
}

/** The median and quartiles of some values. */
export function spread(values: number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.round(part * (sorted.length - 1))];
  return { low: at(0.25), median: at(0.5), high: at(0.75) };
}

/** The spread of the ratios, round by round, of one contestant's times to another's. */
export function ratio(times: Times, of: string, over: string): Spread {
  return spread(times[of].map((time, round) => time / times[over][round]));
}
