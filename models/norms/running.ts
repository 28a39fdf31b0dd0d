import { zeros } from "../../kernels/tensor.ts";
import { BatchNorm } from "../../layers/norms/batch_norm.ts";
import type { InstanceNorm } from "../../layers/norms/instance_norm.ts";
import { typed } from "../parameter.ts";
import type { SymbolicTensor } from "../symbolic_tensor.ts";
import { layerWriter, type Writing } from "../writing.ts";
import { batchNorm, batchNormTraining } from "./batch_norm.ts";

/**
 * Batch norm by running statistics. These are of float64; a graph of float32 gets the mean rounded, and what rounding took from it
 * in the bias, so that x - mean is right to the last bits at any offset.
 */
export function byRunningStatistics(
  x: SymbolicTensor,
  { parameters: { scale, bias }, axis, epsilon }: BatchNorm | InstanceNorm,
  { state, options }: Writing,
): SymbolicTensor {
  const { mean, variance } = state ?? {};
  if (mean === undefined || variance === undefined) {
    throw new TypeError("applyLayer: a layer with running statistics needs its state; give that of the last train().");
  }
  const rounded = typed(mean, x.type), corrected = zeros("float64", mean.dims);
  for (let c = 0; c < corrected.data.length; c++) {
    const slope = (scale?.data[c] ?? 1) / Math.sqrt(variance.data[c] + epsilon);
    corrected.data[c] = (bias?.data[c] ?? 0) - (mean.data[c] - rounded.data[c]) * slope;
  }
  const needed = bias !== undefined || corrected.data.some((value) => value !== 0);
  return batchNorm(x, {
    scale,
    bias: needed ? typed(corrected, x.type) : undefined,
    mean: rounded,
    variance: typed(variance, x.type),
    axis,
    epsilon,
    ...options,
  });
}

/** A BatchNorm layer as a graph. */
export const batchNormWriter = layerWriter(BatchNorm, (x, layer, writing) => {
  if (layer.state.mean) return byRunningStatistics(x, layer, writing);
  const { parameters, axis, epsilon, features } = layer, unused = zeros("float32", [features]);
  const statistics = { runningMean: unused, runningVariance: unused };
  return batchNormTraining(x, { ...parameters, ...statistics, axis, epsilon, ...writing.options }).y;
});
