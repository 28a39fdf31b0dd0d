import { OptionNames } from "../../kernels/option_names.ts";
import type { NamedOptions, Parameter } from "../parameter.ts";
import { optionalParameter, parameter } from "../parameter.ts";
import type { SymbolicTensor } from "../symbolic_tensor.ts";
import { Linear } from "../../layers/network/linear.ts";
import { permuted } from "../../layers/network/permuted.ts";
import { layerWriter } from "../writing.ts";

/** Options of {@linkcode linear}. */
export interface LinearOptions extends NamedOptions {
  /** The weights, [inputs, outputs]. (PyTorch's are the transpose of these.) A string or a value needs `outputs` too. */
  weight: Parameter;
  /** The bias, [outputs]. Default: none. */
  bias?: Parameter;
  /** How many outputs, where the weight does not say. */
  outputs?: number;
}

const linearOptions = new OptionNames<LinearOptions>({ weight: true, bias: true, outputs: true, name: true });

/**
 * A linear layer over the last axis: `x @ weight + bias`.
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
 * assertEquals(y.data, new Float32Array([4, 6]));
 * ```
 */
export function linear(x: SymbolicTensor, options: LinearOptions): SymbolicTensor {
  linearOptions.check("linear", options);
  const inputs = x.dims.at(-1);
  const outputs = options.outputs ?? (typeof options.weight === "object" ? options.weight.dims[1] : undefined);
  const weight = parameter("linear", x, "weight", options.weight, [inputs, outputs], options);
  const bias = optionalParameter("linear", x, "bias", options.bias, [outputs], options);
  const product = x.op("MatMul", [weight.cast(x.type)]);
  const y = product.of(product.value, { dims: [...x.dims.slice(0, -1), outputs] });
  return bias ? y.plus(bias.cast(x.type)) : y;
}

/** A Linear layer as a graph; a graph's matrix product has weights as [inputs, outputs]. */
export const linearWriter = layerWriter(
  Linear,
  (x, { parameters: { weight, bias } }, { options: { name } }) =>
    linear(x, { weight: permuted(weight, [1, 0]), bias, name }),
);
