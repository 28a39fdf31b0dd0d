import { type Editor, Fragment, type Graph, type NodeProto, type OnnxTensor, protoOf } from "../../onnx/mod.ts";
import { isStandard } from "../../onnx/standard.ts";
import { Call, numbersOf } from "../find/call.ts";
import { typed } from "./norm_fragment.ts";
import { opsetObstacle, raiseOpset } from "./opset.ts";
import type { Action } from "./pass.ts";

/** The version of the operator set that RMSNormalization came with. */
const since = 23;

/** A residual stream: values that are added to each other, what writes to them, and the norms that read them. */
interface Stream {
  readonly values: ReadonlySet<string>;
  /** Constants, as inputs of nodes, whose last axis is the stream's: for Gemm with transB the first. */
  readonly writers: readonly { readonly node: NodeProto; readonly index: number; readonly axis: number }[];
  readonly norms: readonly NodeProto[];
}

/**
 * Layer norms of a residual stream become RMS norms (Jiang et al. 2023, "Pre-RMSNorm and Pre-CRMSNorm transformers"): a layer norm
 * subtracts the mean, so that nothing changes if all that is added to the stream has none. Products, biases and tables of embeddings
 * that write to it are centred, `W - mean(W)` along the features; then the variance is the mean square. That holds only if every
 * reader ignores the mean, which layer norms alone do.
 */
export function centre(editor: Editor): Action[] {
  const actions: Action[] = [];
  const say = ({ output: [value] }: NodeProto, what: string, changed?: readonly string[]) =>
    actions.push({ pass: "absorb", value, what, done: changed !== undefined, ...changed && { changed } });
  const found = [...streamsIn(editor.view(), say)];
  if (found.length === 0) return actions;
  const obstacle = opsetObstacle(editor, since);
  if (obstacle !== undefined) {
    for (const { norms: [norm] } of found) say(norm, `RMSNormalization is of opset ${since}, and ${obstacle}`);
    return actions;
  }
  raiseOpset(editor, since);
  const graph = editor.view();
  for (const { values, writers, norms } of streamsIn(graph, () => {})) {
    for (const { node, index, axis } of writers) {
      const name = editor.fresh(node.input[index]), centred = centredAlong(graph.constant(node.input[index])!, axis);
      graph.proto.initializer.push(protoOf(centred, name));
      node.input[index] = name;
    }
    for (const norm of norms) {
      editor.replace(graph, asRmsNorm(norm));
      say(norm, "LayerNormalization to RMSNormalization: all that is added to its x is centred", [...values]);
    }
  }
  editor.clean();
  return actions;
}

/** Every stream of a graph that can be centred; of the others it is said why not, once for each. */
function* streamsIn(graph: Graph, refuse: (node: NodeProto, why: string) => void): Generator<Stream> {
  const seen = new Set<string>();
  for (const node of graph.nodes) {
    if (!isLayerNorm(graph, node) || seen.has(node.input[0])) continue;
    const walk = new Walk(graph, node.input[0]);
    for (const value of walk.values) seen.add(value);
    if (walk.obstacle === undefined) yield walk;
    else refuse(node, `it is no RMS norm: ${walk.obstacle}`);
  }
}

/** A layer norm over the last axis whose statistics nobody reads. */
function isLayerNorm(graph: Graph, node: NodeProto): boolean {
  if (!isStandard(node) || node.opType !== "LayerNormalization") return false;
  const rank = graph.dims(node.input[0])?.length, axis = new Call(graph, node).float("axis", -1);
  return (axis === -1 || (rank !== undefined && axis === rank - 1)) &&
    node.output.slice(1).every((name) => name === "");
}

/** From one value of a stream to all of them: who is added to it, who reads it. */
class Walk implements Stream {
  readonly values = new Set<string>();
  readonly writers: Stream["writers"][number][] = [];
  readonly norms: NodeProto[] = [];
  /** Why it cannot be centred. */
  obstacle?: string;
  readonly #graph: Graph;
  readonly #width: number | undefined;

