import { graphlib, layout } from "@dagrejs/dagre";
import { Graph, type Model, type NodeProto } from "../onnx/mod.ts";
import { card, type Displayable, escape, type Part, textWidth, theme } from "./figure.ts";
import { folded, type Piece } from "./fold.ts";
import { formatNumber } from "../kernels/format.ts";
import { Table } from "./table.ts";

/** A larger model is not drawn: its operators are counted instead. */
const drawable = 60;

/** A box of the picture: a node of the graph, an input or an output. */
interface Box {
  readonly lines: readonly string[];
  readonly kind: "value" | "normalization" | "node";
}

/** An ONNX model as a picture of its graph, from its inputs at the top to its outputs. */
export function modelFigure(model: Model): Displayable {
  const graph = Graph.of(model), { name } = graph.proto;
  const operators = graph.nodes.filter(({ opType }) => opType !== "Constant");
  return operators.length > drawable ? operatorTable(name, operators) : card(drawn(graph, operators), name);
}

/** Whether a value is an ONNX model. */
export function isModel(value: object): value is Model {
  return (value as Partial<Model>).$typeName === "onnx.ModelProto";
}

function operatorTable(name: string, operators: readonly NodeProto[]): Table {
  const counts = Map.groupBy(operators, ({ opType }) => opType);
  const rows = [...counts].map(([opType, nodes]): [string, number] => [opType, nodes.length]).sort(([, a], [, b]) =>
    b - a
  );
  return new Table(["operator", "nodes"], rows, `${name}: ${operators.length} nodes`);
}

function drawn(graph: Graph, operators: readonly NodeProto[]): Part {
  const boxes = new Map<string, Box>(), layered = new graphlib.Graph({ multigraph: true });
  layered.setGraph({ rankdir: "TB", nodesep: 24, ranksep: 20 });
  layered.setDefaultEdgeLabel(() => ({}));
  const add = (id: string, box: Box) => {
    boxes.set(id, box);
    const width = Math.max(...box.lines.map((line, i) => textWidth(line, i === 0 ? 15 : 11))) + 24;
    layered.setNode(id, { width, height: 12 + 16 * box.lines.length });
  };
  const connect = (from: string, to: string, value: string) => {
    const label = dimsText(graph, value);
    layered.setEdge(from, to, { label, width: textWidth(label, 11), height: 12, labelpos: "r" }, value);
  };
  const source = (value: string) => {
    const producer = graph.producer(value);
    return producer === undefined ? `input ${value}` : idOf(producer);
  };

  for (const { name } of graph.proto.input) {
    if (graph.initializer(name) === undefined) add(`input ${name}`, { lines: [name], kind: "value" });
  }
  for (const node of operators) {
    const kind = /Norm|LRN/.test(node.opType) ? "normalization" : "node";
    add(idOf(node), { lines: [node.opType, ...storedIn(graph, node)], kind });
  }
  for (const { name } of graph.proto.output) add(`output ${name}`, { lines: [name], kind: "value" });
  for (const node of operators) {
    for (const value of new Set(node.input)) {
      if (boxes.has(source(value))) connect(source(value), idOf(node), value);
    }
  }
  for (const { name } of graph.proto.output) {
    if (boxes.has(source(name))) connect(source(name), `output ${name}`, name);
  }
  layout(layered);

  const edges = layered.edges().map((edge) => drawnEdge(layered.edge(edge)));
  const nodes = layered.nodes().map((id) => drawnBox(boxes.get(id)!, layered.node(id)));
  const { width = 0, height = 0 } = layered.graph();
  return fitted(folded([...edges, ...nodes], width, height, layered.nodes().map((id) => above(layered.node(id)))));
}

/** A height between a box and the labels above it. */
function above({ y, height }: Placed): number {
  return y - height / 2 - 9;
}

/** A node by its first output: names of nodes may be missing. */
function idOf({ output }: NodeProto): string {
  return `node ${output.find((name) => name !== "")}`;
}

