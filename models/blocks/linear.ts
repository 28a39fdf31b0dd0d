import { OptionNames } from "../../kernels/option_names.ts";
import type { Dim } from "../../onnx/mod.ts";
import { checkSymbolic } from "../check.ts";
import {
  checkFits,
  checkNeeded,
  type NamedOptions,
  optionalParameter,
  type Parameter,
  parameter,
} from "../parameter.ts";
import { SymbolicTensor } from "../symbolic_tensor.ts";
import { transposed } from "./transposed.ts";
import { Linear } from "../../layers/network/linear.ts";
import { permuted } from "../../layers/network/permuted.ts";
import { layerWriter } from "../writing.ts";

/** Options of {@linkcode linear}. */
export interface LinearOptions extends NamedOptions {
  /** The weights, [outputs, inputs], as in the layer and in PyTorch. A string needs `outputs` too. */
  weight: Parameter;
  /** The bias, [outputs]. Default: none. */
  bias?: Parameter;
  /** How many outputs, where the weight does not say. */
  outputs?: number;
}

const linearOptions = new OptionNames<LinearOptions>({ weight: true, bias: true, outputs: true, name: true });

/**
 * A linear layer over the last axis: `x @ weight^T + bias`. A weight that is stored is stored transposed, as the graph's product takes
 * it.
 *
 * @throws {TypeError | RangeError} If a parameter does not fit x.
 *
 * @example
 * ```ts
 * import { linear, modelOf } from "@evenkeel/norm/models";
 * import { run } from "@evenkeel/norm/onnx";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const weight = tensor(new Float32Array([1, 2, 3, 4]), [2, 2]);
 * const model = modelOf((x) => linear(x, { weight }), { x: ["N", 2] });
 * const { y } = await run(model, { x: tensor(new Float32Array([1, 1]), [1, 2]) });
 * assertEquals(y.data, new Float32Array([3, 7]));
 * ```
 */
export function linear(x: SymbolicTensor, options: LinearOptions): SymbolicTensor {
  linearOptions.check("linear", options);
  checkSymbolic("linear", "x", x, 1);
  checkNeeded("linear", options, ["weight"]);
  const inputs = x.dims.at(-1);
  const outputs = options.outputs ?? (typeof options.weight === "object" ? options.weight.dims[0] : undefined);
  const weight = transposedWeight(x, options, [outputs, inputs]);
  const bias = optionalParameter("linear", x, "bias", options.bias, [outputs], options);
  const product = x.op("MatMul", [weight.cast(x.type)]);
  const y = product.of(product.value, { dims: [...x.dims.slice(0, -1), outputs] });
  return bias ? y.plus(bias.cast(x.type)) : y;
}

/** The weight, [inputs, outputs]. */
function transposedWeight(x: SymbolicTensor, options: LinearOptions, dims: readonly Dim[]): SymbolicTensor {
  const { weight } = options;
  if (typeof weight === "string" || weight instanceof SymbolicTensor) {
    return transposed(parameter("linear", x, "weight", weight, dims, options));
  }
  checkFits("linear", "weight", weight, dims);
  return parameter("linear", x, "weight", permuted(weight, [1, 0]), dims.toReversed(), options);
}

/** A Linear layer as a graph. */
export const linearWriter = layerWriter(
  Linear,
  (x, { parameters: { weight, bias } }, { options: { name } }) => linear(x, { weight, bias, name }),
);
