import type { AttributeProto, GraphProto, Model, NodeProto } from "../model.ts";

/**
 * A copy of a model that can be edited while the model stays as it is: graphs and nodes are new, and tensors, which are large
 * and never changed in place, are shared.
 */
export function copyOf(model: Model): Model {
  const { graph, opsetImport } = model;
  return changed(model, {
    graph: graph && copyOfGraph(graph),
    opsetImport: opsetImport.map((one) => changed(one, {})),
  });
}

function copyOfGraph(graph: GraphProto): GraphProto {
  const { node, initializer, input, output, valueInfo } = graph;
  return changed(graph, {
    node: node.map(copyOfNode),
    initializer: [...initializer],
    input: [...input],
    output: [...output],
    valueInfo: [...valueInfo],
  });
}

function copyOfNode(node: NodeProto): NodeProto {
  const { input, output, attribute } = node;
  return changed(node, { input: [...input], output: [...output], attribute: attribute.map(copyOfAttribute) });
}

function copyOfAttribute(attribute: AttributeProto): AttributeProto {
  const { g, graphs } = attribute;
  if (g === undefined && graphs.length === 0) return attribute;
  return changed(attribute, { ...g && { g: copyOfGraph(g) }, graphs: graphs.map(copyOfGraph) });
}

/** A message with other values in some fields. Its defaults are in its prototype. */
export function changed<T extends object>(message: T, changes: Partial<T>): T {
  return Object.assign(Object.create(Object.getPrototypeOf(message)), message, changes);
}
