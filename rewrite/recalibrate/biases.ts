import type { Moments } from "../../kernels/passes/moments.ts";
import { Fragment, Graph, type Model, type NodeProto } from "../../onnx/mod.ts";
import { isStandard } from "../../onnx/standard.ts";
import { isProduct, outputAxisOf, sizesOf } from "../find/chains.ts";
import { scaledAfter } from "../passes/products.ts";
import { type Correction, driftOf, withDepths } from "./correction.ts";
import type { Channels } from "./moments.ts";

/** A product of a model and the value of the reference that it is to be like. */
interface Pair {
  readonly node: NodeProto;
  readonly depth: number;
  readonly axis: number;
  readonly reference: string;
}

/**
 * The products by constant weights of a model whose values a reference has too, by their names. Where the reference goes on with
 * a batch norm that the model has folded into the product, its value is that of the norm.
 */
export function pairsOf(model: Model, reference: Model): Pair[] {
  const graph = Graph.of(model), other = Graph.of(reference);
  const axisOf = (node: NodeProto) => outputAxisOf(node, graph.dims(node.output[0])?.length);
  const hasSameChannels = (y: string, axis: number) => {
    const [a, b] = [graph.dims(y), other.dims(y)];
    return !a || !b || (a.length === b.length && a[axis] === b[axis]);
  };
  const isWanted = (node: NodeProto) =>
    isProduct(node) && typeof sizesOf(graph, node) !== "string" && axisOf(node) !== undefined &&
    other.producer(node.output[0]) !== undefined && hasSameChannels(node.output[0], axisOf(node)!);
  return withDepths(graph, isWanted).map(({ node, depth }) => {
    const [y] = node.output, norm = batchNormAfter(other, y), isFolded = norm && !batchNormAfter(graph, y);
    return { node, depth, axis: axisOf(node)!, reference: isFolded ? norm.output[0] : y };
  });
}

function batchNormAfter(graph: Graph, y: string): NodeProto | undefined {
  const [norm, ...others] = graph.consumers(y);
  return norm && others.length === 0 && isStandard(norm) && norm.opType === "BatchNormalization" ? norm : undefined;
}

/** Where the channels of the reference's values lie. */
export function channelsOf(pairs: readonly Pair[]): Channels[] {
  return pairs.map(({ reference, axis }) => ({ value: reference, axis }));
}

/**
 * Bias correction (Nagel et al. 2019): the mean of each channel that a product gives becomes that of the reference, by a bias
 * that is as much larger as the mean was too small.
 */
export function biases(pairs: readonly Pair[], expected: readonly Moments[]): Correction[] {
  return pairs.map(({ node: { output: [y] }, depth, axis }, i) => ({
    y,
    depth,
    measured: () => ({ value: y, axis }),
    correct(graph, moments) {
      const { mean } = expected[i], node = graph.producer(y)!, f = new Fragment();
      const variance = Float64Array.from(mean, (_, c) => expected[i].variance(c));
      const shift = Float64Array.from(mean, (one, c) => one - moments.mean[c]);
      f.give(y, scaledAfter(f, graph, node, f.value(node.input[0]), { scale: 1, shift }));
      return { drift: driftOf(y, moments, { mean, variance, epsilon: 0 }), fragment: f };
    },
  }));
}
