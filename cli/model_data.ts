import { readdir, readFile, stat } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { Graph, type Model, type OnnxTensor } from "../onnx/mod.ts";
import { elements } from "../onnx/element.ts";
import { readNpy, readNpz } from "../layers/weights/mod.ts";
import type { Tensor } from "../kernels/mod.ts";
import type { Inputs } from "../rewrite/mod.ts";
import { Failure } from "./failure.ts";
import { messageOf } from "./message.ts";

/**
 * The inputs of a model from a file, or from every file of a folder: a `.npz` has them by name, a `.npy` is that of a model with
 * one input. Numbers are brought to the types that the model wants.
 */
export async function readInputs(model: Model, path: string): Promise<Inputs[]> {
  try {
    const files = (await stat(path)).isDirectory()
      ? (await readdir(path)).sort().map((name) => join(path, name))
      : [path];
    const wanted = files.filter((file) => [".npz", ".npy"].includes(extname(file)));
    if (wanted.length === 0) throw new TypeError("there is no .npz and no .npy file");
    return await Promise.all(wanted.map(async (file) => inputsOf(Graph.of(model), file, await readFile(file))));
  } catch (error) {
    throw new Failure(`${path}: ${messageOf(error)}`, 2, { cause: error });
  }
}

function inputsOf(graph: Graph, file: string, bytes: Uint8Array): Inputs {
  const names = graph.proto.input.map(({ name }) => name).filter((name) => !graph.initializer(name));
  const tensors = extname(file) === ".npz" ? readNpz(bytes) : { [names[0]]: readNpy(bytes) };
  const missing = names.find((name) => !Object.hasOwn(tensors, name));
  if (missing !== undefined) {
    throw new TypeError(
      `${basename(file)} lacks the input ${JSON.stringify(missing)}; the model wants ${names.join(", ")}`,
    );
  }
  return Object.fromEntries(names.map((name) => [name, converted(tensors[name], graph.type(name).type ?? "float32")]));
}

function converted({ dims, data }: Tensor, type: OnnxTensor["type"]): OnnxTensor {
  if (type === "string") throw new TypeError("text cannot be given in numbers");
  const array = new elements[type].array!(data.length), isLong = type === "int64" || type === "uint64";
  for (let i = 0; i < data.length; i++) array[i] = isLong ? BigInt(Math.trunc(data[i])) : data[i];
  return { type, dims, data: array } as OnnxTensor;
}
