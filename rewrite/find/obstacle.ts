import type { DType } from "../../kernels/tensor.ts";
import type { Dim } from "../../onnx/mod.ts";
import { unnamed } from "../../onnx/shapes/dims.ts";
import type { Finding } from "./findings.ts";
import { dimsOf, dimsOfSum } from "./placed.ts";

/** What is known of a finding's x and y once nothing keeps it from being written anew. */
export interface Writable {
  /** The dims of both. */
  readonly dims: readonly Dim[];
  /** The type of x. */
  readonly from: DType;
  /** The type of y. */
  readonly to: DType;
}

/** What is needed to write a finding as other nodes; or why it must stay as it is. */
export function writable(finding: Finding): Writable | string {
  const { graph, x, y, epsilon, epsilonOutside, alsoUsed } = finding;
  if (epsilonOutside !== 0) return "epsilon is added to the deviation, which no operator does";
  if (epsilon < 0) return "epsilon is negative";
  if (graph.scopeOf(x) === undefined) return "what is normalized has no name in the graph";
  if (alsoUsed.length > 0) return `values within are used elsewhere too: ${alsoUsed.join(", ")}`;
  const from = graph.type(x), to = graph.type(y), { dims } = from;
  if (!isReal(from.type) || !isReal(to.type)) return "the element type is not known to be a floating point one";
  if (dims === undefined || to.dims === undefined) return "the number of dimensions is not known";
  if (!isSame(dims, to.dims)) return "scale or bias may make it wider than x";
  for (const constant of [dimsOf(finding.scale), dimsOfSum(finding.bias)]) {
    const fits = constant.length <= dims.length &&
      constant.every((dim, i) => dim === 1 || dim === dims.at(i - constant.length));
    if (!fits) return "scale or bias may make it wider than x";
  }
  return { dims, from: from.type, to: to.type };
}

function isReal(type: string | undefined): type is DType {
  return type === "float32" || type === "float64" || type === "float16";
}

/**
 * Dims of which nothing is known on either side, or no more than a name that one value was given, are those of one value, which
 * elementwise operators pass on.
 */
function isSame(a: readonly Dim[], b: readonly Dim[]): boolean {
  const [from, to] = [a, b].map((dims) => unnamed({ dims }).dims!);
  return from.length === to.length && from.every((dim, axis) => dim === to[axis]);
}
