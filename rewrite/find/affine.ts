import type { DType } from "../../kernels/tensor.ts";
import { type Dim, type Graph, ModelError, type NodeProto } from "../../onnx/mod.ts";
import { isStandard } from "../../onnx/standard.ts";
import { Call, numbersOf, uniformOf } from "./call.ts";
import { dropsNothing } from "./rules.ts";

/** One number for each element along an axis, or one for all. */
export type Table = number | Float64Array;

/** A value as scale times another plus shift, where scale and shift vary along one axis at most. */
export interface Affine {
  /** The other value. */
  readonly root: string;
  readonly scale: Table;
  readonly shift: Table;
  /** The axis of the value along which the tables lie, counted from the front. */
  readonly axis?: number;
  /** The axis of the root that it comes from. */
  readonly rootAxis?: number;
  /** The nodes on the way from the root. */
  readonly nodes: readonly NodeProto[];
}

/** A function of two tables, element by element. */
export function map(f: (a: number, b: number) => number, a: Table, b: Table): Table {
  if (typeof a === "number") return typeof b === "number" ? f(a, b) : b.map((one) => f(a, one));
  return a.map((one, i) => f(one, typeof b === "number" ? b : b[i]));
}

type Step = Pick<Affine, "scale" | "shift"> & { readonly axis?: number };
type Rule = (call: Call, x: Affine, index: number) => Affine | undefined;

/**
 * A constant as a table along one axis of what it is combined with; undefined if it varies along more axes, or would make that
 * larger than it is, as one channel times four does.
 */
function tableOf(call: Call, index: number, other: number): { table: Table; axis?: number } | undefined {
  const found = call.constant(index), dims = call.dims(other), uniform = uniformOf(found);
  if (found === undefined || found.type === "string" || dims === undefined || found.dims.length > dims.length) {
    return undefined;
  }
  const behind = dims.length - found.dims.length,
    along = [...found.dims.keys()].filter((axis) => found.dims[axis] !== 1);
  if (along.some((axis) => found.dims[axis] !== dims[axis + behind])) return undefined;
  if (uniform !== undefined) return { table: uniform };
  return along.length === 1 ? { table: Float64Array.from(numbersOf(found)), axis: along[0] + behind } : undefined;
}

/** One more scale and shift, if it lies along the same axis. */
function then(call: Call, x: Affine, { scale, shift, axis }: Step): Affine | undefined {
  if (axis !== undefined && x.axis !== undefined && axis !== x.axis) return undefined;
  const rootAxis = x.rootAxis ?? (axis === undefined ? undefined : axisBefore(call, x.nodes.filter(isLayout), axis));
  if (axis !== undefined && rootAxis === undefined) return undefined;
  return {
    root: x.root,
    scale: map((a, b) => a * b, x.scale, scale),
    shift: map((a, b) => a + b, map((a, b) => a * b, x.shift, scale), shift),
    axis: x.axis ?? axis,
    rootAxis,
    nodes: [...x.nodes, call.node],
  };
}

/** The axis that the last layout's axis was before all of them. */
function axisBefore({ graph }: Call, nodes: readonly NodeProto[], axis: number): number | undefined {
  return nodes.reduceRight<number | undefined>((axis, node) => {
    const call = new Call(graph, node), rank = call.dims()?.length;
    if (axis === undefined || rank === undefined) return undefined;
    return Array.from({ length: rank }, (_, from) => from).find((from) => axisAfter(call, from) === axis);
  }, axis);
}

/** Along which axis of its output a layout puts one of its input. */
function axisAfter(call: Call, axis: number): number | undefined {
  if (call.node.opType !== "Transpose") return reshapedAxis(call, axis);
  const perm = call.list("perm") ?? [...(call.dims() ?? []).keys()].reverse(), at = perm.indexOf(axis);
  return at < 0 ? undefined : at;
}

/** Before version 7 of the operator set, attributes said along which axis to broadcast. */
const arithmetic =
  (step: (table: Table, isFirst: boolean) => Omit<Step, "axis"> | undefined): Rule => (call, x, index) => {
    const other = call.node.attribute.length === 0 ? tableOf(call, 1 - index, index) : undefined;
    const found = other && step(other.table, index === 0);
    return found && then(call, x, { ...found, axis: other.axis });
  };

const invert = (table: Table) => map((_, b) => 1 / b, 0, table);
const negate = (table: Table) => map((_, b) => -b, 0, table);

/** Whether a BatchNormalization uses its running statistics, in the version of the operator set that it is written in. */
export function isInference(call: Call): boolean {
  const opset = call.graph.opset() ?? 0, hasStatistics = call.node.output.slice(1).some((name) => name !== "");
  if (opset < 7 && !call.float("is_test", 0)) return false;
  if (opset < 9 && !call.float("spatial", 1)) return false;
  return !call.float("training_mode", 0) && !hasStatistics;
}

