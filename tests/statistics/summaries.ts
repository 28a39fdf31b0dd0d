import {
  CoMoments,
  ExponentialMoments,
  Extrema,
  HistogramSketch,
  QuantileSketch,
  RunningMoments,
} from "../../statistics/mod.ts";

/** A summary of any kind. */
export type AnySummary = RunningMoments | ExponentialMoments | Extrema | HistogramSketch | QuantileSketch | CoMoments;

/** Every kind of summary: how to make one, and how to read it. */
export const kinds = [
  { make: () => new RunningMoments(), type: RunningMoments },
  { make: () => new ExponentialMoments({ decay: 0.9, biasCorrection: false }), type: ExponentialMoments },
  { make: () => new Extrema(), type: Extrema },
  { make: () => new HistogramSketch({ accuracy: 0.02, buckets: 64 }), type: HistogramSketch },
  { make: () => new QuantileSketch(), type: QuantileSketch },
  { make: () => new CoMoments(), type: CoMoments },
] as unknown as {
  make: () => RunningMoments;
  type: { fromJSON(value: unknown): RunningMoments; fromBytes(bytes: Uint8Array): RunningMoments };
}[];
