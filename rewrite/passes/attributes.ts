import { attributeOf, type AttributeValue, type NodeProto } from "../../onnx/mod.ts";

/** The attributes of a node by name, as builders take them; those that are named are left out. */
export function attributesOf(node: NodeProto, ...without: string[]): Record<string, AttributeValue> {
  const names = node.attribute.map(({ name }) => name).filter((name) => !without.includes(name));
  return Object.fromEntries(names.map((name) => [name, attributeOf(node, name)!]));
}
