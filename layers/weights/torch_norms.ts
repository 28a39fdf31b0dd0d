import { checkNumber } from "../../kernels/check.ts";
import type { Tensors } from "../layer.ts";
import { BatchNorm } from "../norms/batch_norm.ts";
import { GroupNorm } from "../norms/group_norm.ts";
import { InstanceNorm } from "../norms/instance_norm.ts";
import { LayerNorm } from "../norms/layer_norm.ts";
import { RMSNorm } from "../norms/rms_norm.ts";
import { type Conversion, sizeFrom } from "./conversion.ts";
import type { TorchBatchNormOptions, TorchConversions, TorchInstanceNormOptions } from "./torch_classes.ts";

const affineNames = { weight: "scale", bias: "bias" };
const trackedNames = { ...affineNames, running_mean: "mean", running_var: "variance", num_batches_tracked: "batches" };

const batchNorm: Conversion<TorchBatchNormOptions, BatchNorm> = {
  names: trackedNames,
  spare: ["num_batches_tracked"],
  options: ["num_features", "eps", "momentum", "affine", "bias", "track_running_stats"],
  make(
    { num_features, eps = 1e-5, momentum = 0.1, affine = true, bias = true, track_running_stats = true },
    tensors,
    type,
  ) {
    return new BatchNorm(sizeFrom("fromTorch", "num_features", num_features, tensors), {
      epsilon: eps,
      momentum: momentum === null ? "cumulative" : ofOldValue(momentum),
      unbiased: true,
      scale: affine,
      bias: affine && bias,
      trackStatistics: track_running_stats,
      type,
    });
  },
};

const instanceNorm: Conversion<TorchInstanceNormOptions, InstanceNorm> = {
  ...batchNorm,
  make(
    { num_features, eps = 1e-5, momentum = 0.1, affine = false, bias = true, track_running_stats = false },
    tensors,
    type,
  ) {
    return new InstanceNorm(sizeFrom("fromTorch", "num_features", num_features, tensors), {
      epsilon: eps,
      momentum: ofOldValue(momentum ?? 0),
      unbiased: true,
      scale: affine,
      bias: affine && bias,
      trackStatistics: track_running_stats,
      type,
    });
  },
};

/** PyTorch's normalizations. */
export const torchNorms: TorchConversions<
  | "BatchNorm1d"
  | "BatchNorm2d"
  | "BatchNorm3d"
  | "SyncBatchNorm"
  | "LayerNorm"
  | "RMSNorm"
  | "GroupNorm"
  | "InstanceNorm1d"
  | "InstanceNorm2d"
  | "InstanceNorm3d"
> = {
  BatchNorm1d: batchNorm,
  BatchNorm2d: batchNorm,
  BatchNorm3d: batchNorm,
  SyncBatchNorm: batchNorm,
  LayerNorm: {
    names: affineNames,
    options: ["normalized_shape", "eps", "elementwise_affine", "bias"],
    make({ normalized_shape, eps = 1e-5, elementwise_affine = true, bias = true }, tensors, type) {
      const shape = shapeFrom(normalized_shape, tensors);
      return new LayerNorm(shape, { epsilon: eps, scale: elementwise_affine, bias: elementwise_affine && bias, type });
    },
  },
  RMSNorm: {
    names: { weight: "scale" },
    options: ["normalized_shape", "eps", "elementwise_affine"],
    make({ normalized_shape, eps, elementwise_affine = true }, tensors, type) {
      const epsilon = eps ?? (type === "float64" ? 2 ** -52 : 2 ** -23);
      return new RMSNorm(shapeFrom(normalized_shape, tensors), { epsilon, scale: elementwise_affine, type });
    },
  },
  GroupNorm: {
    names: affineNames,
    options: ["num_groups", "num_channels", "eps", "affine", "bias"],
    make({ num_groups, num_channels, eps = 1e-5, affine = true, bias = true }, tensors, type) {
      const channels = sizeFrom("fromTorch", "num_channels", num_channels, tensors);
      return new GroupNorm(num_groups, channels, { epsilon: eps, scale: affine, bias: affine && bias, type });
    },
  },
  InstanceNorm1d: instanceNorm,
  InstanceNorm2d: instanceNorm,
  InstanceNorm3d: instanceNorm,
};

/** Momentum as the weight of the old value. */
function ofOldValue(momentum: number): number {
  checkNumber("fromTorch", "momentum", momentum, 0);
  return 1 - momentum;
}

function shapeFrom(given: number | readonly number[] | undefined, tensors: Tensors): number | readonly number[] {
  const shape = given ?? tensors.weight?.dims;
  if (shape === undefined) {
    throw new TypeError("fromTorch: normalized_shape is missing, and there is no weight to tell it.");
  }
  return shape;
}
