/**
 * A "layer norm" along axis 0, which is batch norm.
 *
 * @module
 */
import { layerNorm } from "../../kernels/layer_norm.ts";
import { type Tensor, tensor } from "../../kernels/tensor.ts";
import { noise } from "../../tools/judge/noise.ts";
import type { Comparison } from "./comparison.ts";
import { columnOf, mapped, rowOf, statisticsOf } from "./plain.ts";

const epsilon = 1e-8;

/** What the listing does: each column of x by its mean and variance over the samples. */
export function literalLayerNorm(x: Tensor): Tensor<"float64"> {
  const statistics = Array.from({ length: x.dims[1] }, (_, column) => statisticsOf(columnOf(x, column)));
  return mapped(x, (value, _, column) => {
    const { mean, variance } = statistics[column];
    return (value - mean) / Math.sqrt(variance + epsilon);
  });
}

/** 1000 samples of 10 features, whose means are 0 to 9. */
export function samples(): Tensor<"float64"> {
  return mapped(noise([1000, 10]), (value, _, feature) => value + feature);
}

/** The listing beside layer norm. */
export function compareBatch(): Comparison[] {
  const x = samples(), alone = tensor(Float64Array.from(rowOf(x, 0)), [1, 10]);
  const about = { listing: "A1", literally: `"layer norm" along axis 0: a feature's statistics over the samples` };
  const literal = statisticsOf(rowOf(literalLayerNorm(x), 0));
  const right = statisticsOf(rowOf(layerNorm(x, { epsilon }), 0));
  return [
    { ...about, number: "mean of the first sample's features", literal: literal.mean, right: right.mean },
    { ...about, number: "their variance", literal: literal.variance, right: right.variance },
    {
      ...about,
      number: "their variance in a batch of that sample alone",
      literal: statisticsOf([...literalLayerNorm(alone).data]).variance,
      right: statisticsOf([...layerNorm(alone, { epsilon }).data]).variance,
    },
  ];
}
