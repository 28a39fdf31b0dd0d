/**
 * Statistics of data that does not fit into memory, or lies on several machines: moments, extrema and quantiles, and the scalers that
 * are made of them. Compute them for parts of the data, then merge the results. Uses web-standard APIs alone.
 *
 * @module
 */

export { CoMoments } from "./moments/co_moments.ts";
export { alone, type Communicator, type Reduction } from "./ranks/communicator.ts";
export * from "./moments/exponential_moments.ts";
export { Extrema } from "./moments/extrema.ts";
export * from "./quantiles/histogram_sketch.ts";
export * from "./quantiles/quantile_sketch.ts";
export type { Json, JsonObject } from "./json.ts";
export type { Kind, Settings } from "./kind.ts";
export * from "./ranks/merge_across.ts";
export * from "./scalers/min_max_scaler.ts";
export * from "./scalers/robust_scaler.ts";
export { RunningMoments, type WeightedPushOptions } from "./moments/running_moments.ts";
export { type Estimator, Scaler, type TransformOptions } from "./scalers/scaler.ts";
export { shareOf } from "./ranks/share.ts";
export * from "./scalers/standard_scaler.ts";
export type { Scaling } from "./scaling.ts";
export { type Fittable, fitted, fitting, processing, type Transformer, transforming } from "./stream.ts";
export { sumAcross } from "./ranks/sum_across.ts";
export { type PushOptions, Summary } from "./summary.ts";
export { WorkerPool, type WorkerPoolInit } from "./ranks/workers/pool.ts";
export { serve } from "./ranks/workers/serve.ts";
export type { DType, Tensor, TypedArrays } from "../kernels/tensor.ts";