  constructor(graph: Graph, start: string) {
    this.#graph = graph;
    const width = graph.dims(start)?.at(-1);
    this.#width = typeof width === "number" ? width : undefined;
    const open = [start];
    for (let value = open.pop(); value !== undefined; value = open.pop()) {
      if (this.values.has(value)) continue;
      this.values.add(value);
      this.obstacle ??= this.#width === undefined ? "the number of features is not known" : undefined;
      open.push(...this.#written(value), ...this.#read(value));
    }
  }

  /** What a value is the sum of; or what writes it is noted. */
  #written(value: string): string[] {
    const graph = this.#graph, node = graph.scopeOf(value) === graph ? graph.producer(value) : undefined;
    const stays = (why: string): string[] => (this.obstacle ??= `${JSON.stringify(value)} ${why}`, []);
    if (node === undefined || graph.constant(value)) return stays("is an input, which cannot be centred");
    const { opType, input } = node;
    if (!isStandard(node) || graph.functionOf(node)) return stays(`is of ${opType}`);
    if (opType === "Add") {
      const constants = input.filter((name, index) => graph.constant(name) && this.#note(node, index));
      return input.filter((name) => !constants.includes(name));
    }
    const isWriter = opType === "MatMul"
      ? this.#note(node, 1)
      : opType === "Gemm"
      ? this.#note(node, 1) && (!input[2] || this.#note(node, 2))
      : opType === "Gather" && new Call(graph, node).float("axis", 0) === 0 && this.#note(node, 0);
    return isWriter ? [] : stays(`is of ${opType}, which cannot be centred`);
  }

  /** Notes a constant that is to be centred, if it has the stream's features. */
  #note(node: NodeProto, index: number): boolean {
    const { dims, type } = this.#graph.constant(node.input[index]) ?? {};
    const isTurned = index === 1 && node.opType === "Gemm" && new Call(this.#graph, node).float("transB", 0) !== 0;
    const axis = isTurned ? 0 : (dims?.length ?? 0) - 1;
    const isVector = node.opType === "Add" || index === 2;
    if (!dims || !type?.startsWith("float") || dims[axis] !== this.#width || (!isVector && dims.length !== 2)) {
      return false;
    }
    this.writers.push({ node, index, axis });
    return true;
  }

  /** The sums that a value is part of; the norms that read it are noted, and whoever else does keeps the stream as it is. */
  #read(value: string): string[] {
    const graph = this.#graph;
    return graph.uses(value).flatMap(({ node, graph: place, index }) => {
      if (node && place === graph && isStandard(node) && node.opType === "Add") return [node.output[0]];
      if (node && place === graph && index === 0 && isLayerNorm(graph, node)) {
        this.norms.push(node);
        return [];
      }
      this.obstacle ??= `${JSON.stringify(value)} is read by ${
        node ? `${node.opType}, which does not ignore its mean` : "whoever runs the model"
      }`;
      return [];
    });
  }
}

/** A tensor less its mean along an axis. */
function centredAlong(tensor: OnnxTensor, axis: number): OnnxTensor {
  const { dims, type } = tensor, from = numbersOf(tensor), size = dims[axis], data = Float64Array.from(from);
  const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  for (let start = 0; start < data.length; start += size * inner) {
    for (let i = start; i < start + inner; i++) {
      let sum = 0;
      for (let k = 0; k < size; k++) sum += from[i + k * inner];
      for (let k = 0; k < size; k++) data[i + k * inner] -= sum / size;
    }
  }
  return typed(type as "float32", dims, data);
}

function asRmsNorm(norm: NodeProto): Fragment {
  const f = new Fragment(),
    [x, scale, bias] = norm.input,
    epsilon = norm.attribute.find(({ name }) => name === "epsilon");
  const y = f.op("RMSNormalization", [f.value(x), f.value(scale)], { axis: -1n, epsilon: epsilon?.f ?? 1e-5 });
  f.give(norm.output[0], bias ? f.op("Add", [y, f.value(bias)]) : y);
  return f;
}
