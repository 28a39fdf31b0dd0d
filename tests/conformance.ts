/**
 * Reads ONNX's backend tests: folders with a `model.onnx` and `test_data_set_*` of `input_*.pb` and `output_*.pb`. They are not
 * part of the project; {@link onnxNodeTests} is where a checkout may have them beside it.
 */
import { fromBinary } from "@bufbuild/protobuf";
import { assert, assertEquals } from "@std/assert";
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  ModelProtoSchema,
  type TensorProto,
  TensorProto_DataType,
  TensorProtoSchema,
} from "onnx-buf";
import type { Tensor } from "../kernels/tensor.ts";

/** Where ONNX's node tests lie, if they are there. */
export const onnxNodeTests: URL = new URL("../../shared/conformance/onnx-node-tests/", import.meta.url);

/** One operator call with what it must give. */
export interface Case {
  /** The name of its folder. */
  name: string;
  /** The operator, such as "LayerNormalization". */
  operator: string;
  /** The version of ONNX's operator set. */
  opset: number;
  /** The attributes that are one number. */
  numbers: Record<string, number | undefined>;
  /** The attributes that are a list of numbers. */
  lists: Record<string, number[] | undefined>;
  /** The inputs in the operator's order, undefined where an optional one is left out. */
  inputs: (Tensor | undefined)[];
  /** The expected outputs in the operator's order, undefined where an optional one is left out. */
  outputs: (Tensor | undefined)[];
}

/** Whether a folder is there. */
export function exists(folder: URL): boolean {
  try {
    return Deno.statSync(folder).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** The names of what is in a folder, sorted. */
function list(folder: URL, pattern: RegExp): string[] {
  return [...Deno.readDirSync(folder)].map((entry) => entry.name).filter((name) => pattern.test(name)).sort();
}

/** Reads every data set of a test whose graph is one node of the given operators; none of other tests. */
export function readCases(folder: URL, name: string, operators: readonly string[]): Case[] {
  const { graph, opsetImport } = fromBinary(ModelProtoSchema, Deno.readFileSync(new URL(`${name}/model.onnx`, folder)));
  assert(graph, `${name}: the model has no graph`);
  const [{ opType, attribute, input, output }] = graph.node;
  if (graph.node.length > 1 || !operators.includes(opType)) return [];
  return list(new URL(`${name}/`, folder), /^test_data_set_\d+$/).map((set) => {
    const tensors = new Map<string, Tensor>();
    for (const [kind, values] of Object.entries({ input: graph.input, output: graph.output })) {
      values.forEach((value, i) => {
        const bytes = Deno.readFileSync(new URL(`${name}/${set}/${kind}_${i}.pb`, folder));
        tensors.set(value.name, readTensor(fromBinary(TensorProtoSchema, bytes)));
      });
    }
    return {
      name: set === "test_data_set_0" ? name : `${name}/${set}`,
      operator: opType,
      opset: Number(opsetImport.find(({ domain }) => domain === "" || domain === "ai.onnx")?.version),
      ...readAttributes(attribute),
      inputs: input.map((name) => tensors.get(name)),
      outputs: output.map((name) => tensors.get(name)),
    };
  });
}

/** Reads the tests of a folder, as {@link readCases} does, and names those it gives none of. */
export function readTests(folder: URL, operators: readonly string[]): { cases: Case[]; skipped: string[] } {
  const cases: Case[] = [], skipped: string[] = [];
  for (const name of list(folder, /^test_/)) {
    const read = readCases(folder, name, operators);
    if (read.length > 0) cases.push(...read);
    else skipped.push(name);
  }
  return { cases, skipped };
}

/** Sorts a node's attributes into numbers and lists of numbers; other kinds are left out. */
export function readAttributes(attributes: AttributeProto[]): Pick<Case, "numbers" | "lists"> {
  const numbers: Case["numbers"] = {}, lists: Case["lists"] = {};
  for (const { name, type, f, i, floats, ints } of attributes) {
    if (type === AttributeProto_AttributeType.FLOAT) numbers[name] = f;
    if (type === AttributeProto_AttributeType.INT) numbers[name] = Number(i);
    if (type === AttributeProto_AttributeType.FLOATS) lists[name] = floats;
    if (type === AttributeProto_AttributeType.INTS) lists[name] = ints.map(Number);
  }
  return { numbers, lists };
}

/** Reads a tensor of floating point numbers from its raw bytes or from the field of its type. */
export function readTensor({ name, dataType, dims, rawData, floatData, doubleData, int32Data }: TensorProto): Tensor {
  const bytes = rawData.slice().buffer, shape = dims.map(Number);
  const length = shape.reduce((product, n) => product * n, 1);
  const whole = <T extends Tensor>(tensor: T) => {
    assertEquals(tensor.data.length, length, `tensor "${name}" of dims [${shape}] has ${tensor.data.length} elements`);
    return tensor;
  };
  const raw = rawData.length > 0;
  switch (dataType) {
    case TensorProto_DataType.FLOAT:
      return whole({
        type: "float32",
        dims: shape,
        data: raw ? new Float32Array(bytes) : Float32Array.from(floatData),
      });
    case TensorProto_DataType.DOUBLE:
      return whole({
        type: "float64",
        dims: shape,
        data: raw ? new Float64Array(bytes) : Float64Array.from(doubleData),
      });
    case TensorProto_DataType.FLOAT16: // the typed field has the bits of one number in each 32-bit integer
      return whole({
        type: "float16",
        dims: shape,
        data: new Float16Array(raw ? bytes : Uint16Array.from(int32Data).buffer),
      });
    default:
      throw new TypeError(`tensor "${name}" is ${TensorProto_DataType[dataType]}; only floating point is read here`);
  }
}

/** Asserts `|actual - expected| <= atol + rtol * |expected|`, by default with the tolerances of ONNX's own test runner. */
export function assertAllClose(actual: Tensor, expected: Tensor, what: string, rtol = 1e-3, atol = 1e-7): void {
  assertEquals([...actual.dims], [...expected.dims], `${what}: dims`);
  assertEquals(actual.data.length, expected.data.length, `${what}: number of elements`);
  expected.data.forEach((e, i) => {
    const a = actual.data[i];
    const close = Object.is(a, e) || Math.abs(a - e) <= atol + rtol * Math.abs(e);
    assert(close, `${what}: element ${i} is ${a}, expected ${e}`);
  });
}
