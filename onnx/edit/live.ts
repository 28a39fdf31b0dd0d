import type { Graph } from "../graph/graph.ts";
import type { NodeProto } from "../model.ts";

/** What of a graph, and of the graphs inside of it, its outputs depend on. */
export class Live {
  readonly #nodes = new Set<NodeProto>();
  readonly #values = new Map<Graph, Set<string>>();

  /** Walks from the outputs back. */
  constructor(graph: Graph) {
    const open: [Graph, string][] = [];
    const outputsOf = (graph: Graph) => graph.proto.output.forEach(({ name }) => open.push([graph, name]));
    outputsOf(graph);
    for (let next = open.pop(); next; next = open.pop()) {
      const [from, name] = next, scope = from.scopeOf(name);
      if (scope === undefined || this.hasValue(scope, name)) continue;
      this.#values.get(scope)?.add(name) ?? this.#values.set(scope, new Set([name]));
      const node = scope.producer(name);
      if (node === undefined || this.#nodes.has(node)) continue;
      this.#nodes.add(node);
      for (const input of node.input) open.push([scope, input]);
      for (const body of scope.bodies(node)) outputsOf(body);
    }
  }

  /** Whether an output depends on what a node gives. */
  hasNode(node: NodeProto): boolean {
    return this.#nodes.has(node);
  }

  /** Whether an output depends on a value of a graph. */
  hasValue(graph: Graph, name: string): boolean {
    return this.#values.get(graph)?.has(name) ?? false;
  }
}
