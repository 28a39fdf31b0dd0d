import type { Editor, FunctionProto, Graph, Model, NodeProto } from "../../onnx/mod.ts";
import { isStandard } from "../../onnx/standard.ts";
import type { Action } from "./pass.ts";

/** Functions that call others many times, or each other in a circle, become more nodes than any model has: there it ends. */
const mostNodes = 20_000, deepest = 64;

/** What a normalization has, in every spelling. */
const statistics = /Normalization$|^Reduce(Mean|Sum|SumSquare|L2)$|^GlobalAveragePool$/;

/**
 * Puts the bodies of the model's own functions in the places of their calls, where there may be a normalization in them: in a
 * function nothing has a type, and an epsilon may be what the caller says. onnxruntime does the same when it loads a model.
 */
export function inlineFunctions(editor: Editor): Action[] {
  const actions: Action[] = [], stay = new Map<FunctionProto, boolean>();
  let nodes = 0;
  const stays = (graph: Graph, call: NodeProto, called: FunctionProto): boolean => {
    if (!hasStatistics(graph, called)) return true;
    const obstacle = inlineObstacle(editor.model, called);
    if (obstacle === undefined) return false;
    actions.push({ pass: "inline", value: call.output[0], what: `${called.name} stays: ${obstacle}`, done: false });
    return true;
  };
  for (let level = 0; level < deepest && nodes < mostNodes; level++) {
    const found = new Map<Graph, NodeProto[]>();
    for (const [graph, call] of callsIn(editor.view())) {
      const called = graph.functionOf(call)!;
      if (!stay.has(called)) stay.set(called, stays(graph, call, called));
      if (stay.get(called) || nodes >= mostNodes) continue;
      nodes += Math.max(1, called.node.length);
      (found.get(graph) ?? found.set(graph, []).get(graph)!).push(call);
      actions.push({ pass: "inline", value: call.output[0], what: `the function ${called.name}`, done: true });
    }
    if (found.size === 0) break;
    for (const [graph, calls] of found) editor.inline(graph, calls);
  }
  if (nodes > 0) editor.dropFunctions();
  return actions;
}

/** Every node that calls a function of the model, with its graph. */
function* callsIn(graph: Graph): Generator<[Graph, NodeProto]> {
  for (const node of graph.nodes) {
    if (graph.functionOf(node)) yield [graph, node];
    for (const body of graph.bodies(node)) yield* callsIn(body);
  }
}

/** Whether a function, or one that it calls, takes means or sums. */
function hasStatistics(graph: Graph, one: FunctionProto, seen: Set<FunctionProto> = new Set()): boolean {
  if (seen.has(one)) return false;
  seen.add(one);
  return one.node.some((node) => {
    const called = graph.functionOf(node);
    return called ? hasStatistics(graph, called, seen) : isStandard(node) && statistics.test(node.opType);
  });
}

/** What keeps a function from being inlined: a body means what the operator sets of its function say, and a graph those of the model. */
export function inlineObstacle(model: Model, { opsetImport }: FunctionProto): string | undefined {
  const plain = (domain: string) => domain === "ai.onnx" ? "" : domain;
  const other = opsetImport.find(({ domain, version }) => {
    const own = model.opsetImport.find((one) => plain(one.domain) === plain(domain));
    return version !== (own?.version ?? 1n);
  });
  return other && `it is written in another version of ${plain(other.domain) || "ONNX's operators"} than the model`;
}
