import type { Graph, NodeProto } from "../../onnx/mod.ts";
import { isStandard } from "../../onnx/standard.ts";
import { type Norm, normOf } from "./norms.ts";
import { Meanings } from "./readings.ts";

/** A normalization in a graph. */
export interface Finding extends Norm {
  /** The graph: the main one, or the body of a node. */
  readonly graph: Graph;
  /** The value that is normalized. */
  readonly x: string;
  /** The value that is its normalization. */
  readonly y: string;
  /** The nodes that compute it, the last one first. */
  readonly nodes: readonly NodeProto[];
  /** Values inside of it that are also used outside, so that the nodes which give them stay. */
  readonly alsoUsed: readonly string[];
}

/** Every normalization of a graph and of the graphs inside of it. */
export function findNorms(graph: Graph): Finding[] {
  const meanings = new Meanings(graph), found: Finding[] = [], inside: Finding[] = [];
  for (const node of graph.nodes) {
    for (const body of graph.bodies(node)) inside.push(...findNorms(body));
    const [y] = node.output, norms = normsOf(meanings, y);
    // Of a centred x, a layer norm of x is an RMS norm too; and of readings of one kind the nearest root is the one to take.
    const best = norms.findLast(({ norm }) => norm.centred) ?? norms.at(-1);
    if (best) found.push(finding(meanings, best.x, y, best.norm));
  }
  return [...whole(found), ...inside];
}

function normsOf(meanings: Meanings, y: string | undefined): { x: string; norm: Norm }[] {
  if (y === undefined || y === "") return [];
  return [...meanings.of(y)].flatMap(([x, poly]) => {
    const norm = normOf(poly);
    return norm ? [{ x, norm }] : [];
  });
}

/**
 * Of findings that are parts of one another, such as a norm and the same with its scale, those that go as far as they can: one
 * that is used on its own too ends there.
 */
function whole(found: readonly Finding[]): Finding[] {
  const byOutput = new Map(found.map((one) => [one.y, one]));
  const dropped = new Set<Finding>();
  for (const one of found) {
    if (one.alsoUsed.some((value) => isKept(byOutput.get(value)))) dropped.add(one);
    else for (const { output } of one.nodes) for (const value of output) if (value !== one.y) drop(byOutput.get(value));
  }
  return found.filter((one) => !dropped.has(one));

  function isKept(inner: Finding | undefined): boolean {
    return inner !== undefined && !dropped.has(inner);
  }

  function drop(inner: Finding | undefined): void {
    if (inner) dropped.add(inner);
  }
}

/** The nodes between x and its norm. */
function finding(meanings: Meanings, x: string, y: string, norm: Norm): Finding {
  const { graph } = meanings, nodes = new Set<NodeProto>(), open = [y];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    const node = graph.scopeOf(value) === graph ? graph.producer(value) : undefined;
    if (node === undefined || value === x || nodes.has(node) || graph.constant(value)) continue;
    nodes.add(node);
    if (!isStandard(node)) continue; // onnxruntime's own read their x themselves
    open.push(...(node.opType === "Reshape" ? node.input.slice(0, 1) : node.input).toReversed());
  }
  const values = [...nodes].flatMap(({ output }) => output).filter((value) => value !== y && value !== "");
  const alsoUsed = values.filter((value) => graph.uses(value).some((use) => !use.node || !nodes.has(use.node)));
  return { ...norm, graph, x, y, nodes: [...nodes], alsoUsed };
}
