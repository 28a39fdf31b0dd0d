import { momentsOf } from "../kernels/exact_moments.ts";
import type { Moments } from "../kernels/passes/moments.ts";
import type { Tensor } from "../kernels/tensor.ts";
import { Editor, Fragment, Graph, type Model, type NodeProto, openSession, type Provider } from "../onnx/mod.ts";
import { isStandard } from "../onnx/standard.ts";
import { changed } from "../onnx/edit/copy.ts";
import { valueInfo } from "../onnx/value_info.ts";
import { isInference } from "./find/affine.ts";
import { Call, numbersOf } from "./find/call.ts";
import { attributesOf } from "./passes/attributes.ts";
import { typed } from "./passes/norm_fragment.ts";
import type { Inputs } from "./verify/inputs.ts";

/** Options of {@linkcode recalibrate}. */
export interface RecalibrateOptions {
  /** Where to run. Default: `"wasm"`. */
  readonly provider?: Provider;
  /** Is told after each batch how many batches were run, and through which of how many levels of depth. */
  readonly onBatch?: (batch: number, level: number, levels: number) => void;
}

/** How far the data is from the running statistics of one batch norm, before it was recalibrated. */
export interface Drift {
  /** The value that the norm gives. */
  readonly y: string;
  /** How many channels it has. */
  readonly channels: number;
  /** How many numbers each channel's statistics are of. */
  readonly count: number;
  /** The root mean square over channels of the means' distance, in units of the running deviation. */
  readonly shift: number;
  /** The smallest and the largest ratio of the data's deviation to the running one. */
  readonly spread: readonly [smallest: number, largest: number];
}

/** What {@linkcode recalibrate} gives. */
export interface Recalibration {
  /** The model with the statistics of the data. */
  readonly model: Model;
  /** What each batch norm's statistics were off by, in order of depth. */
  readonly drift: readonly Drift[];
}

/** A batch norm with statistics that are stored, and how many of its kind are before it. */
interface BatchNorm {
  readonly node: NodeProto;
  readonly depth: number;
}

/**
 * Replaces the running mean and variance of each BatchNormalization by those of data: for a model whose inputs are not what they
 * were in training. In order of depth, so that each norm sees what the recalibrated ones before it give; the data is gone
 * through once for each level of depth, in batches of any size, whose moments merge (Chan, Golub and LeVeque 1979) to those of
 * one pass in float64. The variance is that of the population.
 *
 * @param data Gives the batches, as often as it is called.
 * @throws {RangeError} If the model has no batch norm with stored statistics, or the data no batch.
 * @throws {OnnxRuntimeError} If onnxruntime cannot open or run the model.
 *
 * @example Inputs that are ten higher than they were
 * ```ts
 * import { batchNorm, modelOf } from "@evenkeel/norm/models";
 * import { recalibrate } from "@evenkeel/norm/rewrite";
 * import { tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const zero = tensor(new Float32Array([0])), one = tensor(new Float32Array([1]));
 * const model = modelOf((x) => batchNorm(x, { mean: zero, variance: one, form: "fused" }), { x: ["N", 1] });
 * const { drift } = await recalibrate(model, () => [{ x: tensor(new Float32Array([9, 11]), [2, 1]) }]);
 * assertAlmostEquals(drift[0].shift, 10, 1e-3);
 * ```
 */
export async function recalibrate(
  model: Model,
  data: () => Iterable<Inputs> | AsyncIterable<Inputs>,
  { provider = "wasm", onBatch }: RecalibrateOptions = {},
): Promise<Recalibration> {
  const norms = batchNorms(Graph.of(model)), levels = Math.max(0, ...norms.map(({ depth }) => depth));
  if (norms.length === 0) {
    throw new RangeError(
      "The model has no BatchNormalization with stored statistics. Exporters fold them into convolutions by default: export " +
        "it without (in torch.onnx.export, training=TrainingMode.PRESERVE), and fold it afterwards.",
    );
  }
  const editor = new Editor(model), drift: Drift[] = [];
  for (let level = 1; level <= levels; level++) {
    const names = norms.filter(({ depth }) => depth === level).map(({ node }) => node.output[0]);
    const graph = editor.view(), nodes = names.map((name) => graph.producer(name)!);
    const moments = await momentsOfAll(editor.model, nodes.map(({ input }) => input[0]), data, {
      provider,
      onBatch: (batch) => onBatch?.(batch, level, levels),
    });
    nodes.forEach((node, i) => {
      drift.push(driftOf(graph, node, moments[i]));
      editor.replace(graph, withStatistics(graph, node, moments[i]));
    });
    editor.clean();
  }
  return { model: editor.model, drift };
}

