import { OptionNames } from "../kernels/option_names.ts";
import { checkWord } from "../kernels/check.ts";
import { describe, type DType } from "../kernels/tensor.ts";
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
 * @throws {TypeError | RangeError} If an argument does not fit, a name is taken twice, `compute` gives no output, or it throws.
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
  checkWord("modelOf", "type", type, ["float32", "float64", "float16"]);
  if (typeof compute !== "function") {
    throw new TypeError(
      `modelOf: compute is ${describe(compute)}; it must be a function of SymbolicTensors, as in (x) => layerNorm(x).`,
    );
  }
  checkDims(inputs);
  const g = new GraphBuilder(name, { opset, ...rest });
  const tensors = Object.entries(inputs).map(([name, dims]) =>
    new SymbolicTensor(g.input(name, type, dims), { type, dims, opset })
  );
  const result = compute(...tensors);
  const outputs = outputsOf(result);
  for (const [name, { value, type, dims }] of Object.entries(outputs)) g.output(name, value, type, dims);
  return g.build();
}

/** Throws unless the inputs are lists of sizes by name. */
function checkDims(inputs: Readonly<Record<string, readonly Dim[]>>): void {
  if (typeof inputs !== "object" || inputs === null || Array.isArray(inputs)) {
    throw new TypeError(`modelOf: inputs is ${describe(inputs)}; it must give dims by name, as in { x: ["N", 768] }.`);
  }
  for (const [name, dims] of Object.entries(inputs)) {
    if (!Array.isArray(dims)) {
      throw new TypeError(`modelOf: input ${name} has dims ${describe(dims)}; they must be a list, as in ["N", 768].`);
    }
    const isSize = (dim: Dim) => dim === undefined || typeof dim === "string" || (Number.isInteger(dim) && dim >= 0);
    if (!dims.every(isSize)) {
      throw new RangeError(
        `modelOf: input ${name} has dims [${
          dims.map(String).join(", ")
        }]; each must be a whole number, at least 0, or for ` +
          `sizes that may vary a name or undefined.`,
      );
    }
  }
}

/** The outputs that a function gave, by name; a model without any would be of no use. */
function outputsOf(result: SymbolicResult): Readonly<Record<string, SymbolicTensor>> {
  if (result instanceof SymbolicTensor) return { y: result };
  const outputs = typeof result === "object" && result !== null ? Object.values(result) : [];
  if (outputs.length > 0 && outputs.every((one) => one instanceof SymbolicTensor)) return result;
  throw new TypeError(
    `modelOf: compute gave ${
      describe(result)
    }; it must give a SymbolicTensor, or an object of at least one of them by name.`,
  );
}
