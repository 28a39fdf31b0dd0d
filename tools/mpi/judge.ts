/**
 * What is claimed of several ranks together, and how it is judged.
 *
 * @module
 */
import type { Communicator } from "../../statistics/ranks/communicator.ts";

/** A claim about ranks that work together. Each of them measures its own error. */
export interface Claim {
  /** What is compared with what. */
  name: string;
  /** The largest error that is allowed. */
  allowed: number;
  /** This rank's error. */
  measure(communicator: Communicator): number | Promise<number>;
}

/** A claim and the largest error of all ranks. */
export interface Verdict {
  /** The claim's name. */
  name: string;
  /** The largest error that is allowed. */
  allowed: number;
  /** The largest there was. */
  error: number;
}

/** Measures every claim on all ranks; throws, on all of them, if one does not hold. */
export async function judge(communicator: Communicator, claims: readonly Claim[]): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const { name, allowed, measure } of claims) {
    const error = await measure(communicator), worst = Float64Array.of(Number.isNaN(error) ? Infinity : error);
    communicator.allReduce(worst, "max");
    if (worst[0] > allowed) throw new Error(`${name}: the error is ${worst[0]}, more than ${allowed}.`);
    verdicts.push({ name, allowed, error: worst[0] });
  }
  return verdicts;
}

/** The largest difference of two lists, each relative to the right value, or to `unit` where that is more. */
export function largestDifference(given: ArrayLike<number>, right: ArrayLike<number>, unit = 1): number {
  if (given.length !== right.length) return NaN;
  let largest = 0;
  for (let i = 0; i < right.length; i++) {
    const difference = Math.abs(given[i] - right[i]) / Math.max(Math.abs(right[i]), unit);
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

/** The largest magnitude in a list. */
export function magnitude(values: ArrayLike<number>): number {
  return Array.from(values).reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
}

/** 0 if all ranks have the same bits, else 1. */
export function bitsApart(communicator: Communicator, values: Float64Array): number {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const all = communicator.allGather(bytes);
  return all.every((other) => other.every((byte, i) => byte === bytes[i])) ? 0 : 1;
}
