import { graphlib, layout } from "@dagrejs/dagre";
import { attributeOf, type AttributeValue, Graph, type Model, type NodeProto } from "../../../onnx/mod.ts";
import { findNorms } from "../../../rewrite/find/findings.ts";

/** A model of more operators is drawn in part, since its layout would take seconds and nobody could read it. */
const most = 250;

/** A box of a drawing. */
export interface Box {
  readonly kind: "value" | "normalization" | "node";
  readonly title: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** What is known of it: a name and a text each. */
  readonly details: readonly (readonly [name: string, text: string])[];
}

/** A graph, laid out. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Box[];
  readonly edges: readonly (readonly { readonly x: number; readonly y: number }[])[];
  /** How many operators the whole graph has. */
  readonly operators: number;
  /** How many of them are drawn. */
  readonly drawn: number;
}

/** Lays a model's graph out from its inputs down; of a large one, what is nearest to a value, or to its inputs. */
export function drawing(model: Model, around?: string): Drawing {
  const graph = Graph.of(model), operators = graph.nodes.filter(({ opType }) => opType !== "Constant");
  const chosen = operators.length <= most ? operators : nearest(graph, operators, around);
  const inNorms = new Set(findNorms(graph).flatMap(({ nodes }) => nodes));
  const drawn = new Set(chosen), boxes = new Map<string, Pick<Box, "kind" | "title" | "details">>();
  const layered = new graphlib.Graph();
  layered.setGraph({ rankdir: "TB", nodesep: 24, ranksep: 32, marginx: 12, marginy: 12 });
  layered.setDefaultEdgeLabel(() => ({}));
  const add = (id: string, box: Pick<Box, "kind" | "title" | "details">) => {
    boxes.set(id, box);
    layered.setNode(id, { width: 24 + 8 * box.title.length, height: 30 });
  };
  const idOf = new Map(operators.map((node, i) => [node, `node ${i}`]));
  const source = (value: string) => {
    const producer = graph.producer(value);
    return producer === undefined ? `value ${value}` : idOf.get(producer);
  };
  const inputs = graph.proto.input.map(({ name }) => name).filter((name) => graph.initializer(name) === undefined);
  const reads = new Set(chosen.flatMap(({ input }) => input));
  for (const name of inputs) {
    if (reads.has(name)) add(`value ${name}`, { kind: "value", title: name, details: valueDetails(graph, name) });
  }
  for (const node of chosen) {
    const kind = inNorms.has(node) || /Norm|LRN/.test(node.opType) ? "normalization" : "node";
    add(idOf.get(node)!, { kind, title: node.opType, details: nodeDetails(graph, node) });
  }
  for (const { name } of graph.proto.output) {
    const producer = graph.producer(name);
    if (producer === undefined || !drawn.has(producer)) continue;
    add(`output ${name}`, { kind: "value", title: name, details: valueDetails(graph, name) });
    layered.setEdge(idOf.get(producer)!, `output ${name}`);
  }
  for (const node of chosen) {
    for (const from of new Set(node.input.map(source))) {
      if (from !== undefined && boxes.has(from)) layered.setEdge(from, idOf.get(node)!);
    }
  }
  layout(layered);
  const { width = 0, height = 0 } = layered.graph();
  return {
    width,
    height,
    boxes: layered.nodes().map((id) => {
      const { x, y, width, height } = layered.node(id);
      return { ...boxes.get(id)!, x, y, width, height };
    }),
    edges: layered.edges().map((edge) => layered.edge(edge).points),
    operators: operators.length,
    drawn: chosen.length,
  };
}

/** The operators nearest to the one that gives a value, both ways, or the first ones. */
function nearest(graph: Graph, operators: readonly NodeProto[], value?: string): readonly NodeProto[] {
  const start = value === undefined ? undefined : graph.producer(value);
  if (start === undefined) return operators.slice(0, most);
  const found = new Set([start]);
  for (const node of found) {
    if (found.size >= most / 4) break;
    const before = node.input.map((name) => graph.producer(name)),
      after = node.output.flatMap((name) => graph.consumers(name));
    for (const next of [...before, ...after]) if (next && next.opType !== "Constant") found.add(next);
  }
  return operators.filter((node) => found.has(node));
}

function valueDetails(graph: Graph, name: string): [string, string][] {
  const { type, dims } = { type: graph.type(name).type, dims: graph.dims(name) };
  return [["value", name], ["type", type ?? "unknown"], ["dims", dimsText(dims)]];
}

function nodeDetails(graph: Graph, node: NodeProto): [string, string][] {
  const value = (name: string) => `${name} [${dimsText(graph.dims(name))}]`;
  return [
    ["operator", node.domain ? `${node.domain}.${node.opType}` : node.opType],
    ...node.name ? [["name", node.name] as [string, string]] : [],
    ...node.input.map((name, i): [string, string] => [
      `input ${i}`,
      name === "" ? "none" : `${value(name)}${graph.initializer(name) ? ", stored" : ""}`,
    ]),
    ...node.output.map((name, i): [string, string] => [`output ${i}`, name === "" ? "none" : value(name)]),
    ...node.attribute.map(({ name }): [string, string] => [name, attributeText(node, name)]),
  ];
}

function attributeText(node: NodeProto, name: string): string {
  let value: AttributeValue | undefined;
  try {
    value = attributeOf(node, name);
  } catch {
    return "of a kind that has no short text";
  }
  if (Array.isArray(value)) return `[${value.slice(0, 16).join(", ")}${value.length > 16 ? ", ..." : ""}]`;
  if (typeof value !== "object") return String(value);
  return "dims" in value ? `a tensor of [${value.dims.join(", ")}]` : "a graph";
}

function dimsText(dims: readonly (number | string | undefined)[] | undefined): string {
  return dims?.map((dim) => dim ?? "?").join(", ") ?? "?";
}
