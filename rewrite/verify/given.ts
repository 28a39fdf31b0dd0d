import type { Tensor } from "../../kernels/mod.ts";
import { elements } from "../../onnx/element.ts";
import { type Dim, type ElementType, Graph, type Model, type OnnxTensor } from "../../onnx/mod.ts";
import type { Inputs } from "./inputs.ts";

/** An input that a model has to be given. */
export interface WantedInput {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly Dim[];
}

/**
 * The inputs of a model from tensors by name, such as those of a `.npz` file, each brought to the type that the model wants.
 *
 * @throws {TypeError} If one is missing.
 *
 * @example The tensors that a model wants, of more
 * ```ts
 * import { givenInputs } from "@evenkeel/norm/rewrite";
 * import { modelOf } from "@evenkeel/norm/models";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const model = modelOf((x) => x.op("Relu"), { x: ["N"] });
 * assertEquals(givenInputs(model, { x: tensor([1, 2]), y: tensor([3]) }).x.data, Float32Array.of(1, 2));
 * ```
 */
export function givenInputs(model: Model, tensors: Readonly<Record<string, Tensor>>): Inputs {
  const wanted = wantedBy(model);
  checkNames("The data", wanted, tensors);
  return Object.fromEntries(wanted.map(({ name, type }) => [name, converted(tensors[name], type)]));
}

/** What a model has to be given. */
export function wantedBy(model: Model): WantedInput[] {
  const graph = Graph.of(model), names = graph.proto.input.map(({ name }) => name);
  return names.filter((name) => graph.initializer(name) === undefined).map((name) => {
    const { type = "float32", dims } = graph.type(name);
    return { name, type, dims: dims ?? [] };
  });
}

/** Every input is there; others may be too. */
export function checkNames(
  where: string,
  wanted: readonly WantedInput[],
  tensors: Readonly<Record<string, Tensor>>,
): void {
  const missing = wanted.find(({ name }) => !Object.hasOwn(tensors, name));
  if (missing === undefined) return;
  const names = wanted.map(({ name }) => name).join(", ");
  throw new TypeError(`${where} lacks the input ${JSON.stringify(missing.name)}; the model wants ${names}`);
}

/** A tensor in a type of ONNX; whole numbers are cut off towards zero. */
export function converted({ dims, data }: Tensor, type: OnnxTensor["type"]): OnnxTensor {
  if (type === "string") throw new TypeError("text cannot be given in numbers");
  const array = new elements[type].array!(data.length), isLong = type === "int64" || type === "uint64";
  for (let i = 0; i < data.length; i++) array[i] = isLong ? BigInt(Math.trunc(data[i])) : data[i];
  return { type, dims, data: array } as OnnxTensor;
}
