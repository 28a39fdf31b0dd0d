import { sizeOf } from "../../kernels/tensor.ts";
import {
  attributeOf,
  type Graph,
  type NodeProto,
  type OnnxTensor,
  type SubgraphBuilder,
  type Value,
} from "../../onnx/mod.ts";
import type { Table } from "../find/affine.ts";
import { numbersOf } from "../find/call.ts";
import { attributesOf } from "./attributes.ts";

/** A scale and a shift of the columns of a product, or of what it sums over. */
export interface Tables {
  readonly scale: Table;
  readonly shift: Table;
}

/** A product with constant weights, before it is written: everything in float64. */
interface Product {
  readonly weights: { readonly dims: readonly number[]; readonly data: Float64Array };
  /** One element for each column, or as the node has it; undefined if there is none. */
  readonly bias?: { readonly dims: readonly number[]; readonly data: Float64Array };
  readonly type: OnnxTensor["type"];
  /** How many groups of channels there are. */
  readonly groups: number;
  /** By axes of the weights: the columns, what is summed over, and what a weight has inside of these. */
  readonly outputs: number;
  readonly at: (output: number, input: number, inner: number) => number;
  readonly inputsPerGroup: number;
  readonly inner: number;
}

const at = (table: Table, index: number) => typeof table === "number" ? table : table[index];

function isZero(table: Table): boolean {
  return typeof table === "number" ? table === 0 : table.every((one) => one === 0);
}

function float64Of({ dims, ...tensor }: OnnxTensor) {
  return { dims, data: Float64Array.from(numbersOf({ dims, ...tensor })) };
}

/**
 * A Conv, ConvTranspose, Gemm or MatMul whose weights are constant. Conv stores [outputs, inputs per group, ...], ConvTranspose
 * [inputs, outputs per group, ...], and matrices [inputs, outputs] or, for Gemm with transB, the other way round.
 */
function read(graph: Graph, node: NodeProto): Product {
  const weights = graph.constant(node.input[1])!, bias = node.input[2] ? graph.constant(node.input[2]) : undefined;
  const { dims } = weights, inner = sizeOf(dims.slice(2));
  const isMatrix = node.opType === "Gemm" || node.opType === "MatMul";
  const groups = isMatrix ? 1 : Number(attributeOf(node, "group") ?? 1n);
  const outputsFirst = isMatrix ? Boolean(attributeOf(node, "transB")) : node.opType === "Conv";
  const common = { weights: float64Of(weights), type: weights.type, groups, inner, bias: bias && float64Of(bias) };
  if (outputsFirst) {
    const [outputs, inputsPerGroup] = dims;
    return { ...common, outputs, inputsPerGroup, at: (o, i, k) => (o * inputsPerGroup + i) * inner + k };
  }
  const [inputs, perGroup] = dims, inputsPerGroup = inputs / groups;
  return {
    ...common,
    outputs: perGroup * groups,
    inputsPerGroup,
    at: (o, i, k) => ((Math.floor(o / perGroup) * inputsPerGroup + i) * perGroup + o % perGroup) * inner + k,
  };
}

/** Calls back for every weight with its place, its column, and which of the inputs it multiplies. */
function forEachWeight(
  { groups, outputs, inputsPerGroup, inner, at }: Product,
  visit: (place: number, output: number, input: number) => void,
): void {
  for (let output = 0; output < outputs; output++) {
    const group = Math.floor(output / (outputs / groups));
    for (let i = 0; i < inputsPerGroup; i++) {
      for (let k = 0; k < inner; k++) visit(at(output, i, k), output, group * inputsPerGroup + i);
    }
  }
}

