import { Fragment, type Graph, type NodeProto, type OnnxTensor } from "../../onnx/mod.ts";
import { isStandard } from "../../onnx/standard.ts";
import { isInference } from "../find/affine.ts";
import { Call, numbersOf } from "../find/call.ts";
import { attributesOf } from "../passes/attributes.ts";
import { typed } from "../passes/norm_fragment.ts";
import { type Correction, driftOf, withDepths } from "./correction.ts";

/** The batch norms of the main graph whose statistics are stored: the data's own take their place. */
export function batchNorms(graph: Graph): Correction[] {
  const isWanted = (node: NodeProto) =>
    isStandard(node) && node.opType === "BatchNormalization" && isInference(new Call(graph, node)) &&
    graph.constant(node.input[3]) !== undefined && graph.constant(node.input[4]) !== undefined;
  return withDepths(graph, isWanted).map(({ node: { output: [y] }, depth }) => ({
    y,
    depth,
    measured: (graph) => ({ value: graph.producer(y)!.input[0], axis: 1 }),
    correct(graph, moments) {
      const node = graph.producer(y)!, call = new Call(graph, node);
      const mean = numbersOf(call.constant(3)!), variance = numbersOf(call.constant(4)!), { length } = mean;
      const drift = driftOf(y, moments, { mean, variance, epsilon: call.float("epsilon", 1e-5) });
      const variances = Float64Array.from({ length }, (_, c) => moments.variance(c));
      return { drift, fragment: withStatistics(node, call.constant(3)!, moments.mean.slice(0, length), variances) };
    },
  }));
}

/** The node with other statistics, of the type of those that are stored. */
function withStatistics(
  node: NodeProto,
  { type }: OnnxTensor,
  mean: Float64Array,
  variance: Float64Array,
): Fragment {
  const f = new Fragment(), [x, scale, bias] = node.input;
  const store = (values: Float64Array) =>
    f.constant(typed(type === "float64" || type === "float16" ? type : "float32", [values.length], values));
  const inputs = [f.value(x), f.value(scale), f.value(bias), store(mean), store(variance)];
  f.give(node.output[0], f.op("BatchNormalization", inputs, attributesOf(node)));
  return f;
}
