import { Fragment, type Graph, type NodeProto } from "../../onnx/mod.ts";
import { isStandard } from "../../onnx/standard.ts";
import { Call } from "../find/call.ts";
import { type Finding, findNorms } from "../find/findings.ts";
import { writable } from "../find/obstacle.ts";
import { attributesOf } from "./attributes.ts";
import { epsilonOf, instanceEpsilons, instanceFault, isInstanceNorm } from "./instance_epsilon.ts";
import { normFragment, planOf } from "./norm_fragment.ts";
import type { Action, Pass } from "./pass.ts";

/**
 * Writes anew what onnxruntime breaks, by its optimizer or its kernels; measured in onnxruntime-web 1.30 and onnxruntime 1.32:
 *
 * - Its fusion of layer norms looks at the operators alone. A cube or a fourth power for the square, a deviation over x less its
 *   mean, the mean less x: all become a LayerNormalization, at the default level, on both backends and natively. With the root
 *   written as a power it finds none.
 * - WebGPU's LayerNormalization and RMSNormalization take no scale of other dims than those that are normalized.
 * - WebGPU keeps one program for all InstanceNormalizations of a shape, with the epsilon of the first, and writes that with six
 *   decimals: 1e-7 is zero there, and a constant channel NaN.
 * - WebGPU opens no BatchNormalization of an input without channels.
 */
export const guard: Pass = (editor, { target }) => {
  const actions: Action[] = [], graph = editor.view(), found = findNorms(graph);
  const say = (value: string, what: string) => actions.push({ pass: "guard", value, what, done: true });
  for (const { graph: place, root, y } of misfused(graph, found)) {
    editor.replace(place, rootAsPower(place, root));
    say(y, "the root is written as a power, so that no layer norm is made of it");
  }
  if (target === "webgpu" || target === "any") {
    for (const { place, node } of withoutChannels(graph)) {
      editor.replace(place, withChannel(node));
      say(node.output[0], "an input without channels gets one");
    }
    const [first] = instanceEpsilons(graph);
    for (const finding of found) {
      const at = writable(finding), what = typeof at === "string" ? undefined : brokenOnWebGpu(finding, first);
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
  { graph, nodes, axes }: Finding,
  firstEpsilon: number | undefined,
): { reason: string; form: "fused" | "robust" } | undefined {
  // Alone, or as exporters write a group norm, between two Reshapes.
  const instance = nodes.find(isInstanceNorm);
  if (instance) {
    const fault = instanceFault(epsilonOf(graph, instance), firstEpsilon);
    return fault === undefined ? undefined : { reason: `the robust form, since ${fault}`, form: "robust" };
  }
  const [node, ...others] = nodes;
  if (others.length > 0) return undefined;
  const dims = new Call(graph, node).dims();
  if (node.opType === "LayerNormalization" || node.opType === "RMSNormalization") {
    const scale = graph.dims(node.input[1]), last = dims?.slice(-axes.split(",").length);
    const isOther = scale && last && axes !== "all" && String(scale) !== String(last);
    return isOther ? { reason: "its scale gets the dims that are normalized", form: "fused" } : undefined;
  }
  return undefined;
}

/** Every BatchNormalization of numbers without channels, which has one. */
function* withoutChannels(graph: Graph): Generator<{ place: Graph; node: NodeProto }> {
  for (const node of graph.nodes) {
    for (const body of graph.bodies(node)) yield* withoutChannels(body);
    const isOne = isStandard(node) && node.opType === "BatchNormalization" && graph.dims(node.input[0])?.length === 1;
    if (isOne && node.output.slice(1).every((name) => name === "")) yield { place: graph, node };
  }
}

function withChannel(node: NodeProto): Fragment {
  const f = new Fragment(), [x, ...others] = node.input.map((name) => f.value(name));
  const y = f.op("BatchNormalization", [f.op("Reshape", [x, f.int64([-1, 1])]), ...others], attributesOf(node));
  f.give(node.output[0], f.op("Reshape", [y, f.int64([-1])]));
  return f;
}
