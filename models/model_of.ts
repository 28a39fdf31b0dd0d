import { OptionNames } from "../kernels/option_names.ts";
import type { DType } from "../kernels/tensor.ts";
import { type Dim, GraphBuilder, type Model, type ModelOptions } from "../onnx/mod.ts";
import { newestOpset } from "../onnx/version.ts";
import { SymbolicTensor } from "./symbolic_tensor.ts";

/** Options of {@linkcode modelOf}. */
export interface ModelOfOptions extends Partial<ModelOptions> {
  /** The version of ONNX's operator set, from 17 to 26, the newest that onnxruntime-web opens. Default: 17. */
  opset?: number;
  /** The element type of the inputs. Default: `"float32"`. */
  type?: DType;
  /** The name of the graph. Default: `"model"`. */
  name?: string;
}

/** What a function of {@linkcode modelOf} gives: the output `y`, or outputs by name. */
export type SymbolicResult = SymbolicTensor | { readonly [name: string]: SymbolicTensor };

const modelOfOptions = new OptionNames<ModelOfOptions>({
  opset: true,
  type: true,
  name: true,
  domains: true,
  docString: true,
  metadata: true,
});

/**
 * A complete model of a function of symbolic tensors: one normalization, or as many as there are in it.
 *
 * @param compute Takes the inputs in their order, and gives the output `y`, or an object of outputs by name.
 * @param inputs The dims of each input, by name. Names and undefined stand for sizes that may vary from run to run.
 * @throws {TypeError | RangeError} If a name is taken twice, or `compute` throws.
 *
 * @example Layer norm of any number of rows, in float16, for opset 21
 * ```ts
 * import { layerNorm, modelOf } from "@evenkeel/norm/models";
 * import { writeModel } from "@evenkeel/norm/onnx";
 *
 * const model = modelOf((x) => layerNorm(x), { x: ["N", 768] }, { name: "layer norm", type: "float16", opset: 21 });
 * const bytes = writeModel(model);
 * ```
 */
export function modelOf(
  compute: (...inputs: SymbolicTensor[]) => SymbolicResult,
  inputs: Readonly<Record<string, readonly Dim[]>>,
  options: ModelOfOptions = {},
): Model {
  modelOfOptions.check("modelOf", options);
  const { type = "float32", name = "model", opset = 17, ...rest } = options;
  if (!(Number.isInteger(opset) && opset >= 17 && opset <= newestOpset)) {
    throw new RangeError(
      `modelOf: opset is ${opset}; these graphs are written in 17 to ${newestOpset}, the newest that onnxruntime-web opens.`,
    );
  }
  const g = new GraphBuilder(name, { opset, ...rest });
  const tensors = Object.entries(inputs).map(([name, dims]) =>
    new SymbolicTensor(g.input(name, type, dims), { type, dims, opset })
  );
  const result = compute(...tensors);
  const outputs = result instanceof SymbolicTensor ? { y: result } : result;
  for (const [name, { value, type, dims }] of Object.entries(outputs)) g.output(name, value, type, dims);
  return g.build();
}
