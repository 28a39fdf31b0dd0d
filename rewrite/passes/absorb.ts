import { Fragment, type Graph, type NodeProto, type OnnxTensor } from "../../onnx/mod.ts";
import { isStandard } from "../../onnx/standard.ts";
import { uniformOf } from "../find/call.ts";
import { attributesOf } from "./attributes.ts";
import { centre } from "./centre.ts";
import { fold } from "./fold.ts";
import type { Action, Pass } from "./pass.ts";

/** Operators whose inputs 1 and 2 are a scale and a bias for each feature. */
const operators = ["LayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization"];

/**
 * The scale and the bias of a layer norm or an RMS norm go into the products behind it, where all who read it are products by
 * constant weights: `(n s + b) W = n (s W) + b W`. The operator needs a scale, and gets ones. It saves no operator but reading
 * two vectors, and changes the weights: that is asked for. Then layer norms that can become RMS norms do.
 */
export const absorb: Pass = (editor, options) => {
  const actions: Action[] = [];
  for (const [graph, node] of normsIn(editor.view())) {
    const [y] = node.output, products = graph.consumers(y);
    if (!products.every((one) => isProduct(graph, one, y)) || graph.isOutput(y)) continue;
    editor.replace(graph, apart(graph, node));
    actions.push({
      pass: "absorb",
      value: y,
      what: `scale and bias go into the ${products[0].opType} behind it`,
      done: true,
    });
  }
  editor.clean();
  if (actions.length > 0) actions.push(...fold(editor, options));
  return [...actions, ...centre(editor)];
};

/** Norms with a constant scale or bias that is more than ones and zeros. */
function* normsIn(graph: Graph): Generator<[Graph, NodeProto]> {
  for (const node of graph.nodes) {
    for (const body of graph.bodies(node)) yield* normsIn(body);
    if (!isStandard(node) || !operators.includes(node.opType) || node.output.slice(1).some((name) => name !== "")) {
      continue;
    }
    const [, scale, bias = ""] = node.input, s = graph.constant(scale), b = graph.constant(bias);
    if (!s || s.dims.length !== 1 || (bias !== "" && b?.dims.length !== 1)) continue;
    if (uniformOf(s) !== 1 || bias !== "") yield [graph, node];
  }
}

function isProduct(graph: Graph, node: NodeProto, y: string): boolean {
  const { opType, input: [x, weights, ...others] } = node;
  const isOne = isStandard(node) && (opType === "MatMul" || opType === "Gemm") &&
    graph.constant(weights)?.dims.length === 2;
  const isStored = others.every((name) => name === "" || graph.constant(name));
  return isOne && isStored && x === y && weights !== y && graph.uses(y).every(({ graph: place }) => place === graph);
}

/** The norm with ones for its scale, and a Mul and an Add behind it. */
function apart(graph: Graph, node: NodeProto): Fragment {
  const f = new Fragment(), [x, scale, bias] = node.input, stored = graph.constant(scale)!;
  const ones = f.constant({ ...stored, data: (stored.data as Float32Array).slice().fill(1) } as OnnxTensor);
  const scaled = f.op("Mul", [f.op(node.opType, [f.value(x), ones], attributesOf(node)), f.value(scale)]);
  f.give(node.output[0], bias ? f.op("Add", [scaled, f.value(bias)]) : scaled);
  return f;
}
