import type { Moments } from "../../kernels/passes/moments.ts";
import type { Fragment, Graph, NodeProto } from "../../onnx/mod.ts";
import type { Channels } from "./moments.ts";

/** How far the data is from what a model, or a reference, expects of one value. */
export interface Drift {
  /** The value that the batch norm or the product gives. */
  readonly y: string;
  /** How many channels it has. */
  readonly channels: number;
  /** How many numbers each channel's statistics are of. */
  readonly count: number;
  /** The root mean square over channels of the means' distance, in units of the expected deviation. */
  readonly shift: number;
  /** The smallest and the largest ratio of the data's deviation to the expected one. */
  readonly spread: readonly [smallest: number, largest: number];
}

/** A value that is corrected by the moments that the data has there. */
export interface Correction {
  /** The value whose giver is written anew. */
  readonly y: string;
  /** How many corrections are on the longest way that leads to it, itself included. */
  readonly depth: number;
  /** The value whose moments are asked for; of the graph as it stands. */
  measured(graph: Graph): Channels;
  /** How far off it is, and what gives y instead. */
  correct(graph: Graph, moments: Moments): { readonly drift: Drift; readonly fragment: Fragment };
}

/** The nodes of a graph that are to be corrected, and the length of the longest way through others that leads to each. */
export function withDepths(
  graph: Graph,
  isWanted: (node: NodeProto) => boolean,
): { readonly node: NodeProto; readonly depth: number }[] {
  const depths = new Map<string, number>(), found: { node: NodeProto; depth: number }[] = [];
  for (const node of graph.nodes) {
    const before = node.input.reduce((most, name) => Math.max(most, depths.get(name) ?? 0), 0), wanted = isWanted(node);
    if (wanted) found.push({ node, depth: before + 1 });
    for (const name of node.output) depths.set(name, before + Number(wanted));
  }
  return found;
}

/** How far moments are from means and variances that are expected; a channel that is expected to be constant has no unit, and is left out. */
export function driftOf(
  y: string,
  moments: Moments,
  { mean, variance, epsilon }: {
    readonly mean: ArrayLike<number>;
    readonly variance: ArrayLike<number>;
    readonly epsilon: number;
  },
): Drift {
  const channels = mean.length, ratios: number[] = [], shifts: number[] = [];
  for (let c = 0; c < channels; c++) {
    const deviation = Math.sqrt(variance[c] + epsilon);
    if (!(deviation > 0)) continue;
    ratios.push(Math.sqrt(moments.variance(c) + epsilon) / deviation);
    shifts.push((moments.mean[c] - mean[c]) / deviation);
  }
  const shift = Math.sqrt(shifts.reduce((sum, one) => sum + one ** 2, 0) / Math.max(shifts.length, 1));
  const spread = ratios.length > 0 ? [Math.min(...ratios), Math.max(...ratios)] as const : [1, 1] as const;
  return { y, channels, count: moments.count[0], shift, spread };
}
