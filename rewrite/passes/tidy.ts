import { sizeOf } from "../../kernels/tensor.ts";
import { type Editor, Fragment, type Graph, type NodeProto, type OnnxTensor } from "../../onnx/mod.ts";
import { isStandard } from "../../onnx/standard.ts";
import { Call } from "../find/call.ts";
import { dropsNothing } from "../find/rules.ts";
import type { Action, Pass } from "./pass.ts";

/** What nodes make of constants is stored if it is no larger than this, or than what it is made of. */
const largestStored = 1024;

/**
 * Computes beforehand what does not depend on any input, shapes included of which all sizes but one are known, and leaves out
 * nodes that do nothing: Identity, Dropout at inference, a Cast to the type that is there. Constant nodes become initializers.
 */
export const tidy: Pass = (editor) => {
  const actions: Action[] = [];
  for (const [graph, node] of nodesIn(editor.view())) {
    const what = isStandard(node) && !graph.functionOf(node) ? tidyNode(editor, graph, node) : undefined;
    if (what) actions.push({ pass: "tidy", value: node.output[0], what, done: true });
  }
  editor.clean();
  return actions;
};

function* nodesIn(graph: Graph): Generator<[Graph, NodeProto]> {
  for (const node of graph.nodes) {
    yield [graph, node];
    for (const body of graph.bodies(node)) yield* nodesIn(body);
  }
}

function tidyNode(editor: Editor, graph: Graph, node: NodeProto): string | undefined {
  const [y] = node.output;
  if (node.output.length !== 1 || graph.uses(y).length === 0) return undefined;
  const stored = graph.isOutput(y) ? undefined : constantOf(graph, node);
  if (stored) {
    editor.store(graph, y, stored);
    return node.opType === "Constant" ? undefined : `${node.opType} of constants is computed`;
  }
  const shape = node.opType === "Reshape" ? shapeWithOneUnknown(graph, node) : undefined;
  if (shape) {
    const f = new Fragment();
    f.give(y, f.op("Reshape", [f.value(node.input[0]), f.int64(shape)]));
    editor.replace(graph, f);
    return "Reshape by a computed shape: all sizes but one are known";
  }
  if (!doesNothing(new Call(graph, node))) return undefined;
  if (graph.isOutput(y)) return undefined;
  editor.bypass(graph, y, node.input[0]);
  return `${node.opType} does nothing`;
}

/** The tensor that a node gives, if it is constant and not much larger than what it is made of. */
function constantOf(graph: Graph, node: NodeProto): OnnxTensor | undefined {
  const found = graph.constant(node.output[0]) ?? shapeOf(graph, node.output[0]);
  if (found === undefined || found.type === "string") return undefined;
  const size = sizeOf(found.dims), from = node.input.map((name) => sizeOf(graph.constant(name)?.dims ?? [0]));
  return node.opType === "Constant" || size <= Math.max(largestStored, ...from) ? found : undefined;
}

/** A vector of sizes that follow from what is known of shapes. */
function shapeOf(graph: Graph, name: string): OnnxTensor | undefined {
  const { type, dims, elements } = graph.type(name);
  if (type !== "int64" || !elements?.every((one) => typeof one === "number") || !dims) return undefined;
  const sizes = dims.filter((dim) => typeof dim === "number");
  if (sizes.length < dims.length || sizeOf(sizes) !== elements.length) return undefined;
  return { type, dims: sizes, data: BigInt64Array.from(elements, (one) => BigInt(one as number)) };
}

/** The sizes that a Reshape gives, with -1 for the one that is not known, where its shape is computed. */
function shapeWithOneUnknown(graph: Graph, { input: [x, shape = ""], output: [y] }: NodeProto): number[] | undefined {
  const dims = graph.dims(y), known = dims?.filter((dim) => typeof dim === "number") ?? [];
  if (!dims || shape === "" || graph.constant(shape) || graph.dims(x) === undefined) return undefined;
  if (dims.length - known.length > 1 || known.some((dim) => dim === 0)) return undefined;
  return dims.map((dim) => typeof dim === "number" ? dim : -1);
}

function doesNothing(call: Call): boolean {
  const { graph, node } = call;
  switch (node.opType) {
    case "Identity":
      return true;
    case "Dropout":
      return dropsNothing(call);
    case "Cast":
      return isCastTo(call, graph.type(node.input[0]).type);
    default:
      return false;
  }
}

/** The numbers of element types that exporters cast to. */
const types = { float32: 1, int32: 6, int64: 7, float16: 10, float64: 11 };

function isCastTo(call: Call, type: string | undefined): boolean {
  return type !== undefined && Object.hasOwn(types, type) && types[type as keyof typeof types] === call.float("to", 0);
}
