import type { SparseTensorProto } from "onnx-buf";
import { sizeOf } from "../../kernels/tensor.ts";
import { attributeOf, isListOf } from "../attribute.ts";
import { elements, elementTypeOf, type NumberArray, type OnnxTensor } from "../element.ts";
import { ModelError } from "../error.ts";
import type { NodeProto, TensorProto } from "../model.ts";
import { lazy } from "./lazy.ts";
import { isElsewhere, tensorOf } from "../tensor.ts";

/** The tensor of a Constant node, in whichever of its attributes it is but the sparse one; undefined if JavaScript has no array for it. */
export function constantOf(node: NodeProto): OnnxTensor | undefined {
  const tensor = node.attribute.find(({ name }) => name === "value")?.t;
  if (tensor) return readable(tensor);
  for (const [name, tensorOfList] of Object.entries(forms)) {
    const value = attributeOf(node, name);
    if (value === undefined) continue;
    const list = Array.isArray(value) ? value : [value];
    const tensor = tensorOfList(list, Array.isArray(value) ? [list.length] : []);
    if (tensor === undefined) throw new ModelError(`A Constant node's ${name} is of another kind.`);
    return tensor;
  }
  return undefined;
}

type Form = (list: readonly unknown[], dims: number[]) => OnnxTensor | undefined;

const floats: Form = (list, dims) =>
  isListOf(list, "number") ? { type: "float32", dims, data: Float32Array.from(list) } : undefined;

const ints: Form = (list, dims) =>
  isListOf(list, "bigint") ? { type: "int64", dims, data: BigInt64Array.from(list) } : undefined;

const strings: Form = (list, dims) => isListOf(list, "string") ? { type: "string", dims, data: [...list] } : undefined;

/** The attributes of a Constant node beside its tensors: one value is a scalar, a list has one dimension. */
const forms: Readonly<Record<string, Form>> = {
  value_float: floats,
  value_floats: floats,
  value_int: ints,
  value_ints: ints,
  value_string: strings,
  value_strings: strings,
};

/** The tensor of a TensorProto; undefined if its type has no array here, or its data is in a file that was not read. */
export function readable(proto: TensorProto): OnnxTensor | undefined {
  return elementTypeOf(proto.dataType) === undefined || isElsewhere(proto) ? undefined : tensorOf(proto);
}

/** A sparse tensor with its zeros, which are made when its elements are first read; undefined if it is of a type without an array here. */
export function denseOf({ values, indices, dims: longs }: SparseTensorProto): OnnxTensor | undefined {
  const stored = values && readable(values), places = indices && readable(indices);
  const dims = longs.map(Number), size = sizeOf(dims);
  if (!stored || places?.type !== "int64" || stored.type === "string") return undefined;
  const { array } = elements[stored.type];
  if (array === undefined || dims.some((dim) => dim < 0)) return undefined;
  const from = stored.data as NumberArray, at = places.data as BigInt64Array;
  // Indices are positions among all elements, or, with two dimensions, one coordinate for each dimension.
  const rank = places.dims.length === 2 ? dims.length : 1;
  if (at.length !== from.length * rank) {
    throw new ModelError(`A sparse tensor has ${from.length} values, but ${at.length} indices.`);
  }
  const place = (i: number) => {
    let place = 0;
    for (let d = 0; d < rank; d++) place = (rank === 1 ? 0 : place * dims[d]) + Number(at[i * rank + d]);
    return place;
  };
  for (let i = 0; i < from.length; i++) {
    if (place(i) >= 0 && place(i) < size) continue;
    throw new ModelError(`A sparse tensor has a value at ${place(i)}, but ${size} elements.`);
  }
  return lazy(stored.type, dims, () => {
    const data: NumberArray = new array(size);
    for (let i = 0; i < from.length; i++) data[place(i)] = from[i];
    return data;
  });
}