/** The scale and shift of a BatchNormalization's channels; undefined if it is in training mode, or its statistics vary. */
function tableOfBatchNorm(call: Call): { scale: Float64Array; shift: Float64Array } | undefined {
  const [scale, bias, mean, variance] = [1, 2, 3, 4].map((index) => {
    const found = call.constant(index);
    return found && numbersOf(found);
  });
  if (!scale || !bias || !mean || !variance || !isInference(call)) return undefined;
  const epsilon = call.float("epsilon", 1e-5);
  const factor = Float64Array.from(scale, (one, c) => one / Math.sqrt(variance[c] + epsilon));
  return { scale: factor, shift: factor.map((one, c) => bias[c] - mean[c] * one) };
}

const batchNorm: Rule = (call, x, index) => {
  const table = index === 0 ? tableOfBatchNorm(call) : undefined;
  if (table === undefined || call.dims()?.length !== 1) return table && then(call, x, { ...table, axis: 1 });
  // Numbers without channels are those of one.
  const [scale, shift] = [table.scale[0], table.shift[0]];
  return table.scale.length === 1 ? then(call, x, { scale, shift }) : undefined;
};

/** Channels stay channels when they are as many, and what lies before them or behind them is what did. */
function reshapedAxis(call: Call, axis: number): number | undefined {
  const from = call.dims(), to = call.graph.dims(call.node.output[0]);
  if (!from || !to || from[axis] === undefined) return undefined;
  // Dims of 1 do not count; a name stands for the same number on both sides, but of what is not known nothing is the same.
  const same = (a: readonly Dim[], b: readonly Dim[]) => !a.includes(undefined) && real(a) === real(b);
  const places = [...to.keys()].filter((at) => to[at] === from[axis]);
  return places.find((at) => same(from.slice(0, axis), to.slice(0, at))) ??
    places.find((at) => same(from.slice(axis + 1), to.slice(at + 1)));
}

function real(dims: readonly Dim[]): string {
  return dims.filter((dim) => dim !== 1).join();
}

/** The same values in another layout, in which the channels are along another axis. */
const layout: Rule = (call, x, index) => {
  if (index !== 0) return undefined;
  const axis = x.axis === undefined ? undefined : axisAfter(call, x.axis);
  return x.axis !== undefined && axis === undefined ? undefined : { ...x, axis, nodes: [...x.nodes, call.node] };
};

const passed: Rule = (call, x) => ({ ...x, nodes: [...x.nodes, call.node] });

const rules: Readonly<Record<string, Rule>> = {
  Mul: arithmetic((scale) => ({ scale, shift: 0 })),
  Div: arithmetic((divisor, isFirst) => isFirst ? { scale: invert(divisor), shift: 0 } : undefined),
  Add: arithmetic((shift) => ({ scale: 1, shift })),
  Sub: arithmetic((other, isFirst) => isFirst ? { scale: 1, shift: negate(other) } : { scale: -1, shift: other }),
  Neg: (call, x) => then(call, x, { scale: -1, shift: 0 }),
  BatchNormalization: batchNorm,
  Identity: passed,
  Dropout: (call, x, index) => dropsNothing(call) ? passed(call, x, index) : undefined,
  Transpose: layout,
  Reshape: layout,
  Flatten: layout,
  Squeeze: layout,
  Unsqueeze: layout,
};

/** Whether a node gives its input in another layout. */
export function isLayout({ opType }: NodeProto): boolean {
  return Object.hasOwn(rules, opType) && rules[opType] === layout;
}

/** What each value of a graph is as an affine function of another. */
export class Affines {
  readonly #found = new Map<string, Affine>();

  /** Reads every value of a graph. */
  constructor(readonly graph: Graph) {
    for (const node of graph.nodes) this.#read(node);
  }

  /** What a value is; of one that no rule reads, itself. */
  of(value: string): Affine {
    return this.#found.get(value) ?? { root: value, scale: 1, shift: 0, nodes: [] };
  }

  #read(node: NodeProto): void {
    const rule = isStandard(node) && Object.hasOwn(rules, node.opType) ? rules[node.opType] : undefined;
    if (rule === undefined || this.graph.functionOf(node) || this.graph.constant(node.output[0])) return;
    // The shape that a Reshape gives may well be computed.
    const inputs = isLayout(node) ? [0] : [...node.input.keys()];
    const varying = inputs.filter((i) => node.input[i] !== "" && !this.graph.constant(node.input[i]));
    if (varying.length !== 1 || (!isLayout(node) && realType(this.graph, node) === undefined)) return;
    const [index] = varying, call = new Call(this.graph, node);
    try {
      // A step begins anew from a value that others use too, or if it lies along another axis than those before it.
      const name = node.input[index], self: Affine = { root: name, scale: 1, shift: 0, nodes: [] };
      const x = this.graph.uses(name).length === 1 ? this.of(name) : self;
      const found = rule(call, x, index) ?? rule(call, self, index);
      if (found) this.#found.set(node.output[0], found);
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
    }
  }
}

/** The type of the floating point numbers that a node computes with; of integers, which are divided otherwise, undefined. */
export function realType(graph: Graph, { input, output }: NodeProto): DType | undefined {
  const known = [...input, ...output].map((name) => graph.type(name).type ?? graph.constant(name)?.type);
  return known.find((type) => type === "float32" || type === "float16" || type === "float64");
}
