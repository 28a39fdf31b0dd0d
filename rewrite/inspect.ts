import { checkModel } from "../onnx/check_model.ts";
import { type FunctionProto, Graph, type Model, type NodeProto } from "../onnx/mod.ts";
import { isStandard } from "../onnx/standard.ts";
import { isInference } from "./find/affine.ts";
import { axesIn } from "./find/axes.ts";
import { Call, numbersOf } from "./find/call.ts";
import { findChains } from "./find/chains.ts";
import { type Finding, findNorms } from "./find/findings.ts";
import { writable } from "./find/obstacle.ts";
import { dimsOf, dimsOfSum } from "./find/placed.ts";
import { epsilonFault } from "./find/epsilon.ts";
import { inlineObstacle } from "./passes/inline.ts";
import { planOf } from "./passes/norm_fragment.ts";

/** A normalization of a model. */
export interface InspectedNorm {
  /** What it is. */
  readonly kind: "layer" | "RMS" | "instance" | "group" | "batch";
  /** The graph that it is in: the main one, or the path of one inside or of a function. */
  readonly graph: string;
  /** The value that is normalized. */
  readonly x: string;
  /** The value that it gives. */
  readonly y: string;
  /** The dims of x, as far as they are known. */
  readonly dims?: readonly (number | string | undefined)[];
  /** The axes of its statistics, counted from the back where the number of dims is not known; of a group norm those behind. */
  readonly axes: readonly number[];
  /** How many groups of channels a group norm has. */
  readonly groups?: number;
  /** What is added to the variance, or the mean square. */
  readonly epsilon: number;
  /** The dims of its scale, where it has one. */
  readonly scale?: readonly number[];
  /** The dims of its bias, where it has one. */
  readonly bias?: readonly number[];
  /** The operators that compute it, in the order in which they run. */
  readonly operators: readonly string[];
  /** What is wrong with its epsilon. */
  readonly fault?: string;
  /** What can be done with it. */
  readonly possible?: string;
  /** Why nothing can. */
  readonly obstacle?: string;
}

/** What {@linkcode inspect} finds. */
export interface Inspection {
  /** The name of the graph. */
  readonly name: string;
  /** What wrote the file. */
  readonly producer: string;
  /** The version of ONNX's operator set. */
  readonly opset?: number;
  /** How many nodes it has, those of graphs inside included. */
  readonly nodes: number;
  /** Its normalizations. */
  readonly norms: readonly InspectedNorm[];
  /** How many Mul, Add and the like by constants a product beside them could take. */
  readonly foldable: number;
}

/**
 * Lists the normalizations of a model: operators, and what is spelled out in any way, by what the values are.
 *
 * @throws {ModelError} If it is no graph in ONNX's sense.
 * @throws {TypeError} If it is no model at all.
 *
 * @example
 * ```ts
 * import { layerNorm, modelOf } from "@evenkeel/norm/models";
 * import { inspect } from "@evenkeel/norm/rewrite";
 * import { assertEquals } from "@std/assert";
 *
 * const model = modelOf((x) => layerNorm(x, { form: "decomposed", epsilon: 1e-6 }), { x: ["N", 64] });
 * const [norm] = inspect(model).norms;
 * assertEquals([norm.kind, norm.axes, norm.epsilon], ["layer", [1], Math.fround(1e-6)]);
 * ```
 */
export function inspect(model: Model): Inspection {
  checkModel("inspect", "model", model);
  const graph = Graph.of(model);
  const parts: { graph: Graph; path: string; of?: FunctionProto }[] = [
    { graph, path: "" },
    ...model.functions.map((one) => ({ graph: Graph.ofFunction(model, one), path: one.name, of: one })),
  ];
  const all = parts.flatMap(({ graph, path }) => [...graphsIn(graph, path)]);
  const found = new Map(all.map(({ graph, path }) => [graph, path]));
  const norms = parts.flatMap(({ graph, path, of }) =>
    findNorms(graph).map((one) => inspected(one, found.get(one.graph) ?? path)).map((one) =>
      of ? called(one, model, of) : one
    )
  );
  const chains = findChains(graph), batch = all.flatMap(({ graph, path }) => batchNorms(graph, path, chains));
  return {
    name: model.graph!.name,
    producer: [model.producerName, model.producerVersion].filter(Boolean).join(" "),
    opset: graph.opset(),
    nodes: all.reduce((count, { graph }) => count + graph.nodes.length, 0),
    norms: [...norms, ...batch],
    foldable: chains.filter(({ before, after }) => before || after).length,
  };
}

