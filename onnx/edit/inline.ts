import type { AttributeProto, FunctionProto, GraphProto, NodeProto } from "../model.ts";
import { changed } from "./copy.ts";

/**
 * The nodes that a call of a function stands for: its body, with the values of the call for its inputs and outputs, new names for
 * all others, and the attributes of the call, or the function's defaults, where the body asks for them.
 */
export function inlined(
  call: NodeProto,
  { input, output, node, attributeProto }: FunctionProto,
  fresh: (name: string) => string,
): NodeProto[] {
  const attributes = new Map([...attributeProto, ...call.attribute].map((one) => [one.name, one]));
  const names = new Map(input.map((name, i) => [name, call.input[i] ?? ""])), passed: [from: string, to: string][] = [];
  output.forEach((name, i) => {
    const given = call.output[i] ?? "", known = names.get(name);
    if (given === "") return;
    if (known === undefined) names.set(name, given);
    else passed.push([known, given]); // an input that the function only passes on
  });
  const nameOf = (name: string): string => {
    if (name === "") return "";
    const known = names.get(name) ?? fresh(name);
    names.set(name, known);
    return known;
  };
  const named = <T extends { name: string }>(one: T): T => changed(one, { name: nameOf(one.name) } as Partial<T>);
  const copyOfNode = (one: NodeProto): NodeProto =>
    changed(one, {
      name: fresh(one.name || one.opType),
      input: one.input.map(nameOf),
      output: one.output.map(nameOf),
      attribute: one.attribute.flatMap(copyOfAttribute),
    });
  const copyOfGraph = (graph: GraphProto): GraphProto =>
    changed(graph, {
      node: graph.node.map(copyOfNode),
      initializer: graph.initializer.map(named),
      sparseInitializer: graph.sparseInitializer.map((one) =>
        changed(one, { ...one.values && { values: named(one.values) } })
      ),
      input: graph.input.map(named),
      output: graph.output.map(named),
      valueInfo: graph.valueInfo.map(named),
    });
  function copyOfAttribute(one: AttributeProto): AttributeProto[] {
    if (one.refAttrName !== "") {
      const given = attributes.get(one.refAttrName);
      return given ? [changed(given, { name: one.name })] : [];
    }
    return [changed(one, { ...one.g && { g: copyOfGraph(one.g) }, graphs: one.graphs.map(copyOfGraph) })];
  }
  const identity = ([from, to]: [string, string]): NodeProto =>
    changed(call, {
      opType: "Identity",
      domain: "",
      overload: "",
      name: fresh("Identity"),
      input: [from],
      output: [to],
      attribute: [],
    });
  return [...node.map(copyOfNode), ...passed.map(identity)];
}
