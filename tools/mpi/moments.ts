/**
 * Moments of ranks, merged, against one pass over all the data.
 *
 * @module
 */
import { momentsOf } from "../../kernels/exact_moments.ts";
import type { Moments } from "../../kernels/passes/moments.ts";
import type { Communicator } from "../../statistics/ranks/communicator.ts";
import { mergeMomentsAcross } from "../../statistics/ranks/merge_across.ts";
import { noise } from "../judge/noise.ts";
import { bitsApart, type Claim, largestDifference } from "./judge.ts";
import { type Split, splits } from "./shares.ts";

/** A claim for each distance from 0 and split. */
export const mergedMoments: readonly Claim[] = [0, 1e4, 1e8].flatMap((offset) =>
  Object.entries(splits).map(([name, split]) => ({
    name: `Moments at offset ${offset.toExponential(0)}, ${name}`,
    allowed: 1e-12,
    measure: (communicator: Communicator) => compare(communicator, offset, split),
  }))
);

/** The largest relative difference in count, mean and variance of 40 features. */
function compare(communicator: Communicator, offset: number, split: Split): number {
  const x = noise([5000, 40], { type: "float64", mean: offset, seed: 5 });
  const merged = momentsOf(split(x, communicator)), whole = momentsOf(x);
  mergeMomentsAcross(communicator, merged);
  const variances = (moments: Moments) => moments.mean.map((_, i) => moments.variance(i));
  return Math.max(
    largestDifference(merged.count, whole.count),
    largestDifference(merged.mean, whole.mean),
    largestDifference(variances(merged), variances(whole)),
    bitsApart(communicator, merged.m2),
  );
}
