import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { AttributeProto_AttributeType as AttributeType, AttributeProtoSchema, type SparseTensorProto } from "onnx-buf";
import type { OnnxTensor } from "./element.ts";
import { ModelError } from "./error.ts";
import type { AttributeProto, GraphProto, NodeProto } from "./model.ts";
import { protoOf, tensorOf } from "./tensor.ts";

/**
 * An attribute's value as it is written: a bigint is ONNX's INT, a number its FLOAT, a string its STRING, and arrays of them
 * its INTS, FLOATS and STRINGS. An empty array is INTS. A tensor is TENSOR, a graph GRAPH.
 */
export type AttributeValue =
  | bigint
  | number
  | string
  | readonly bigint[]
  | readonly number[]
  | readonly string[]
  | OnnxTensor
  | GraphProto;

const utf8 = new TextEncoder();

/** The AttributeProto of a value. */
export function attributeProto(name: string, value: AttributeValue): AttributeProto {
  const of = (type: AttributeType, fields: Omit<MessageInitShape<typeof AttributeProtoSchema>, "$typeName">) =>
    create(AttributeProtoSchema, { name, type, ...fields });
  if (typeof value === "bigint") return of(AttributeType.INT, { i: value });
  if (typeof value === "number") return of(AttributeType.FLOAT, { f: value });
  if (typeof value === "string") return of(AttributeType.STRING, { s: utf8.encode(value) });
  if (isListOf(value, "bigint")) return of(AttributeType.INTS, { ints: value });
  if (isListOf(value, "number")) return of(AttributeType.FLOATS, { floats: value });
  if (isListOf(value, "string")) return of(AttributeType.STRINGS, { strings: value.map((text) => utf8.encode(text)) });
  if (isGraph(value)) return of(AttributeType.GRAPH, { g: value });
  if (value !== null && typeof value === "object" && "data" in value) {
    return of(AttributeType.TENSOR, { t: protoOf(value) });
  }
  throw new TypeError(
    `Attribute ${
      JSON.stringify(name)
    } is none of the kinds there are: a bigint for an INT (as in -1n), a number for a ` +
      `FLOAT, a string, an array of one of these, a tensor { type, dims, data }, or a graph.`,
  );
}

interface Primitives {
  bigint: bigint;
  number: number;
  string: string;
}

/** Whether a value is a list whose elements are all of one kind. */
export function isListOf<K extends keyof Primitives>(value: unknown, kind: K): value is Primitives[K][] {
  return Array.isArray(value) && value.every((element) => typeof element === kind);
}

function isGraph(value: unknown): value is GraphProto {
  return (value as GraphProto | null)?.$typeName === "onnx.GraphProto";
}

/**
 * The value of a node's attribute, or undefined if the node does not have it. Each kind comes back as
 * {@linkcode AttributeValue} has it.
 *
 * @throws {ModelError} If the attribute stands for one of the function around the node, or is of a kind that has no value
 * here: a sparse tensor, a type, or a list of tensors, graphs or types.
 *
 * @example The axis of a normalization, with the default of the operator
 * ```ts
 * import { attributeOf, GraphBuilder } from "@evenkeel/norm/onnx";
 * import { assertEquals } from "@std/assert";
 *
 * const g = new GraphBuilder("g", { opset: 22 });
 * g.output("y", g.op("LpNormalization", [g.input("x", "float32", [2])], { p: 1n }), "float32", [2]);
 * const [node] = g.build().graph!.node;
 * assertEquals(attributeOf(node, "p"), 1n);
 * assertEquals(attributeOf(node, "axis") ?? -1n, -1n);
 * ```
 */
export function attributeOf(node: NodeProto, name: string): AttributeValue | undefined {
  const attribute = node.attribute.find((one) => one.name === name);
  if (attribute === undefined) return undefined;
  const { type, refAttrName, i, f, s, ints, floats, strings, t, g } = attribute;
  const what = `Attribute ${JSON.stringify(name)} of a ${node.opType} node`;
  if (refAttrName !== "") throw new ModelError(`${what} stands for the function's attribute ${refAttrName}.`);
  const decoder = new TextDecoder();
  switch (type) {
    case AttributeType.INT:
      return i;
    case AttributeType.FLOAT:
      return f;
    case AttributeType.STRING:
      return decoder.decode(s);
    case AttributeType.INTS:
      return ints;
    case AttributeType.FLOATS:
      return floats;
    case AttributeType.STRINGS:
      return strings.map((bytes) => decoder.decode(bytes));
    case AttributeType.TENSOR:
      if (t) return tensorOf(t);
      break;
    case AttributeType.GRAPH:
      if (g) return g;
  }
  throw new ModelError(`${what} is of type ${AttributeType[type] ?? type}, which has no value here.`);
}

/** The sparse tensor that is a node's attribute. */
export function sparseAttributeOf(node: NodeProto, name: string): SparseTensorProto | undefined {
  return node.attribute.find((one) => one.name === name)?.sparseTensor;
}