function* graphsIn(graph: Graph, path: string): Generator<{ graph: Graph; path: string }> {
  yield { graph, path };
  for (const node of graph.nodes) {
    for (const body of graph.bodies(node)) {
      yield* graphsIn(body, `${path}/${node.name || node.output[0]}.${body.proto.name}`);
    }
  }
}

function inspected(finding: Finding, graph: string): InspectedNorm {
  const { x, y, axes, epsilon, scale, bias, nodes } = finding, dims = finding.graph.dims(x), at = writable(finding);
  const groups = axes.startsWith("groups=") ? Number(axes.slice("groups=".length)) : undefined;
  const plan = typeof at === "string" ? undefined : planOf(finding, at, "fused");
  const isOperator = nodes.length === 1, fault = epsilonFault(finding);
  return {
    kind: kindOf(finding),
    graph,
    x,
    y,
    dims,
    axes: groups ? [] : (dims && axesIn(axes, dims.length)) ?? axes.split(",").map(Number),
    ...groups && { groups },
    epsilon,
    ...scale.length > 0 && { scale: dimsOf(scale) },
    ...bias.length > 0 && { bias: dimsOfSum(bias) },
    operators: nodes.map(({ opType }) => opType).toReversed(),
    ...fault && { fault },
    ...typeof at === "string" ? { obstacle: at } : {
      possible: [!isOperator && !groups && plan ? `fuse to ${plan.operator}` : "", "stabilize"].filter(Boolean).join(
        ", ",
      ),
    },
  };
}

/** A norm of a function, in which nothing has a type: it is rewritten where the function is called. */
function called({ possible: _, obstacle: __, ...norm }: InspectedNorm, model: Model, of: FunctionProto): InspectedNorm {
  const obstacle = inlineObstacle(model, of);
  return { ...norm, ...obstacle ? { obstacle } : { possible: "rewrite where it is called" } };
}

function kindOf({ axes, centred, graph, x }: Finding): InspectedNorm["kind"] {
  if (axes.startsWith("groups=")) return "group";
  const rank = graph.dims(x)?.length, found = rank === undefined ? undefined : axesIn(axes, rank);
  const isInstance = centred && rank !== undefined && rank > 3 && found?.length === rank - 2 &&
    Math.min(...found) === 2;
  return isInstance ? "instance" : centred ? "layer" : "RMS";
}

function batchNorms(graph: Graph, path: string, chains: ReturnType<typeof findChains>): InspectedNorm[] {
  const isBatchNorm = (node: NodeProto) => isStandard(node) && node.opType === "BatchNormalization";
  return graph.nodes.filter(isBatchNorm).map((node): InspectedNorm => {
    const call = new Call(graph, node), chain = chains.find(({ nodes }) => nodes.includes(node)), dims = call.dims();
    const width = (index: number) => {
      const found = call.constant(index);
      return found && [numbersOf(found).length];
    };
    return {
      kind: "batch",
      graph: path,
      x: node.input[0],
      y: node.output[0],
      dims,
      axes: dims ? [...dims.keys()].filter((axis) => axis !== 1) : [],
      epsilon: call.float("epsilon", 1e-5),
      ...width(1) && { scale: width(1)! },
      ...width(2) && { bias: width(2)! },
      operators: [node.opType],
      ...chain
        ? { possible: `fold into ${chain.before?.opType ?? chain.after?.[0].opType ?? "one Mul and one Add"}` }
        : { obstacle: isInference(call) ? "its statistics are not constant" : "it is in training mode" },
    };
  });
}
