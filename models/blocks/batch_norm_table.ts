import type { Tensor } from "../../kernels/tensor.ts";
import { along } from "../affine.ts";
import { axisOf } from "../check.ts";
import { type NamedOptions, type Parameter, parameter } from "../parameter.ts";
import type { SymbolicTensor } from "../symbolic_tensor.ts";

/** What batch norm at inference is made of: a number of each for every channel. */
export interface BatchNormParameters {
  /** The running mean. */
  mean: Tensor;
  /** The running population variance. */
  variance: Tensor;
  /** Default: all 1. */
  scale?: Tensor;
  /** Default: all 0. */
  bias?: Tensor;
  /** Is added to the variance. Default: 1e-5. */
  epsilon?: number;
}

/** Batch norm at inference as one multiplication and one addition: `y = x * slope + shift`. */
export interface BatchNormTable {
  /** scale / sqrt(variance + epsilon), for each channel. */
  slope: Tensor<"float64">;
  /** bias - mean * slope, for each channel. */
  shift: Tensor<"float64">;
}

/**
 * The precomputed table of batch norm at inference, in float64.
 *
 * It is the fastest form there is, and no better than the fused one far from zero: where the mean is a million deviations, so
 * are `x * slope` and `shift`, and float32 has lost the digits in which they differ.
 *
 * @example
 * ```ts
 * import { batchNormTable } from "@evenkeel/norm/models";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const mean = tensor(new Float32Array([10])), variance = tensor(new Float32Array([4]));
 * const { slope, shift } = batchNormTable({ mean, variance, epsilon: 0 });
 * assertEquals([slope.data[0], shift.data[0]], [0.5, -5]);
 * ```
 */
export function batchNormTable(parameters: BatchNormParameters): BatchNormTable {
  const { mean, variance, scale, bias, epsilon = 1e-5 } = parameters;
  for (const [name, tensor] of Object.entries({ variance, scale, bias })) {
    if (tensor && tensor.data.length !== mean.data.length) {
      throw new RangeError(
        `batchNormTable: ${name} has ${tensor.data.length} entries, and mean ${mean.data.length}; each has one a channel.`,
      );
    }
  }
  const slope = Float64Array.from(variance.data, (v, c) => (scale?.data[c] ?? 1) / Math.sqrt(v + epsilon));
  const shift = Float64Array.from(mean.data, (m, c) => (bias?.data[c] ?? 0) - m * slope[c]);
  const dims = [slope.length];
  return { slope: { type: "float64", dims, data: slope }, shift: { type: "float64", dims, data: shift } };
}

/** Options of {@linkcode applyTable}. */
export interface ApplyTableOptions extends NamedOptions {
  /** What each channel is multiplied by. */
  slope: Parameter;
  /** What is added then. */
  shift: Parameter;
  /** The axis of the channels. Default: 1. */
  axis?: number;
}

/**
 * A table applied: `x * slope + shift`, for each channel.
 *
 * @example
 * ```ts
 * import { applyTable, modelOf } from "@evenkeel/norm/models";
 *
 * const model = modelOf((x) => applyTable(x, { slope: "slope", shift: "shift" }), { x: ["N", 3, "H", "W"] });
 * ```
 */
export function applyTable(x: SymbolicTensor, options: ApplyTableOptions): SymbolicTensor {
  const operation = "applyTable", channel = axisOf(operation, options.axis ?? 1, x);
  const [slope, shift] = (["slope", "shift"] as const).map((name) =>
    along(x, [channel], parameter(operation, x, name, options[name], [x.dims[channel]], options))
  );
  return x.times(slope).plus(shift);
}