/** Batch norms of the main graph, with the length of the longest way through others that leads to them. */
function batchNorms(graph: Graph): BatchNorm[] {
  const depths = new Map<string, number>(), found: BatchNorm[] = [];
  for (const node of graph.nodes) {
    const before = Math.max(0, ...node.input.map((name) => depths.get(name) ?? 0));
    const isNorm = isStandard(node) && node.opType === "BatchNormalization" && isInference(new Call(graph, node)) &&
      graph.constant(node.input[3]) !== undefined && graph.constant(node.input[4]) !== undefined;
    if (isNorm) found.push({ node, depth: before + 1 });
    for (const name of node.output) depths.set(name, before + Number(isNorm));
  }
  return found;
}

/** The moments of the channels of values, over all of the data. */
async function momentsOfAll(
  model: Model,
  values: readonly string[],
  data: () => Iterable<Inputs> | AsyncIterable<Inputs>,
  { provider, onBatch }: { provider: Provider; onBatch: (batch: number) => void },
): Promise<Moments[]> {
  const moments: (Moments | undefined)[] = values.map(() => undefined);
  const session = await openSession(giving(model, values), { provider });
  try {
    let batch = 0;
    for await (const inputs of data()) {
      const found = await session.run(inputs);
      values.forEach((name, i) => moments[i] = momentsOf(found[name] as Tensor, { into: moments[i] }));
      onBatch(++batch);
    }
  } finally {
    await session[Symbol.asyncDispose]();
  }
  return moments.map((found) => {
    if (found === undefined) throw new RangeError("recalibrate: the data has no batch.");
    return found;
  });
}

/** The part of a model that gives some of its values. */
function giving(model: Model, values: readonly string[]): Model {
  const graph = Graph.of(model),
    output = [...new Set(values)].map((name) => {
      const { type, dims } = graph.type(name);
      return valueInfo(name, type, dims);
    });
  const editor = new Editor(changed(model, { graph: changed(model.graph!, { output }) }));
  editor.clean();
  return editor.model;
}

function driftOf(graph: Graph, node: NodeProto, moments: Moments): Drift {
  const call = new Call(graph, node), epsilon = call.float("epsilon", 1e-5);
  const mean = numbersOf(call.constant(3)!), variance = numbersOf(call.constant(4)!), channels = mean.length;
  let shifts = 0, smallest = Infinity, largest = 0;
  for (let c = 0; c < channels; c++) {
    const deviation = Math.sqrt(variance[c] + epsilon), ratio = Math.sqrt(moments.variance(c) + epsilon) / deviation;
    shifts += ((moments.mean[c] - mean[c]) / deviation) ** 2;
    smallest = Math.min(smallest, ratio), largest = Math.max(largest, ratio);
  }
  const shift = Math.sqrt(shifts / channels);
  return { y: node.output[0], channels, count: moments.count[0], shift, spread: [smallest, largest] };
}

/** The node with the statistics of moments. */
function withStatistics(graph: Graph, node: NodeProto, moments: Moments): Fragment {
  const f = new Fragment(),
    [x, scale, bias] = node.input,
    stored = graph.constant(node.input[3])!,
    { length } = stored.data;
  const type = stored.type === "float64" || stored.type === "float16" ? stored.type : "float32";
  const mean = f.constant(typed(type, [length], moments.mean.slice(0, length)));
  const variance = f.constant(typed(type, [length], Float64Array.from({ length }, (_, c) => moments.variance(c))));
  f.give(
    node.output[0],
    f.op("BatchNormalization", [f.value(x), f.value(scale), f.value(bias), mean, variance], attributesOf(node)),
  );
  return f;
}
