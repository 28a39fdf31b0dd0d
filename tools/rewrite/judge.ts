import { Graph, type Model, type NodeProto, type OnnxTensor, type Provider, run } from "../../onnx/mod.ts";
import { differenceOf } from "../../rewrite/verify/compare.ts";
import { evaluateGraph, type Rounding } from "./evaluate.ts";
import { uniformFrom } from "./random_graphs.ts";

type Tensors = Readonly<Record<string, OnnxTensor>>;

/** How far an output may be from float64, in units of its root mean square, whatever else is measured. */
const bound = 1e-4;

/** So many times as far off as a measured error a result is no worse: errors change with every rounding. */
const noWorse = 4;

/** What a judge finds. */
export interface Judgement {
  /** What is wrong; undefined if nothing is. */
  readonly wrong?: string;
  /** Whether the runtime runs neither model, so that there is nothing to judge. */
  readonly skipped: boolean;
  /** Whether an output is beyond the bound, wrong or not. */
  readonly far: boolean;
}

/**
 * Judges a model on a runtime by what the model that it was made of is in float64, without and with the runtime's optimizer. An output
 * may be off by the bound, or by a few times an error that is measured: that of the runtime on the first model, or what rounding makes
 * of the first model. Nothing else is an excuse; a model that does not run where the first one does is wrong. What the runtime makes no
 * numbers of where float64 has some, or the other way round, such as zero divided by zero, is not defined, and not judged.
 */
export async function judge(before: Model, after: Model, inputs: Tensors, provider: Provider): Promise<Judgement> {
  const graph = Graph.of(before), right = evaluateGraph(graph, inputs), wrong: string[] = [];
  let ran = 0, isFar = false;
  for (const optimize of ["disabled", "all"] as const) {
    const outputsOf = (model: Model) => run(model, inputs, { provider, optimize }).catch((error: Error) => error);
    const found = await outputsOf(after);
    if (found instanceof Error) {
      if (!(await outputsOf(before) instanceof Error)) wrong.push(`optimizer ${optimize}: ${found.message}`);
      continue;
    }
    ran++;
    const far = Object.keys(right).filter((name) => off(right[name], found[name]) > bound);
    if (far.length === 0) continue;
    isFar = true;
    const own = await outputsOf(before), samples = roundedAtRandom(graph, Graph.of(after), inputs);
    for (const name of far) {
      const ours = off(right[name], found[name]), runtime = own instanceof Error ? 0 : off(right[name], own[name]);
      const rounding = Math.max(...samples.map((one) => off(right[name], one[name])).filter(Number.isFinite));
      if (runtime < Infinity && ours > noWorse * Math.max(rounding, runtime)) {
        wrong.push(`${name}, optimizer ${optimize}: off by ${ours}, the first by ${runtime}, for rounding ${rounding}`);
      }
    }
  }
  return {
    skipped: ran === 0 && wrong.length === 0,
    far: isFar,
    ...wrong.length > 0 && { wrong: wrong.join("; ") },
  };
}

function off(right: { readonly data: Float64Array }, { data }: { readonly data: OnnxTensor["data"] | Float64Array }) {
  return differenceOf(right.data, data as ArrayLike<number>);
}

/**
 * A graph evaluated with each value, and each step of a sum of products, rounded up or down at random, to float16 where one of the
 * models has the value so and to float32 elsewhere. Three samples show how many digits the arithmetic leaves (CESTAC, Vignes 1993).
 */
function roundedAtRandom(before: Graph, after: Graph, inputs: Tensors): ReturnType<typeof evaluateGraph>[] {
  const half = new Set([...halvesIn(before), ...halvesIn(after)]);
  const kept = new Set(nodesIn(after).flatMap(({ node }) => namesOf(node)));
  // What was folded into a product has its name; the product then is as wide as what it is given.
  for (const { node: { opType, input: [x], output: [y] } } of nodesIn(before)) {
    if (products.has(opType) && !kept.has(y) && half.has(x)) half.add(y);
  }
  return [1, 2, 3].map((seed) => {
    const random = uniformFrom(seed);
    const up: Rounding = (name, one) => {
      const [round, step] = half.has(name) ? [Math.f16round, 2 ** -11] : [Math.fround, 2 ** -24];
      // Half a step away the nearest number is that above or that below.
      return round(one) === one ? one : round(one * (1 + (random() < 0.5 ? step : -step)));
    };
    return evaluateGraph(before, inputs, up);
  });
}

const products: ReadonlySet<string> = new Set(["Conv", "MatMul", "Gemm"]);

/** The values that are float16, those that are cast to it, and those that are made of it. */
function halvesIn(graph: Graph): string[] {
  return nodesIn(graph).flatMap(({ node, place }) => {
    const names = namesOf(node), halves = names.filter((name) => place.type(name).type === "float16");
    return node.opType === "Cast" && halves.length > 0 ? names : halves;
  });
}

function namesOf({ input, output }: NodeProto): string[] {
  return [...input, ...output].filter((name) => name !== "");
}

/** The nodes of a graph and of those inside, and where they are. */
function nodesIn(place: Graph): { node: NodeProto; place: Graph }[] {
  return place.nodes.flatMap((node) => [{ node, place }, ...place.bodies(node).flatMap(nodesIn)]);
}
