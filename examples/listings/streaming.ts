/**
 * A scaler and a PCA over a stream that drifts.
 *
 * @module
 */
import { type Tensor, tensor } from "../../kernels/tensor.ts";
import { IncrementalPca } from "../../statistics/pca/incremental_pca.ts";
import { StandardScaler } from "../../statistics/scalers/standard_scaler.ts";
import { StreamingPipeline } from "../../statistics/pca/streaming_pipeline.ts";
import { noise } from "../../tools/judge/noise.ts";
import type { Comparison } from "./comparison.ts";
import { columnOf, mapped, statisticsOf } from "./plain.ts";

/** A scaler and a PCA that have learned what they will. */
export interface Fitted {
  scaler: StandardScaler;
  pca: IncrementalPca;
}

/** What the listing does: it fits both on the first chunk, and carries them along as they are. */
export function literalFit([first]: readonly Tensor[]): Fitted {
  const scaler = new StandardScaler().partialFit(first);
  return { scaler, pca: new IncrementalPca().partialFit(scaler.transform(first)) };
}

/** What is meant: both go on learning. */
export function streamedFit(chunks: readonly Tensor[]): Fitted {
  const pipeline = new StreamingPipeline();
  for (const chunk of chunks) pipeline.process(chunk);
  return pipeline;
}

/** Ten chunks of 200 rows of three features: the third follows the first, and the first two drift by half a deviation a chunk. */
export function driftingChunks(): Tensor<"float64">[] {
  return Array.from({ length: 10 }, (_, i) => {
    const z = noise([200, 3], { seed: i + 1 });
    return mapped(z, (value, row, feature) => feature === 2 ? value + z.data[row * 3] : value + i / 2);
  });
}

/** The share of a stream's variance that is along the first of three components. */
export function firstShare({ scaler, pca }: Fitted, rows: Tensor): number {
  const projected = pca.transform(scaler.transform(rows));
  const [first, second, third] = [0, 1, 2].map((c) => statisticsOf(columnOf(projected, c)).variance);
  return first / (first + second + third);
}

/** The listing beside a pipeline that keeps learning. */
export function compareStreaming(): Comparison[] {
  const chunks = driftingChunks(), all = tensor(Float64Array.from(chunks.flatMap(({ data }) => [...data])), [2000, 3]);
  const literal = literalFit(chunks), right = streamedFit(chunks);
  const about = { listing: "A3", literally: "scaler and PCA are fitted on the first chunk only" };
  const scaled = ({ scaler }: Fitted) => statisticsOf(columnOf(scaler.transform(all), 0));
  return [
    {
      ...about,
      number: "mean of a scaled feature, ten chunks",
      literal: scaled(literal).mean,
      right: scaled(right).mean,
    },
    { ...about, number: "its variance", literal: scaled(literal).variance, right: scaled(right).variance },
    {
      ...about,
      number: "share of variance along component 1",
      literal: firstShare(literal, all),
      right: firstShare(right, all),
    },
  ];
}
