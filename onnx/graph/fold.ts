import { sizeOf } from "../../kernels/tensor.ts";
import { attributeOf, type AttributeValue } from "../attribute.ts";
import { elements, type ElementType, elementTypeOf, type NumberArray, type OnnxTensor } from "../element.ts";
import { ModelError } from "../error.ts";
import type { NodeProto } from "../model.ts";
import { highestRank, lazy } from "./lazy.ts";

/** The tensor of a node's input, if it is constant. */
type Input = (index: number) => OnnxTensor | undefined;
type Fold = (node: NodeProto, input: Input) => OnnxTensor | undefined;
type Numeric = number | bigint;

/**
 * What a node makes of constant inputs; undefined if it depends on what is not constant, or is none of the simple operators
 * that exporters leave between stored weights and where they are used. The elements are made when they are first read.
 */
export function folded(node: NodeProto, input: Input): OnnxTensor | undefined {
  if (!Object.hasOwn(folds, node.opType)) return undefined;
  try {
    return folds[node.opType](node, (index) => ofRank(input(index)));
  } catch (error) {
    if (error instanceof ModelError) return undefined; // an attribute that only the caller of a function knows, or a broken one
    throw error;
  }
}

/** A tensor that operators take; undefined if it has too many dims for one. */
function ofRank(tensor: OnnxTensor | undefined): OnnxTensor | undefined {
  return tensor && tensor.dims.length <= highestRank ? tensor : undefined;
}

function arrayOf(type: ElementType, size: number): NumberArray {
  return new elements[type].array!(size);
}

/** The same elements in other dims, if there are as many. */
function reshaped(x: OnnxTensor, dims: readonly number[]): OnnxTensor | undefined {
  if (sizeOf(dims) !== sizeOf(x.dims)) return undefined;
  return lazy(x.type, dims, () => x.data as NumberArray);
}

function integers(tensor: OnnxTensor | undefined): number[] | undefined {
  if (tensor?.type !== "int64" || sizeOf(tensor.dims) > highestRank) return undefined;
  return Array.from(tensor.data as BigInt64Array, Number);
}

/** A list of integers that is an attribute in old versions and an input in later ones; null where it is left out. */
function listOf(node: NodeProto, name: string, input: Input): number[] | null | undefined {
  const attribute = attributeOf(node, name);
  if (Array.isArray(attribute)) return attribute.length <= highestRank ? attribute.map(Number) : undefined;
  return node.input[1] ? integers(input(1)) : null;
}

const reshape: Fold = (node, input) => {
  const x = input(0), target = listOf(node, "shape", input);
  if (!x || !target) return undefined;
  const copied = target.map((dim, i) => dim === 0 && !attributeOf(node, "allowzero") ? x.dims[i] ?? -2 : dim);
  const rest = sizeOf(x.dims) / sizeOf(copied.filter((dim) => dim !== -1));
  return reshaped(x, copied.map((dim) => dim === -1 ? rest : dim));
};

const flatten: Fold = (node, input) => {
  const x = input(0), axis = Number(attributeOf(node, "axis") ?? 1n);
  return x && reshaped(x, [sizeOf(x.dims.slice(0, axis)), sizeOf(axis === 0 ? x.dims : x.dims.slice(axis))]);
};

const squeeze: Fold = (node, input) => {
  const x = input(0), axes = listOf(node, "axes", input);
  if (!x || axes === undefined) return undefined;
  const gone = axes?.map((axis) => axis < 0 ? axis + x.dims.length : axis);
  return reshaped(x, x.dims.filter((dim, axis) => gone ? !gone.includes(axis) : dim !== 1));
};

const unsqueeze: Fold = (node, input) => {
  const x = input(0), axes = listOf(node, "axes", input);
  if (!x || !axes) return undefined;
  const rank = x.dims.length + axes.length, added = axes.map((axis) => axis < 0 ? axis + rank : axis);
  let next = 0;
  return reshaped(x, Array.from({ length: rank }, (_, axis) => added.includes(axis) ? 1 : x.dims[next++] ?? -1));
};

/** A new array that reads another at a step for each of its axes, such as 0 where it repeats. */
function strided(x: OnnxTensor, dims: readonly number[], steps: readonly number[]): NumberArray {
  const from = x.data as NumberArray, data = arrayOf(x.type, sizeOf(dims)), index = dims.map(() => 0);
  let at = 0;
  for (let i = 0; i < data.length; i++) {
    data[i] = from[at];
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      at += steps[axis];
      if (++index[axis] < dims[axis]) break;
      at -= steps[axis] * dims[axis];
      index[axis] = 0;
    }
  }
  return data;
}

function stridesOf(dims: readonly number[]): number[] {
  return dims.map((_, axis) => sizeOf(dims.slice(axis + 1)));
}

const transpose: Fold = (node, input) => {
  const x = input(0), perm = attributeOf(node, "perm") ?? [...x?.dims.keys() ?? []].reverse();
  if (!x || !Array.isArray(perm) || perm.length !== x.dims.length) return undefined;
  const order = perm.map(Number), strides = stridesOf(x.dims);
  const dims = order.map((axis) => x.dims[axis]);
  if (new Set(order).size < order.length || dims.includes(undefined!)) {
    return undefined;
  }
  return lazy(x.type, dims, () => strided(x, dims, order.map((axis) => strides[axis])));
};

