import type { Factor, Poly } from "./algebra.ts";
import type { Graph, NodeProto } from "../../onnx/mod.ts";

/** What regrouping asks of the readings of a graph. */
export interface Reader {
  readonly graph: Graph;
  /** The readings of a value. */
  of(value: string): ReadonlyMap<string, Poly>;
  /** The name that a value had before it was passed on. */
  nameOf(value: string): string;
}

/**
 * Group norm as exporters write it: x of [N, C, ...] is reshaped to [N, G, ...], normalized along all axes behind the
 * groups, and reshaped back. Read over x, that is a norm with G groups. Everything else that a Reshape gives is a value of its own.
 */
export function regrouped(reader: Reader, node: NodeProto): Map<string, Poly> {
  const { graph } = reader, found = new Map<string, Poly>(), [from] = node.input;
  const rank = graph.dims(from)?.length;
  if (rank === undefined || rank < 3) return found;
  const behind = Array.from({ length: rank - 2 }, (_, i) => i + 2 - rank).join();
  for (const [over, poly] of reader.of(from)) {
    const before = graph.producer(over);
    if (before?.opType !== "Reshape") continue;
    const [x] = before.input, groups = groupsOf(graph, before);
    if (groups === undefined || !isShapedAs(reader, node, x)) continue;
    const renamed = renameAxes(poly, behind, `groups=${groups}`);
    if (renamed) found.set(reader.nameOf(x), renamed);
  }
  return found;
}

/** Into how many groups a Reshape puts the channels; undefined if it does anything else. */
function groupsOf(graph: Graph, { input: [x, shape], output: [grouped] }: NodeProto): number | undefined {
  const from = graph.dims(x), to = graph.dims(grouped), groups = to?.[1], channels = from?.[1];
  const keepsFirst = graph.type(shape).elements?.[0] === 0 || (from?.[0] !== undefined && from[0] === to?.[0]);
  if (!keepsFirst || typeof groups !== "number" || typeof channels !== "number") return undefined;
  return channels % groups === 0 ? groups : undefined;
}

/** Whether a Reshape gives the dims of x: known ones, or Shape(x). Dims that are not known cannot be told to be the same. */
function isShapedAs(reader: Reader, node: NodeProto, x: string): boolean {
  const { graph } = reader, shape = graph.producer(node.input[1]);
  if (shape?.opType === "Shape" && shape.attribute.length === 0) {
    return reader.nameOf(shape.input[0]) === reader.nameOf(x);
  }
  const from = graph.dims(x), to = graph.dims(node.output[0]);
  return from?.length === to?.length && (from?.every((dim, i) => dim !== undefined && dim === to![i]) ?? false);
}

/** The polynomial with its means over other axes; undefined if it has tensors, which a reshape would lay differently. */
function renameAxes(poly: Poly, from: string, to: string): Poly | undefined {
  const rename = (factor: Factor): Factor | undefined => {
    const key = factor.key.replaceAll(`mean[${from}]`, `mean[${to}]`);
    switch (factor.kind) {
      case "root":
        return factor;
      case "tensor":
        return undefined;
      case "mean":
        return factor.axes === from ? { ...factor, key, axes: to } : undefined;
      case "base": {
        const of = renameAxes(factor.of, from, to);
        return of && { ...factor, key, of };
      }
    }
  };
  const terms = poly.map((term) => {
    const powers = term.powers.map(({ factor, exponent }) => ({ factor: rename(factor), exponent }));
    return powers.every(hasFactor)
      ? { ...term, key: term.key.replaceAll(`mean[${from}]`, `mean[${to}]`), powers }
      : undefined;
  });
  return terms.every((term) => term !== undefined) ? terms : undefined;
}

function hasFactor(
  power: { factor: Factor | undefined; exponent: number },
): power is { factor: Factor; exponent: number } {
  return power.factor !== undefined;
}
