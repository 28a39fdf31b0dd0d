import { sizeOf } from "../../kernels/tensor.ts";
import { attributeOf, type Graph, type NodeProto, type OnnxTensor } from "../../onnx/mod.ts";
import { Call } from "../../rewrite/find/call.ts";
import type { Numbers, Operator } from "./operator.ts";
import { affineNorms, convolution, gemm, matrixProduct } from "./evaluate_products.ts";

/** An operator that the random graphs do not have. */
export class UnknownOperatorError extends Error {}

/** What becomes of each number of a value. */
export type Rounding = (name: string, one: number) => number;

/**
 * Runs a graph in float64, with no more than the formula of each operator: a judge of rewriting that shares nothing with onnxruntime, and
 * in which two ways to compute the same differ by 1e-12 instead of 1e-4.
 *
 * @param round Is applied to every value, the inputs and constants included, and to every step of a sum of products, to see what such
 * roundings do to a graph. Default: none.
 * @throws {UnknownOperatorError} If there is an operator that it does not know.
 */
export function evaluateGraph(
  graph: Graph,
  given: Readonly<Record<string, OnnxTensor>>,
  round: Rounding = (_, one) => one,
): Record<string, Numbers> {
  const values = new Values(round);
  for (const [name, tensor] of Object.entries(given)) values.set(name, numbers(tensor));
  run(graph, values);
  return Object.fromEntries(graph.proto.output.map(({ name }) => [name, valueOf(graph, values, name)]));
}

/** Values by name, each rounded. */
class Values extends Map<string, Numbers> {
  readonly round: Rounding;

  constructor(round: Rounding) {
    super();
    this.round = round;
  }

  override set(name: string, { dims, data }: Numbers): this {
    return super.set(name, { dims, data: data.map((one) => this.round(name, one)) });
  }
}

function run(graph: Graph, values: Values): void {
  const opset = graph.opset() ?? 0;
  for (const node of graph.nodes) {
    if (node.opType === "If") {
      const [condition] = valueOf(graph, values, node.input[0]).data;
      const name = condition ? "then_branch" : "else_branch", bodies = graph.bodies(node);
      const body = bodies[node.attribute.filter(({ g }) => g).findIndex((one) => one.name === name)];
      run(body, values);
      body.proto.output.forEach(({ name }, i) => values.set(node.output[i], valueOf(body, values, name)));
      continue;
    }
    const inputs = node.input.map((name) => name === "" ? undefined : valueOf(graph, values, name));
    const [y] = node.output, round = (one: number) => values.round(y, one);
    values.set(y, operatorOf(node)({ call: new Call(graph, node), inputs, opset, round }));
  }
}

function valueOf(graph: Graph, values: Values, name: string): Numbers {
  if (!values.has(name)) {
    const stored = graph.constant(name);
    if (stored === undefined) throw new UnknownOperatorError(`nothing gives ${name}`);
    values.set(name, numbers(stored));
  }
  return values.get(name)!;
}

function numbers({ dims, data }: OnnxTensor): Numbers {
  return { dims, data: Float64Array.from(data as ArrayLike<number>, Number) };
}

function operatorOf({ opType }: NodeProto): Operator {
  if (!Object.hasOwn(operators, opType)) throw new UnknownOperatorError(`${opType} is not known`);
  return operators[opType];
}

/** Where an element of broadcast dims lies in narrower ones: a step for each axis. */
function stepsOf(dims: readonly number[], wide: readonly number[]): number[] {
  const behind = wide.length - dims.length;
  return wide.map((_, i) => i < behind || dims[i - behind] === 1 ? 0 : sizeOf(dims.slice(i - behind + 1)));
}

/** Calls back for every index of dims, row-major, with its place in each of several layouts. */
export function forEach(
  dims: readonly number[],
  layouts: readonly (readonly number[])[],
  visit: (i: number, at: number[]) => void,
): void {
  const index = dims.map(() => 0), at = layouts.map(() => 0), size = sizeOf(dims);
  for (let i = 0; i < size; i++) {
    visit(i, at);
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      const back = ++index[axis] === dims[axis];
      layouts.forEach((steps, l) => at[l] += back ? steps[axis] * (1 - dims[axis]) : steps[axis]);
      if (!back) break;
      index[axis] = 0;
    }
  }
}

const binary = (f: (a: number, b: number) => number): Operator => ({ inputs: [a, b] }) => {
  const rank = Math.max(a!.dims.length, b!.dims.length),
    dim = (x: Numbers, i: number) => x.dims[i - rank + x.dims.length] ?? 1;
  const dims = Array.from({ length: rank }, (_, i) => dim(a!, i) === 1 ? dim(b!, i) : dim(a!, i));
  const data = new Float64Array(sizeOf(dims));
  forEach(dims, [stepsOf(a!.dims, dims), stepsOf(b!.dims, dims)], (i, [p, q]) => data[i] = f(a!.data[p], b!.data[q]));
  return { dims, data };
};

