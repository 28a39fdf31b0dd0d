import { checkDims, checkNumber } from "../../kernels/check.ts";
import { OptionNames } from "../../kernels/option_names.ts";
import { checkTensor, type Tensor } from "../../kernels/tensor.ts";
import { checkRecord } from "../check_record.ts";

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

const parameterNames = new OptionNames<BatchNormParameters>({
  mean: true,
  variance: true,
  scale: true,
  bias: true,
  epsilon: true,
});

/** Batch norm at inference as one multiplication and one addition: `y = x * slope + shift`. */
export interface BatchNormTable {
  /** scale / sqrt(variance + epsilon), for each channel. */
  slope: Tensor<"float64">;
  /** bias - mean * slope, for each channel. */
  shift: Tensor<"float64">;
}

/** Throws unless a table has a slope and a shift for each channel. */
export function checkTable(operation: string, table: BatchNormTable): void {
  checkRecord(operation, "the table", table);
  checkTensor(operation, "slope", table.slope);
  checkDims(operation, "shift", table.shift, table.slope.dims, "those of slope");
}

/**
 * The precomputed table of batch norm at inference, in float64.
 *
 * It is the fastest form there is. Applied in float64 it is right; in float32 it is no better than fused batch norm far from zero:
 * where the mean is a million deviations, so are `x * slope` and `shift`, and float32 has lost the digits in which they differ.
 *
 * @throws {TypeError | RangeError} If mean or variance is missing, or the parameters are of different numbers of channels.
 *
 * @example
 * ```ts
 * import { batchNormTable } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const mean = tensor(new Float32Array([10])), variance = tensor(new Float32Array([4]));
 * const { slope, shift } = batchNormTable({ mean, variance, epsilon: 0 });
 * assertEquals([slope.data[0], shift.data[0]], [0.5, -5]);
 * ```
 */
export function batchNormTable(parameters: BatchNormParameters): BatchNormTable {
  parameterNames.check("batchNormTable", parameters);
  const { mean, variance, scale, bias, epsilon = 1e-5 } = parameters ?? {};
  checkTensor("batchNormTable", "mean", mean);
  checkTensor("batchNormTable", "variance", variance);
  checkNumber("batchNormTable", "epsilon", epsilon, 0);
  for (const [name, tensor] of Object.entries({ variance, scale, bias })) {
    if (tensor === undefined) continue;
    checkTensor("batchNormTable", name, tensor);
    if (tensor.data.length !== mean.data.length) {
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

/** The weights of a convolution or a linear layer whose first axis is that of its outputs. */
export interface OutputWeights {
  /** [outputs, ...]: [outputs, inputs] or [outputs, inputs / groups, ...kernel]. */
  weight: Tensor;
  /** [outputs]. Default: all 0. */
  bias?: Tensor;
}

const weightNames = new OptionNames<OutputWeights>({ weight: true, bias: true });

/**
 * Folds a table into the convolution or linear layer before it, which then does the work of both: `(w * x + b) slope + shift` is
 * `(slope w) * x + (slope b + shift)`.
 *
 * @throws {TypeError | RangeError} If weights or table are none, or the table is not of as many channels as there are outputs.
 *
 * @example
 * ```ts
 * import { batchNormTable, foldTable } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const mean = tensor(new Float32Array([10])), variance = tensor(new Float32Array([4]));
 * const table = batchNormTable({ mean, variance, epsilon: 0 });
 * const { weight, bias } = foldTable({ weight: tensor(new Float32Array([3]), [1, 1, 1, 1]) }, table);
 * assertEquals([weight.data[0], bias.data[0]], [1.5, -5]);
 * ```
 */
export function foldTable(weights: OutputWeights, table: BatchNormTable): Required<OutputWeights> {
  weightNames.check("foldTable", weights, "weights");
  checkTable("foldTable", table);
  const { weight, bias } = weights ?? {}, { slope, shift } = table;
  checkTensor("foldTable", "weight", weight);
  const outputs = weight.dims[0], inner = weight.data.length / outputs;
  if (slope.data.length !== outputs) {
    throw new RangeError(
      `foldTable: the table is of ${slope.data.length} channels, and the layer before it has ${outputs} outputs.`,
    );
  }
  if (bias !== undefined) checkDims("foldTable", "bias", bias, [outputs], "one for each output");
  const folded = weight.data.slice(), shifted = new (weight.data.constructor as Float32ArrayConstructor)(outputs);
  for (let i = 0; i < folded.length; i++) folded[i] *= slope.data[Math.floor(i / inner)];
  for (let c = 0; c < outputs; c++) shifted[c] = (bias?.data[c] ?? 0) * slope.data[c] + shift.data[c];
  return { weight: { ...weight, data: folded }, bias: { type: weight.type, dims: [outputs], data: shifted } };
}
