import { create } from "@bufbuild/protobuf";
import { NodeProtoSchema } from "onnx-buf";
import type { NodeProto, OnnxTensor, ValueInfoProto } from "../../onnx/mod.ts";
import { attributeProto, type AttributeValue } from "../../onnx/attribute.ts";
import { valueInfo, valueTypeOf } from "../../onnx/value_info.ts";

/** The numbers of float32 and float16 among ONNX's types. */
export const float32 = 1, float16 = 10;

/** A tensor in float16, rounded to nearest. */
export function halfOf({ dims, data }: OnnxTensor): OnnxTensor {
  return { type: "float16", dims, data: Float16Array.from(data as Float32Array) };
}

/** What is known of a value, in float16. */
export function halfInfo(info: ValueInfoProto): ValueInfoProto {
  return valueInfo(info.name, "float16", valueTypeOf(info).dims);
}

/** A Cast from one value to another. */
export function castNode(name: string, from: string, to: string, type: number): NodeProto {
  const attribute = [attributeProto("to", BigInt(type))];
  return create(NodeProtoSchema, { opType: "Cast", name, input: [from], output: [to], attribute });
}

/** Gives a node an attribute, in place of the one of that name. */
export function setAttribute(node: NodeProto, name: string, value: AttributeValue): void {
  node.attribute = [...node.attribute.filter((one) => one.name !== name), attributeProto(name, value)];
}
