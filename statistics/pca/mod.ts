/**
 * Principal component analysis (PCA) of streams, and a pipeline of scaler, PCA and normalization. It needs npm's `ml-matrix`, which
 * computes the eigenvectors.
 *
 * @module
 */

export type { DType, Tensor, TypedArrays } from "../../kernels/tensor.ts";
export { CoMoments } from "../moments/co_moments.ts";
export { IncrementalPca, type IncrementalPcaInit, type PrincipalComponents } from "./incremental_pca.ts";
export type { Json, JsonObject } from "../json.ts";
export type { Kind, Settings } from "../kind.ts";
export { RunningMoments, type WeightedPushOptions } from "../moments/running_moments.ts";
export { type Estimator, Scaler, type TransformOptions } from "../scalers/scaler.ts";
export * from "../scalers/standard_scaler.ts";
export type { Scaling } from "../scaling.ts";
export * from "./streaming_pipeline.ts";
export { type PushOptions, Summary } from "../summary.ts";
