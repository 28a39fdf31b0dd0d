import { sizeOf } from "../../kernels/tensor.ts";
import { elementTypeOf, type OnnxTensor } from "../element.ts";
import { ModelError } from "../error.ts";
import type { FunctionProto, GraphProto, NodeProto } from "../model.ts";
import { isStandard } from "../standard.ts";
import { type ValueType, valueTypeOf } from "../value_info.ts";
import { Call, type Rule } from "./call.ts";
import { join } from "./dims.ts";
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
  /** The graph around it. */
  readonly outer?: { type(name: string): ValueType };
}

/** What is known of each value of a graph: what the model says of it, joined with what the operators make of it. */
export function inferTypes(graph: Scope): ReadonlyMap<string, ValueType> {
  const types = new Map<string, ValueType>();
  const learn = (name: string, type: ValueType = {}) => {
    if (name !== "") types.set(name, join(types.get(name) ?? {}, plausible(type)));
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
  return types;
}

function inferNode(graph: Scope, node: NodeProto, types: ReadonlyMap<string, ValueType>): readonly ValueType[] {
  const rule = ruleOf(node);
  if (rule === undefined || graph.functionOf(node)) return [];
  const inputs = node.input.map((name) => types.get(name) ?? graph.outer?.type(name) ?? {});
  try {
    return rule(new Call(node, inputs));
  } catch (error) {
    // An attribute that only the caller of a function knows, or one that is broken: nothing follows from it.
    if (error instanceof ModelError) return [];
    throw error;
  }
}

/** Dims that a broken model asks for are as good as unknown. */
function plausible({ type, dims, elements }: ValueType): ValueType {
  if (dims && dims.length > longestShape) dims = undefined;
  return {
    type,
    dims: dims?.map((dim) => typeof dim !== "number" || (Number.isSafeInteger(dim) && dim >= 0) ? dim : undefined),
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
