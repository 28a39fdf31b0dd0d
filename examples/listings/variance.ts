/**
 * The variance of a normalized sample.
 *
 * @module
 */
import { layerNorm } from "../../kernels/layer_norm.ts";
import { type Tensor, tensor } from "../../kernels/tensor.ts";
import { RunningMoments } from "../../statistics/moments/running_moments.ts";
import type { Comparison } from "./comparison.ts";
import { statisticsOf } from "./plain.ts";

/** What the listing prints: the estimate of a sample's variance, with n - 1, of numbers that were normalized with n. */
export function literalVariance({ data }: Tensor): number {
  const { variance } = statisticsOf([...data]);
  return variance * data.length / (data.length - 1);
}

/** The listing beside the population variance. */
export function compareVariance(): Comparison[] {
  const y = layerNorm(tensor(Float64Array.of(2, 3, 5, 1, 4), [5]));
  return [{
    listing: "C2",
    literally: "prints the variance with n - 1",
    number: "variance of [2, 3, 5, 1, 4], normalized",
    literal: literalVariance(y),
    right: new RunningMoments().push(tensor(y.data, [5, 1])).variance().data[0],
  }];
}