const unary = (f: (a: number) => number): Operator => ({ inputs: [x] }) => ({ dims: x!.dims, data: x!.data.map(f) });

const mean: Operator = ({ call, inputs: [x, list] }) => {
  const rank = x!.dims.length, given = call.list("axes") ?? (list ? [...list.data] : [...x!.dims.keys()]);
  const axes = given.map((axis) => axis < 0 ? axis + rank : axis),
    kept = x!.dims.map((dim, i) => axes.includes(i) ? 1 : dim);
  const sums = new Float64Array(sizeOf(kept)), count = sizeOf(x!.dims) / sums.length;
  forEach(x!.dims, [stepsOf(kept, x!.dims)], (i, [at]) => sums[at] += x!.data[i]);
  const isSum = call.node.opType === "ReduceSum",
    dims = call.float("keepdims", 1) ? kept : x!.dims.filter((_, i) => !axes.includes(i));
  return { dims, data: isSum ? sums : sums.map((sum) => sum / count) };
};

const transpose: Operator = ({ call, inputs: [x] }) => {
  const order = call.list("perm") ?? [...x!.dims.keys()].reverse(),
    strides = x!.dims.map((_, i) => sizeOf(x!.dims.slice(i + 1)));
  const dims = order.map((axis) => x!.dims[axis]), data = new Float64Array(x!.data.length);
  forEach(dims, [order.map((axis) => strides[axis])], (i, [at]) => data[i] = x!.data[at]);
  return { dims, data };
};

const reshape: Operator = ({ inputs: [x, shape] }) => {
  const copied = [...shape!.data].map((dim, i) => dim === 0 ? x!.dims[i] : dim);
  const rest = x!.data.length / sizeOf(copied.filter((dim) => dim >= 0));
  return { dims: copied.map((dim) => dim < 0 ? rest : dim), data: x!.data };
};

const unsqueeze: Operator = ({ inputs: [x, axes] }) => {
  const dims = [...x!.dims];
  for (const axis of [...axes!.data].sort((a, b) => a - b)) dims.splice(axis, 0, 1);
  return { dims, data: x!.data };
};

const slice: Operator = ({ inputs: [x, starts, ends, axes] }) => {
  const dims = [...x!.dims], strides = x!.dims.map((_, i) => sizeOf(x!.dims.slice(i + 1)));
  let first = 0;
  axes!.data.forEach((axis, i) => {
    dims[axis] = Math.min(ends!.data[i], dims[axis]) - starts!.data[i];
    first += starts!.data[i] * strides[axis];
  });
  const data = new Float64Array(sizeOf(dims));
  forEach(dims, [strides], (i, [at]) => data[i] = x!.data[first + at]);
  return { dims, data };
};

const expand: Operator = ({ inputs: [x, shape], ...given }) => {
  const ones = { dims: [...shape!.data], data: new Float64Array(sizeOf([...shape!.data])).fill(1) };
  return operators.Mul({ ...given, inputs: [x, ones] });
};

/** Rows of a table by number. */
const gather: Operator = ({ inputs: [x, index] }) => {
  const row = sizeOf(x!.dims.slice(1)), rows = [...index!.data].map((at) => x!.data.subarray(at * row, (at + 1) * row));
  return { dims: [...index!.dims, ...x!.dims.slice(1)], data: Float64Array.from(rows.flatMap((one) => [...one])) };
};

/** Constants are rounded to float16, since they are so when they are folded; of values no rounding counts here. */
const cast: Operator = ({ call, inputs: [x] }) => {
  const to = call.float("to", 0),
    round = to === 10 && call.constant(0) ? Math.f16round : to === 6 || to === 7 ? Math.trunc : (one: number) => one;
  return { dims: x!.dims, data: x!.data.map(round) };
};

const operators: Readonly<Record<string, Operator>> = {
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: binary((a, b) => a / b),
  Pow: binary((a, b) => a ** b),
  Greater: binary((a, b) => Number(a > b)),
  Neg: unary((a) => -a),
  Sqrt: unary(Math.sqrt),
  Reciprocal: unary((a) => 1 / a),
  Relu: unary((a) => Math.max(a, 0)),
  Sigmoid: unary((a) => 1 / (1 + Math.exp(-a))),
  Tanh: unary(Math.tanh),
  Identity: unary((a) => a),
  Cast: cast,
  ReduceMean: mean,
  ReduceSum: mean,
  Gather: gather,
  Transpose: transpose,
  Reshape: reshape,
  Unsqueeze: unsqueeze,
  Slice: slice,
  Expand: expand,
  Shape: ({ inputs: [x] }) => ({ dims: [x!.dims.length], data: Float64Array.from(x!.dims) }),
  Constant: ({ call }) => numbers(attributeOf(call.node, "value") as OnnxTensor),
  ...affineNorms,
  MatMul: matrixProduct,
  Gemm: gemm,
  Conv: convolution,
};