/** Writes a product again, with the scale and the shift of its columns: `(x W + b) s + t = x (W s) + (b s + t)`. */
export function scaledAfter(f: SubgraphBuilder, graph: Graph, node: NodeProto, x: Value, tables: Tables): Value {
  const product = read(graph, node), { data } = product.weights;
  const alpha = factorOf(node, "alpha"), beta = factorOf(node, "beta");
  forEachWeight(product, (place, output) => data[place] *= at(tables.scale, output) * alpha);
  const { bias } = product, dims = bias ? widened(bias.dims, product.outputs) : [product.outputs];
  const shifted = Float64Array.from({ length: sizeOf(dims) }, (_, i) => {
    const output = i % product.outputs, before = bias ? bias.data[biasAt(bias.dims, dims, i)] * beta : 0;
    return before * at(tables.scale, output) + at(tables.shift, output);
  });
  const has = bias !== undefined || !isZero(tables.shift);
  return write(f, graph, node, x, product, has ? { dims, data: shifted } : undefined);
}

/** Writes a product again, with the scale and the shift of what it sums over: `(x s + t) W + b = x (s W) + (t W + b)`. */
export function scaledBefore(f: SubgraphBuilder, graph: Graph, node: NodeProto, x: Value, tables: Tables): Value {
  const product = read(graph, node), { data } = product.weights;
  const alpha = factorOf(node, "alpha"), beta = factorOf(node, "beta");
  const shift = new Float64Array(product.outputs);
  forEachWeight(product, (place, output, input) => {
    shift[output] += data[place] * alpha * at(tables.shift, input);
    data[place] *= at(tables.scale, input) * alpha;
  });
  const { bias } = product, dims = bias ? widened(bias.dims, product.outputs) : [product.outputs];
  const has = bias !== undefined || !isZero(shift);
  const shifted = Float64Array.from({ length: sizeOf(dims) }, (_, i) => {
    return (bias ? bias.data[biasAt(bias.dims, dims, i)] * beta : 0) + shift[i % product.outputs];
  });
  return write(f, graph, node, x, product, has ? { dims, data: shifted } : undefined);
}

function factorOf(node: NodeProto, name: string): number {
  return node.opType === "Gemm" ? Number(attributeOf(node, name) ?? 1) : 1;
}

/** The dims of a bias that has an element for each column; Gemm's may have one for each row, or one for all. */
function widened(dims: readonly number[], outputs: number): number[] {
  return dims.length === 0 ? [outputs] : dims.with(-1, outputs);
}

function biasAt(from: readonly number[], to: readonly number[], index: number): number {
  const columns = to.at(-1)!, row = Math.floor(index / columns);
  const column = (from.at(-1) ?? 1) === 1 ? 0 : index % columns;
  return (from.length > 1 && from[0] === 1 ? 0 : row) * (from.at(-1) ?? 1) + column;
}

/** Whether a MatMul is of two matrices, so that Gemm does the same and has a bias. */
export function isMatrixProduct(graph: Graph, { input: [x] }: NodeProto): boolean {
  return graph.dims(x)?.length === 2;
}

/**
 * The node with other weights and another bias; of a MatMul with a bias becomes a Gemm, or it has an Add behind it. Gemm's factors
 * are in its weights.
 */
function write(
  f: SubgraphBuilder,
  graph: Graph,
  node: NodeProto,
  x: Value,
  { weights, type }: Product,
  bias: { readonly dims: readonly number[]; readonly data: Float64Array } | undefined,
): Value {
  const store = ({ dims, data }: { dims: readonly number[]; data: Float64Array }) =>
    f.constant({ type: "float64", dims, data } as OnnxTensor<"float64">);
  const cast = (tensor: { dims: readonly number[]; data: Float64Array }): Value => {
    if (type === "float64") return store(tensor);
    const array = type === "float16" ? Float16Array.from(tensor.data) : Float32Array.from(tensor.data);
    return f.constant({ type, dims: tensor.dims, data: array } as OnnxTensor);
  };
  const inputs = [x, cast(weights)], attributes = attributesOf(node, "alpha", "beta");
  if (node.opType !== "MatMul") {
    return f.op(node.opType, bias ? [...inputs, cast(bias)] : inputs, attributes);
  }
  if (bias?.dims.length === 1 && isMatrixProduct(graph, node)) return f.op("Gemm", [...inputs, cast(bias)]);
  const y = f.op("MatMul", inputs);
  return bias ? f.op("Add", [y, cast(bias)]) : y;
}
