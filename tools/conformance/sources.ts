/**
 * Cases of others: ONNX's own backend tests, the operator tests of onnxruntime-web, files of burn-onnx. They are not part of the
 * project, but may lie beside a checkout.
 */
import { type OnnxTensor, readModel, readTensorProto, tensorOf } from "../../onnx/mod.ts";
import { type Call, type Case, caseOf } from "./case.ts";

const shared = new URL("../../../shared/conformance/", import.meta.url);

/** Whose cases they are, each with a way to read them: undefined where they do not lie beside this checkout. */
export const sources: Readonly<Record<string, () => Case[] | undefined>> = {
  "ONNX's node tests": () => nodeTests(new URL("onnx-node-tests/", shared)),
  "onnxruntime's operator tests": () => operatorTests(new URL("onnxruntime/js-ops-jsonc/", shared)),
};

/** The files of burn-onnx, which come without data. */
export const burnFiles: URL = new URL("burn-onnx/", shared);

/** The names of what is in a folder, sorted; undefined if there is no such folder. */
export function list(folder: URL): string[] | undefined {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Folders with a `model.onnx` and, in `test_data_set_0`, `input_0.pb`, `output_0.pb` and so on. */
function nodeTests(folder: URL): Case[] | undefined {
  return list(folder)?.filter((name) => name.startsWith("test_")).map((name) => {
    const at = (path: string) => Deno.readFileSync(new URL(`${name}/${path}`, folder));
    const model = readModel(at("model.onnx")), { input, output } = model.graph!;
    const tensors = (kind: string, values: { name: string }[]) =>
      Object.fromEntries(
        values.map(({ name }, i) => [name, tensorOf(readTensorProto(at(`test_data_set_0/${kind}_${i}.pb`)))]),
      );
    return { name, model, inputs: tensors("input", input), outputs: tensors("output", output) };
  });
}

interface JsonTensor {
  type: "float32";
  dims: number[];
  /** Null for an output that is left out. */
  data: number[] | null;
}

interface JsonTest {
  name: string;
  operator: string;
  opset?: { domain: string; version: number };
  attributes?: { name: string; type: "float" | "int"; data: number }[];
  cases: { name: string; inputs: JsonTensor[]; outputs: JsonTensor[] }[];
}

/** JSON with comments: lists of operators, each with attributes and cases of inputs and outputs. */
function operatorTests(folder: URL): Case[] | undefined {
  return list(folder)?.flatMap((file) => {
    const text = Deno.readTextFileSync(new URL(file, folder)).replace(/^\s*\/\/.*$/gm, "");
    return (JSON.parse(text) as JsonTest[]).flatMap(({ name, operator, opset, attributes = [], cases }) => {
      const { domain, version } = opset ?? { domain: "", version: 17 };
      const values = attributes.map(({ name, type, data }) => [name, type === "int" ? BigInt(data) : data]);
      const call = { operator, domain, opset: version, attributes: Object.fromEntries(values) };
      return cases.map((test) =>
        caseOf(
          `${file}: ${name}, ${test.name}`,
          {
            ...call,
            inputs: test.inputs.map(tensorFrom),
            outputs: test.outputs.map(tensorFrom),
          } satisfies Call,
        )
      );
    });
  });
}

function tensorFrom({ type, dims, data }: JsonTensor): OnnxTensor | undefined {
  return data === null ? undefined : { type, dims, data: Float32Array.from(data) };
}