/** Broadcasting as numpy's; undefined if the dims do not fit each other. */
function broadcastDims(a: readonly number[], b: readonly number[]): number[] | undefined {
  const rank = Math.max(a.length, b.length),
    at = (dims: readonly number[], i: number) => dims[i - rank + dims.length] ?? 1;
  const dims = Array.from({ length: rank }, (_, i) => at(a, i) === 1 ? at(b, i) : at(a, i));
  return dims.every((dim, i) => [1, dim].includes(at(b, i))) ? dims : undefined;
}

function broadcast(x: OnnxTensor, dims: readonly number[]): NumberArray {
  if (String(x.dims) === String(dims)) return x.data as NumberArray;
  const strides = stridesOf(x.dims), behind = dims.length - x.dims.length;
  return strided(x, dims, dims.map((_, i) => (x.dims[i - behind] ?? 1) === 1 ? 0 : strides[i - behind]));
}

const expand: Fold = (node, input) => {
  const x = input(0),
    shape = listOf(node, "shape", input),
    dims = x && shape ? broadcastDims(x.dims, shape) : undefined;
  return dims && lazy(x!.type, dims, () => broadcast(x!, dims));
};

const zero: OnnxTensor = { type: "float32", dims: [1], data: new Float32Array(1) };

/** Whether an attribute is a tensor of one number. */
function isNumber(value: AttributeValue): value is OnnxTensor<Exclude<ElementType, "string">> {
  const { data, type } = value as Partial<OnnxTensor>;
  return data?.length === 1 && type !== "string";
}

const constantOfShape: Fold = (node, input) => {
  const value = attributeOf(node, "value") ?? zero, dims = integers(input(0));
  if (!dims || !isNumber(value)) return undefined;
  return lazy(value.type, dims, () => arrayOf(value.type, sizeOf(dims)).fill(value.data[0] as never) as NumberArray);
};

/** A conversion of numbers, rounded as the type's array rounds. */
const cast: Fold = (node, input) => {
  const x = input(0), type = elementTypeOf(Number(attributeOf(node, "to") ?? 0n));
  if (!x || x.type === "string" || type === undefined || type === "string") return undefined;
  if (x.type === type) return x;
  const isLong = type === "int64" || type === "uint64", isBool = type === "bool";
  const whole = !type.startsWith("float");
  const convert = (value: Numeric): Numeric => {
    if (isBool) return value ? 1 : 0;
    if (isLong) return typeof value === "bigint" ? value : BigInt(Number.isFinite(value) ? Math.trunc(value) : 0);
    return whole ? Math.trunc(Number(value)) : Number(value);
  };
  return lazy(type, x.dims, () => {
    const from = x.data as NumberArray, data = arrayOf(type, from.length);
    for (let i = 0; i < data.length; i++) data[i] = convert(from[i]);
    return data;
  });
};

/** An operation on numbers and the same on integers, each broadcast. */
function binary(real: (a: number, b: number) => number, whole?: (a: bigint, b: bigint) => bigint): Fold {
  return (node, input) => {
    const a = input(0), b = input(1), dims = a && b ? broadcastDims(a.dims, b.dims) : undefined;
    // Before version 7 of the operator set, attributes said how to broadcast.
    if (!a || !b || !dims || a.type !== b.type || node.attribute.length > 0) return undefined;
    const isReal = a.type.startsWith("float");
    if (!isReal && (a.type !== "int64" || !whole)) return undefined;
    const operation = (isReal ? real : whole) as (a: Numeric, b: Numeric) => Numeric;
    return lazy(a.type, dims, () => {
      const p = broadcast(a, dims), q = broadcast(b, dims), data = arrayOf(a.type, p.length);
      for (let i = 0; i < data.length; i++) data[i] = operation(p[i], q[i]);
      return data;
    });
  };
}

function unary(operation: (a: number) => number): Fold {
  return (_, input) => {
    const x = input(0);
    if (!x || !x.type.startsWith("float")) return undefined;
    return lazy(x.type, x.dims, () => {
      const from = x.data as Float32Array, data = arrayOf(x.type, from.length);
      for (let i = 0; i < data.length; i++) data[i] = operation(from[i]);
      return data;
    });
  };
}

const folds: Readonly<Record<string, Fold>> = {
  Identity: (_, input) => input(0),
  Cast: cast,
  ConstantOfShape: constantOfShape,
  Expand: expand,
  Flatten: flatten,
  Reshape: reshape,
  Squeeze: squeeze,
  Transpose: transpose,
  Unsqueeze: unsqueeze,
  Add: binary((a, b) => a + b, (a, b) => a + b),
  Sub: binary((a, b) => a - b, (a, b) => a - b),
  Mul: binary((a, b) => a * b, (a, b) => a * b),
  Div: binary((a, b) => a / b),
  Pow: binary((a, b) => a ** b),
  Abs: unary(Math.abs),
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Neg: unary((a) => -a),
  Reciprocal: unary((a) => 1 / a),
  Sqrt: unary(Math.sqrt),
};
