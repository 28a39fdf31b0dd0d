import type { Graph, NodeProto } from "../../onnx/mod.ts";
import { isStandard } from "../../onnx/standard.ts";
import { type Affine, Affines } from "./affine.ts";
import { Call } from "./call.ts";

/** A chain of affine steps, and what can take it. */
export interface Chain extends Affine {
  readonly graph: Graph;
  /** The value at its end. */
  readonly end: string;
  /** The product before it, which takes it; or the products after it, all of which do. */
  readonly before?: NodeProto;
  readonly after?: readonly NodeProto[];
  /** Why neither does. */
  readonly blocked: readonly string[];
}

/** The most of each chain of affine steps in a graph and in those inside of it, and where it can go. */
export function findChains(graph: Graph): Chain[] {
  const affines = new Affines(graph);
  return graph.nodes.flatMap((node) => {
    const inside = graph.bodies(node).flatMap(findChains), [end] = node.output;
    const affine = affines.of(end ?? "");
    if (affine.nodes.length === 0 || (affine.scale === 1 && affine.shift === 0) || goesOn(affines, end)) return inside;
    return [...inside, chain(graph, affine, end)];
  });
}

function goesOn(affines: Affines, end: string): boolean {
  const { graph } = affines, [use, ...others] = graph.uses(end);
  if (use?.node === undefined || others.length > 0 || use.graph !== graph) return false;
  return affines.of(use.node.output[0]).nodes.includes(graph.producer(end)!);
}

function chain(graph: Graph, affine: Affine, end: string): Chain {
  const before = intoProducer(graph, affine);
  if (typeof before !== "string") return { ...affine, graph, end, before, blocked: [] };
  const after = intoConsumers(graph, affine, end);
  if (typeof after !== "string") return { ...affine, graph, end, after, blocked: [] };
  return { ...affine, graph, end, blocked: [before, after] };
}

const outputAxis: Readonly<Record<string, (rank: number) => number>> = {
  Conv: () => 1,
  ConvTranspose: () => 1,
  Gemm: () => 1,
  MatMul: (rank) => rank - 1,
};

/** The axis of a product's output along which its weights have one entry each; undefined if it is not known. */
export function outputAxisOf({ opType }: NodeProto, rank: number | undefined): number | undefined {
  const known = rank ?? (opType === "Gemm" ? 2 : undefined);
  return known === undefined ? undefined : outputAxis[opType](known);
}

/** Whether a node is a Conv, ConvTranspose, Gemm or MatMul. */
export function isProduct(node: NodeProto): boolean {
  return isStandard(node) && Object.hasOwn(outputAxis, node.opType);
}

/**
 * How many columns the constant weights of a product have, and how many rows they sum over; or what is wrong with them. Of two
 * factors of a MatMul either may be the constant; here the second.
 */
export function sizesOf(graph: Graph, node: NodeProto): { readonly outputs: number; readonly inputs: number } | string {
  const weights = graph.constant(node.input[1] ?? ""), bias = node.input[2] ?? "", call = new Call(graph, node);
  if (!weights?.type.startsWith("float")) return "weights are not constant";
  const { dims: [first, second, ...inner] } = weights, isConv = node.opType.startsWith("Conv");
  if (second === undefined || (inner.length > 0) !== isConv) return "weights are not those of the operator";
  const groups = isConv ? call.float("group", 1) : 1, turned = call.float("transB", 0) !== 0;
  const isFirst = node.opType === "Conv" || (node.opType === "Gemm" && turned);
  const sizes = isFirst ? { outputs: first, inputs: second * groups } : { outputs: second * groups, inputs: first };
  const parts = [sizes.outputs, sizes.inputs].every((size) => size > 0 && Number.isInteger(size / groups));
  if (!parts) return "weights are not those of the operator";
  if (node.opType === "MatMul" || bias === "") return sizes;
  const stored = graph.constant(bias);
  if (!stored) return "bias is not constant";
  const columns = stored.dims.at(-1) ?? 1,
    isRight = stored.dims.length <= (isConv ? 1 : 2) &&
      (columns === sizes.outputs || (!isConv && columns === 1));
  return isRight && stored.type === weights.type ? sizes : "bias is not that of the operator";
}

function hasLength({ scale, shift }: Affine, length: number): boolean {
  return [scale, shift].every((table) => typeof table === "number" || table.length === length);
}

/** Whether tables are numbers that a product can be multiplied with. */
function isFinite({ scale, shift }: Affine): boolean {
  return [scale, shift].every((table) =>
    typeof table === "number" ? Number.isFinite(table) : table.every(Number.isFinite)
  );
}

/** The product that gives the root, if it can take the chain; else why not. */
function intoProducer(graph: Graph, affine: Affine): NodeProto | string {
  const { root, rootAxis } = affine, producer = graph.producer(root);
  if (producer === undefined) return "x is an input";
  if (!isProduct(producer)) return `x is of ${producer.opType}`;
  if (graph.scopeOf(root) !== graph) return "x is of a graph around it";
  const sizes = sizesOf(graph, producer);
  if (typeof sizes === "string") return sizes;
  if (!hasLength(affine, sizes.outputs)) return "it is not as long as the product has columns";
  if (graph.uses(root).length > 1) return "x is used elsewhere";
  if (rootAxis !== undefined && rootAxis !== outputAxisOf(producer, graph.dims(root)?.length)) {
    return "it lies along another axis than the product's columns";
  }
  return isFinite(affine) ? producer : "scale is not finite";
}

/** The products that read the end, if all can take the chain; else why not. */
function intoConsumers(graph: Graph, affine: Affine, end: string): NodeProto[] | string {
  const uses = graph.uses(end), { axis, shift } = affine;
  if (uses.length === 0) return "y is not used";
  if (!isFinite(affine)) return "scale is not finite";
  const isShifted = typeof shift !== "number" ? shift.some((one) => one !== 0) : shift !== 0,
    products: NodeProto[] = [];
  for (const { node, index, graph: place } of uses) {
    if (node === undefined) return "y is an output";
    if (!isProduct(node)) return `y goes to ${node.opType}`;
    if (place !== graph) return "y is used in a graph inside";
    if (index !== 0) return "y is not what the weights are multiplied with";
    const sizes = sizesOf(graph, node);
    if (typeof sizes === "string") return `${sizes}, after it`;
    if (!hasLength(affine, sizes.inputs)) return "it is not as long as the product has rows";
    const call = new Call(graph, node), isConv = node.opType.startsWith("Conv");
    if (axis !== undefined && axis !== summedAxis(call)) return "it lies along another axis than the product sums over";
    if (isConv && isShifted && (node.opType !== "Conv" || isPadded(call))) {
      return "the shift does not reach the padding";
    }
    products.push(node);
  }
  return products;
}

/** The axis of a product's input that it sums over. */
function summedAxis(call: Call): number | undefined {
  const rank = call.dims()?.length;
  switch (call.node.opType) {
    case "MatMul":
      return rank === undefined ? undefined : rank - 1;
    case "Gemm":
      return call.float("transA", 0) ? 0 : 1;
    default:
      return 1;
  }
}

function isPadded(call: Call): boolean {
  const auto = call.text("auto_pad") ?? "NOTSET";
  return auto.startsWith("SAME") || (auto === "NOTSET" && (call.list("pads") ?? []).some((pad) => pad !== 0));
}
