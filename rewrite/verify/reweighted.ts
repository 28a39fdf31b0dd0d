import { type Graph, type NodeProto, tensorOf, type TensorProto } from "../../onnx/mod.ts";

/**
 * The values of nodes that two graphs both have, by operator and names, and of which one has another constant. Compared where they
 * arise, in units of their own size, they show what a softmax behind them would hide.
 */
export function reweighted(first: Graph, second: Graph): string[] {
  return second.nodes.filter((node) => {
    const twin = first.producer(node.output[0]);
    return twin !== undefined && isTwin(twin, node) && node.input.some((name) => differs(first, second, name));
  }).map(({ output }) => output[0]);
}

function isTwin(a: NodeProto, b: NodeProto): boolean {
  const key = ({ domain, opType, input, output }: NodeProto) => JSON.stringify([domain, opType, input, output]);
  return key(a) === key(b);
}

/** Whether an initializer is other numbers of the same type; one that was converted is another matter. */
function differs(first: Graph, second: Graph, name: string): boolean {
  const a = first.initializer(name), b = second.initializer(name);
  if (a === b || a === undefined || b === undefined || a.dataType !== b.dataType) return false;
  const [p, q] = [a, b].map(contentOf);
  if (p.length !== q.length) return true;
  for (let i = 0; i < p.length; i++) if (p[i] !== q[i]) return true;
  return false;
}

/** The bytes of a tensor where it has them, or its numbers. */
function contentOf(proto: TensorProto): ArrayLike<unknown> {
  return proto.rawData.length > 0 ? proto.rawData : tensorOf(proto).data;
}
