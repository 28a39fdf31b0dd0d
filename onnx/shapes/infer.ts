import { sizeOf } from "../../kernels/tensor.ts";
import { elementTypeOf, type OnnxTensor } from "../element.ts";
import { ModelError } from "../error.ts";
import type { FunctionProto, GraphProto, NodeProto } from "../model.ts";
import { isStandard } from "../standard.ts";
import { type ValueType, valueTypeOf } from "../value_info.ts";
import { Call, type Rule } from "./call.ts";
import { join, named, unnamed } from "./dims.ts";
import { elementwise } from "./elementwise.ts";
import { contributed, layers } from "./layers.ts";
import { layout } from "./layout.ts";

const standard: Readonly<Record<string, Rule>> = { ...elementwise, ...layout, ...layers };

function ruleOf(node: NodeProto): Rule | undefined {
  const rules = isStandard(node) ? standard : node.domain === "com.microsoft" ? contributed : {};
  return Object.hasOwn(rules, node.opType) ? rules[node.opType] : undefined;
}

/** A shape has at most as many elements as a tensor has dimensions; a longer vector is other data. */
const longestShape = 64;

/** The body of a node: what its outputs are. */
interface Body {
  readonly proto: GraphProto;
  type(name: string): ValueType;
}

/** What inference asks of a graph. */
export interface Scope {
  /** Its message. */
  readonly proto: GraphProto;
  /** Its nodes, each after those it depends on. */
  readonly nodes: readonly NodeProto[];
  /** The tensor that a value always is, if there is one. */
  constant(name: string): OnnxTensor | undefined;
  /** Whether a stored value may be replaced by whoever runs the model. */
  isOverridable(name: string): boolean;
  /** The function of the model's own that a node calls. */
  functionOf(node: NodeProto): FunctionProto | undefined;
  /** The version of an operator set that it imports. */
  opset(domain?: string): number | undefined;
  /** The graphs inside of a node. */
  bodies(node: NodeProto): readonly Body[];
  /** The graph around it. */
  readonly outer?: { type(name: string): ValueType };
}

/**
 * What is known of each value of a graph: what the model says of it, joined with what the operators make of it. It is put into a map
 * that is looked at meanwhile: bodies of nodes read values of the graph around them.
 */
export function inferTypes(graph: Scope, types: Map<string, ValueType>): void {
  const asked = new Set(graph.nodes.filter(({ opType }) => opType === "Shape").map(({ input }) => input[0]));
  const learn = (name: string, type: ValueType = {}) => {
    if (name === "") return;
    const known = join(types.get(name) ?? {}, plausible(type));
    types.set(name, asked.has(name) ? named(name, known) : known);
  };
  const { input, output, valueInfo, initializer } = graph.proto;
  for (const info of [...input, ...valueInfo, ...output]) learn(info.name, valueTypeOf(info));
  for (const { name, dataType, dims } of initializer) {
    // Whoever runs the model may override an initializer that is an input with a tensor of other dims, if the input allows.
    if (graph.isOverridable(name)) continue;
    learn(name, { type: elementTypeOf(dataType), dims: dims.map(Number) });
    if (dims.length <= 1 && sizeOf(dims.map(Number)) <= longestShape) learn(name, typeOfConstant(graph.constant(name)));
  }
  for (const node of graph.nodes) {
    const constant = node.opType === "Constant" && isStandard(node);
    const outputs = constant ? [typeOfConstant(graph.constant(node.output[0]))] : inferNode(graph, node, types);
    node.output.forEach((name, i) => learn(name, outputs[i]));
  }
}

function inferNode(graph: Scope, node: NodeProto, types: ReadonlyMap<string, ValueType>): readonly ValueType[] {
  if (graph.functionOf(node)) return [];
  if (isStandard(node) && (node.opType === "If" || node.opType === "Loop")) return ofBodies(graph, node);
  const rule = ruleOf(node);
  if (rule === undefined) return [];
  const inputs = node.input.map((name) => types.get(name) ?? graph.outer?.type(name) ?? {});
  try {
    return rule(
      new Call(node, inputs, { opset: graph.opset(node.domain) ?? Infinity, constant: (name) => graph.constant(name) }),
    );
  } catch (error) {
    // An attribute that only the caller of a function knows, or one that is broken: nothing follows from it.
    if (error instanceof ModelError) return [];
    throw error;
  }
}

/** An If gives what either branch does; a Loop what its body carries on, and what it gives each time, one after the other. */
function ofBodies(graph: Scope, node: NodeProto): readonly ValueType[] {
  const [first, ...others] = graph.bodies(node).map((body) => body.proto.output.map(({ name }) => body.type(name)));
  if (first === undefined) return [];
  if (node.opType === "If") {
    return first.map((type, i) => others.reduce((a, b) => either(a, b[i] ?? {}), shapeOnly(type)));
  }
  const carried = node.input.length - 2;
  return first.slice(1).map(unnamed).map(({ type, dims }, i) => {
    // From turn to turn what is carried may change its dims.
    if (i < carried) return { type, dims: dims?.map(() => undefined) };
    return { type, dims: dims && [undefined, ...dims] };
  });
}

function shapeOnly({ type, dims }: ValueType): ValueType {
  return { type, dims };
}

/** What is known of a value that is one or the other. */
function either(a: ValueType, b: ValueType): ValueType {
  const dims = a.dims?.length === b.dims?.length
    ? a.dims?.map((dim, i) => dim === b.dims![i] ? dim : undefined)
    : undefined;
  return unnamed({ type: a.type === b.type ? a.type : undefined, dims });
}

/** Dims that a broken model asks for are as good as unknown, and so is one whose name says so: two of them need not be equal. */
function plausible({ type, dims, elements }: ValueType): ValueType {
  if (dims && dims.length > longestShape) dims = undefined;
  return {
    type,
    dims: dims?.map((dim) => typeof dim !== "number" || (Number.isSafeInteger(dim) && dim >= 0) ? dim : undefined)
      .map((dim) => dim === "?" ? undefined : dim),
    elements: elements && elements.length <= longestShape ? elements : undefined,
  };
}

function typeOfConstant(tensor: OnnxTensor | undefined): ValueType {
  if (tensor === undefined) return {};
  // The elements are looked at only where they may be a shape: to spread out a sparse tensor takes memory.
  const { type, dims } = tensor, small = dims.length <= 1 && sizeOf(dims) <= longestShape;
  const elements = (type === "int64" || type === "int32") && small
    ? Array.from(tensor.data as BigInt64Array, Number)
    : undefined;
  return { type, dims, elements };
}
