import type { Graph, NodeProto } from "../../onnx/mod.ts";
import { isStandard } from "../../onnx/standard.ts";
import { Call } from "../find/call.ts";

/**
 * Why WebGPU gets an InstanceNormalization wrong; undefined if it does not. It keeps one program for all of a shape, with the epsilon of
 * the first, and writes that with six decimals.
 *
 * @param first The epsilon of the first in the model.
 */
export function instanceFault(epsilon: number, first = epsilon): string | undefined {
  const written = Number(epsilon.toFixed(6));
  if (Math.abs(written - epsilon) > 1e-4 * epsilon) return "six decimals do not hold its epsilon";
  return Math.fround(first) === Math.fround(epsilon) ? undefined : "another InstanceNormalization has another epsilon";
}

/** The epsilons of the InstanceNormalizations of a graph and those inside. */
export function* instanceEpsilons(graph: Graph): Generator<number> {
  for (const node of graph.nodes) {
    if (isInstanceNorm(node)) yield epsilonOf(graph, node);
    for (const body of graph.bodies(node)) yield* instanceEpsilons(body);
  }
}

export function isInstanceNorm(node: NodeProto): boolean {
  return isStandard(node) && node.opType === "InstanceNormalization";
}

export function epsilonOf(graph: Graph, node: NodeProto): number {
  return new Call(graph, node).float("epsilon", 1e-5);
}
