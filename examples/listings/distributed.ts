/**
 * Statistics across replicas, from sums and sums of squares.
 *
 * @module
 */
import { arrayOf, type Tensor } from "../../kernels/tensor.ts";
import { RunningMoments } from "../../statistics/moments/running_moments.ts";
import { noise } from "../../tools/judge/noise.ts";
import type { Comparison } from "./comparison.ts";

/** The mean and the variance of each feature. */
interface FeatureStatistics {
  mean: number[];
  variance: number[];
}

/** What the listing does: sums over all replicas, divided by how many replicas there are. */
export function literalAcrossReplicas(shares: readonly Tensor[]): FeatureStatistics {
  return fromSums(shares, shares.length);
}

/** The listing with the right divisor, which still has the variance as E[x^2] - E[x]^2. */
export function squaresAcrossReplicas(shares: readonly Tensor[]): FeatureStatistics {
  return fromSums(shares, shares.reduce((samples, { dims }) => samples + dims[0], 0));
}

/** Sums are kept in the type of the data. */
function fromSums(shares: readonly Tensor[], count: number): FeatureStatistics {
  const { type, dims: [, features] } = shares[0], array = arrayOf(type);
  const sum = new array(features), squares = new array(features), divided = new array(1);
  for (const { data } of shares) {
    data.forEach((value, i) => {
      sum[i % features] += value;
      squares[i % features] += value * value;
    });
  }
  const rounded = (value: number) => (divided[0] = value, divided[0]);
  const mean = Array.from(sum, (total) => rounded(total / count));
  const variance = Array.from(squares, (total, c) => rounded(rounded(total / count) - rounded(mean[c] * mean[c])));
  return { mean, variance };
}

/** What is meant: moments, merged. */
export function mergedAcrossReplicas(shares: readonly Tensor[]): FeatureStatistics {
  const all = new RunningMoments();
  for (const share of shares) all.merge(new RunningMoments().push(share));
  return { mean: [...all.mean().data], variance: [...all.variance().data] };
}

/** Four replicas with 250 samples each of one feature of deviation 1. */
export function sharesAround(mean: number, type: "float32" | "float64"): Tensor[] {
  return [1, 2, 3, 4].map((seed) => noise([250, 1], { type, mean, seed }));
}

/** The listing beside merged moments. */
export function compareDistributed(): Comparison[] {
  const near = sharesAround(3, "float64"), literal = literalAcrossReplicas(near), right = mergedAcrossReplicas(near);
  const divided = { listing: "A2", literally: "sums are divided by the number of replicas, not of samples" };
  const cancelled = { listing: "A2", literally: "the variance is E[x^2] - E[x]^2" };
  const far = (mean: number, type: "float32" | "float64"): Comparison => {
    const shares = sharesAround(mean, type);
    return {
      ...cancelled,
      number: `variance around a mean of ${mean.toExponential(0).replace("+", "")}, ${type}`,
      literal: squaresAcrossReplicas(shares).variance[0],
      right: mergedAcrossReplicas(shares).variance[0],
    };
  };
  return [
    { ...divided, number: "mean of 4 times 250 samples", literal: literal.mean[0], right: right.mean[0] },
    { ...divided, number: "their variance", literal: literal.variance[0], right: right.variance[0] },
    far(1e4, "float32"),
    far(1e8, "float64"),
  ];
}
