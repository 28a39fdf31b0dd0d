/**
 * Statistics of data that is too much for memory, or on too many machines: moments, extrema and quantiles of streams, exactly
 * mergeable, and the scalers that follow from them. Uses web-standard APIs alone.
 *
 * @module
 */

export { CoMoments } from "./co_moments.ts";
export { alone, type Communicator, type Reduction } from "./communicator.ts";
export * from "./exponential_moments.ts";
export { Extrema } from "./extrema.ts";
export * from "./histogram_sketch.ts";
export type { Json, JsonObject } from "./json.ts";
export type { Kind, Settings } from "./kind.ts";
export * from "./merge_across.ts";
export * from "./min_max_scaler.ts";
export * from "./robust_scaler.ts";
export { RunningMoments } from "./running_moments.ts";
export { type Estimator, Scaler, type Scaling, type TransformOptions } from "./scaler.ts";
export { shareOf } from "./share.ts";
export * from "./standard_scaler.ts";
export { type Fittable, fitted, fitting, processing, type Transformer, transforming } from "./stream.ts";
export { sumAcross } from "./sum_across.ts";
export { type PushOptions, Summary } from "./summary.ts";
export { WorkerPool, type WorkerPoolInit } from "./workers/pool.ts";
export { serve } from "./workers/serve.ts";
export type { DType, Tensor, TypedArrays } from "../kernels/tensor.ts";
