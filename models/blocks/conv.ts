import type { Tensor } from "../../kernels/tensor.ts";
import { type NamedOptions, parameter } from "../parameter.ts";
import type { SymbolicTensor } from "../symbolic_tensor.ts";
import type { BatchNormTable } from "./batch_norm_table.ts";

/** Options of {@linkcode conv}. */
export interface ConvOptions extends NamedOptions {
  /** [outputs, inputs, ...kernel]. */
  weight: Tensor;
  /** [outputs]. Default: none. */
  bias?: Tensor;
}

/**
 * A convolution of stride 1 that keeps the size of images, by zeros around them.
 *
 * @example
 * ```ts
 * import { conv, modelOf } from "@evenkeel/norm/models";
 * import { tensor } from "@evenkeel/norm";
 *
 * const weight = tensor(new Float32Array(9).fill(1 / 9), [1, 1, 3, 3]);
 * const model = modelOf((x) => conv(x, { weight }), { x: ["N", 1, "H", "W"] });
 * ```
 */
export function conv(x: SymbolicTensor, options: ConvOptions): SymbolicTensor {
  const { weight, bias } = options, [outputs, inputs, ...kernel] = weight.dims, known = [outputs, inputs, ...kernel];
  const parameters = [parameter("conv", x, "weight", weight, known, options)];
  if (bias) parameters.push(parameter("conv", x, "bias", bias, [outputs], options));
  const pads = [...kernel.map((size) => BigInt((size - 1) >> 1)), ...kernel.map((size) => BigInt(size >> 1))];
  const y = x.op("Conv", parameters, { pads });
  return y.of(y.value, { dims: [x.dims[0], outputs, ...x.dims.slice(2)] });
}

/** The weights and the bias of a convolution. */
export interface ConvWeights {
  /** [outputs, inputs / groups, ...kernel]. */
  weight: Tensor<"float32">;
  /** [outputs]. Default: all 0. */
  bias?: Tensor<"float32">;
}

/**
 * Folds a table into the convolution before it, which then does the work of both: `(w * x + b) slope + shift` is
 * `(slope w) * x + (slope b + shift)`.
 *
 * @example
 * ```ts
 * import { batchNormTable, foldIntoConv } from "@evenkeel/norm/models";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const mean = tensor(new Float32Array([10])), variance = tensor(new Float32Array([4]));
 * const table = batchNormTable({ mean, variance, epsilon: 0 });
 * const { weight, bias } = foldIntoConv({ weight: tensor(new Float32Array([3]), [1, 1, 1, 1]) }, table);
 * assertEquals([weight.data[0], bias.data[0]], [1.5, -5]);
 * ```
 */
export function foldIntoConv({ weight, bias }: ConvWeights, { slope, shift }: BatchNormTable): Required<ConvWeights> {
  const outputs = weight.dims[0], inner = weight.data.length / outputs;
  if (slope.data.length !== outputs) {
    throw new RangeError(
      `foldIntoConv: the table is of ${slope.data.length} channels, and the convolution gives ${outputs}.`,
    );
  }
  const folded = weight.data.map((w, i) => w * slope.data[Math.floor(i / inner)]);
  const shifted = Float32Array.from(shift.data, (shift, c) => (bias?.data[c] ?? 0) * slope.data[c] + shift);
  return {
    weight: { ...weight, data: folded },
    bias: { type: "float32", dims: [outputs], data: shifted },
  };
}