/** What the inputs of an operator are for, where their values do not tell. */
const roles: Readonly<Record<string, readonly string[]>> = {
  BatchNormalization: ["x", "scale", "bias", "mean", "variance"],
  GroupNormalization: ["x", "scale", "bias"],
  InstanceNormalization: ["x", "scale", "bias"],
  LayerNormalization: ["x", "scale", "bias"],
  RMSNormalization: ["x", "scale"],
  Slice: ["x", "starts", "ends", "axes", "steps"],
};

/** The stored tensors that a node reads, a line each: short ones by their values, all others by name and dims. */
function storedIn(graph: Graph, { opType, input }: NodeProto): string[] {
  return input.flatMap((name, i) => {
    const tensor = graph.constant(name), role = roles[opType]?.[i];
    if (tensor === undefined) return [];
    if (tensor.data.length > 4) return [`${role ?? name} ${dimsText(graph, name)}`];
    const values = Array.from<unknown>(tensor.data).map((value) => formatNumber(Number(value))).join(", ");
    return [`${role ? `${role} ` : ""}${tensor.dims.length === 0 ? values : `[${values}]`}`];
  });
}

function dimsText(graph: Graph, value: string): string {
  return graph.dims(value)?.map((dim) => dim ?? "?").join(" × ") ?? "";
}

interface Placed {
  x: number;
  y: number;
  width: number;
  height: number;
}

const fills = { value: theme.paper, normalization: "#ddf4ff", node: "#f6f8fa" } as const;

function drawnBox({ lines, kind }: Box, { x, y, width, height }: Placed): Piece {
  const left = x - width / 2, top = y - height / 2, radius = kind === "value" ? height / 2 : 6;
  const texts = lines.map((line, i) => {
    const style = i === 0 ? `font-size="13" font-weight="600"` : `font-size="11" fill="${theme.faint}"`;
    return `<text x="${round(x)}" y="${round(top + 19 + 16 * i)}" ${style}>${escape(line)}</text>`;
  });
  const svg = `<rect x="${round(left)}" y="${round(top)}" width="${round(width)}" height="${round(height)}" ` +
    `rx="${radius}" fill="${fills[kind]}" stroke="${theme.faint}"/><g text-anchor="middle">${texts.join("")}</g>`;
  return { svg, top, bottom: top + height };
}

function drawnEdge({ points, label, x, y }: { points: { x: number; y: number }[]; label: string } & Placed): Piece {
  // Straight down beside the label, so that a line to the right does not cross it.
  const bends = points.flatMap((point) => point.y === y ? [point, { x: point.x, y: y + 5 }] : [point]);
  const path = bends.map((point, i) => `${i === 0 ? "M" : "L"}${round(point.x)},${round(point.y)}`).join("");
  const { x: endX, y: endY } = bends.at(-1)!, { x: beforeX, y: beforeY } = bends.at(-2)!;
  const angle = round(Math.atan2(endY - beforeY, endX - beforeX) * 180 / Math.PI);
  const arrow = `<path d="M0,0L-7,-3.5L-7,3.5Z" transform="translate(${round(endX)},${
    round(endY)
  }) rotate(${angle})"/>`;
  const svg = `<path d="${path}" fill="none" stroke="${theme.faint}"/><g fill="${theme.faint}">${arrow}` +
    `<text x="${round(x)}" y="${round(y + 4)}" font-size="11" text-anchor="middle">${escape(label)}</text></g>`;
  return { svg, top: points[0].y, bottom: endY };
}

/** A part made as small as a card is wide, if it is wider. */
function fitted({ svg, width, height }: Part): Part {
  const room = theme.width - 2 * theme.padding, scale = Math.min(1, room / width);
  return { svg: `<g transform="scale(${round(scale)})">${svg}</g>`, width: width * scale, height: height * scale };
}

function round(value: number): number {
  return Number(value.toFixed(2));
}
