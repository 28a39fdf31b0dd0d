import { Fragment, type Graph, type NodeProto } from "../../onnx/mod.ts";
import { isStandard } from "../../onnx/standard.ts";
import { Call } from "../find/call.ts";
import { type Finding, findNorms } from "../find/findings.ts";
import { writable } from "../find/obstacle.ts";
import { normFragment, planOf } from "./norm_fragment.ts";
import type { Action, Pass } from "./pass.ts";

/**
 * Writes anew what onnxruntime breaks, by its optimizer or its kernels; measured in onnxruntime-web 1.30:
 *
 * - Its fusion of layer norms looks at the operators alone. A cube or a fourth power for the square, a deviation over x less its
 *   mean, the mean less x: all become a LayerNormalization, at the default level, on both backends. With the root written as
 *   a power it finds none.
 * - WebGPU's LayerNormalization and RMSNormalization take no scale of other dims than those that are normalized.
 * - WebGPU keeps one program for all InstanceNormalizations of a shape, with the epsilon of the first.
 */
export const guard: Pass = (editor, { target }) => {
  const actions: Action[] = [], graph = editor.view(), found = findNorms(graph);
  const say = (value: string, what: string) => actions.push({ pass: "guard", value, what, done: true });
  if (target !== "native") {
    for (const { graph: place, root, y } of misfused(graph, found)) {
      editor.replace(place, rootAsPower(place, root));
      say(y, "the root is written as a power, so that no layer norm is made of it");
    }
  }
  if (target === "webgpu" || target === "any") {
    for (const finding of found) {
      const at = writable(finding), what = typeof at === "string" ? undefined : brokenOnWebGpu(finding, found);
      const plan = what === undefined || typeof at === "string" ? undefined : planOf(finding, at, what.form);
      if (what === undefined || typeof at === "string" || plan === undefined) continue;
      const fragment = normFragment(finding, at, plan, what.form);
      if (typeof fragment === "string") continue;
      editor.replace(finding.graph, fragment);
      say(finding.y, what.reason);
    }
  }
  editor.clean();
  return actions;
};

/** What looks to onnxruntime like a layer norm of x, and is none: its root, and the value that it would replace. */
function* misfused(
  graph: Graph,
  found: readonly Finding[],
): Generator<{ graph: Graph; root: NodeProto; y: string }> {
  for (const node of graph.nodes) {
    for (const body of graph.bodies(node)) yield* misfused(body, found);
    if (!isStandard(node) || node.opType !== "Div") continue;
    for (const [a, b] of [[0, 1], [1, 0]]) {
      const deviation = centred(graph, node.input[a]),
        root = deviation && rootOfMean(graph, node.input[b], node.input[a]);
      if (!root) continue;
      const [y] = node.output, { x } = deviation;
      const isNorm = a === 0 && !deviation.isNegative &&
        found.some((one) => one.x === x && one.centred && one.nodes.includes(node) && one.gain > 0);
      if (!isNorm) yield { graph, root, y };
    }
  }
}

/** x less its mean, or its mean less x. */
function centred(graph: Graph, name: string): { x: string; isNegative: boolean } | undefined {
  const sub = standard(graph, name, "Sub");
  if (sub === undefined) return undefined;
  const [a, b] = sub.input, isMeanOf = (mean: string, x: string) => standard(graph, mean, "ReduceMean")?.input[0] === x;
  if (isMeanOf(b, a)) return { x: a, isNegative: false };
  return isMeanOf(a, b) ? { x: b, isNegative: true } : undefined;
}

/** The Sqrt of a mean of powers of a deviation plus a constant. */
function rootOfMean(graph: Graph, name: string, deviation: string): NodeProto | undefined {
  const root = standard(graph, name, "Sqrt"), sum = root && standard(graph, root.input[0], "Add");
  const mean = sum?.input.map((one) => standard(graph, one, "ReduceMean")).find((one) => one !== undefined);
  const power = mean && (standard(graph, mean.input[0], "Pow") ?? standard(graph, mean.input[0], "Mul"));
  return power?.input.includes(deviation) || power && centred(graph, power.input[0]) ? root : undefined;
}

function standard(graph: Graph, name: string, opType: string): NodeProto | undefined {
  const node = graph.producer(name);
  if (node?.opType === "Cast" && isStandard(node)) return standard(graph, node.input[0], opType);
  return node?.opType === opType && isStandard(node) ? node : undefined;
}

function rootAsPower(graph: Graph, { input: [x], output: [y] }: NodeProto): Fragment {
  const f = new Fragment(), half = f.constant({ type: "float32", dims: [], data: Float32Array.of(0.5) });
  // The exponent may be of another type than the base, from version 12 on; before it has that of the base.
  const like = (graph.opset() ?? 0) >= 12 ? half : f.op("Cast", [half], { to: typeNumber(graph.type(y).type) });
  f.give(y, f.op("Pow", [f.value(x), like]));
  return f;
}

function typeNumber(type: string | undefined): bigint {
  return type === "float16" ? 10n : type === "float64" ? 11n : 1n;
}

/** What WebGPU gets wrong of an operator, and the form that it gets right. */
function brokenOnWebGpu(
  { graph, nodes: [node, ...others], axes }: Finding,
  found: readonly Finding[],
): { reason: string; form: "fused" | "robust" } | undefined {
  if (others.length > 0) return undefined;
  const call = new Call(graph, node), dims = call.dims();
  if (node.opType === "LayerNormalization" || node.opType === "RMSNormalization") {
    const scale = graph.dims(node.input[1]), last = dims?.slice(-axes.split(",").length);
    const isOther = scale && last && axes !== "all" && String(scale) !== String(last);
    return isOther ? { reason: "its scale gets the dims that are normalized", form: "fused" } : undefined;
  }
  if (node.opType !== "InstanceNormalization") return undefined;
  const first =
    found.map(({ nodes }) => nodes).find(([one, ...more]) => one.opType === node.opType && more.length === 0)![0];
  const epsilon = (one: NodeProto) => new Call(graph, one).float("epsilon", 1e-5);
  return epsilon(first) !== epsilon(node)
    ? { reason: "the robust form, since another InstanceNormalization has another epsilon", form: "robust" }
    : undefined;
}
