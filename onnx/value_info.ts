import { create } from "@bufbuild/protobuf";
import {
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
} from "onnx-buf";
import { elements, type ElementType, elementTypeOf } from "./element.ts";
import type { ValueInfoProto } from "./model.ts";

/** The size of a dimension: a number, a symbolic name such as `"N"`, or undefined where it is not known. */
export type Dim = number | string | undefined;

/** A ValueInfoProto: a value's name and, as far as they are known, its element type and dims. */
export function valueInfo(name: string, type?: ElementType, dims?: readonly Dim[]): ValueInfoProto {
  const info = create(ValueInfoProtoSchema, { name });
  if (type === undefined) return info;
  const value = create(TypeProto_TensorSchema, {
    elemType: elements[type].dataType,
    shape: dims && create(TensorShapeProtoSchema, { dim: dims.map(dimension) }),
  });
  info.type = create(TypeProtoSchema, { value: { case: "tensorType", value } });
  return info;
}

function dimension(dim: Dim) {
  if (dim === undefined) return create(TensorShapeProto_DimensionSchema);
  return create(TensorShapeProto_DimensionSchema, {
    value: typeof dim === "number" ? { case: "dimValue", value: BigInt(dim) } : { case: "dimParam", value: dim },
  });
}

/** What is known of a value: its element type and dims, and the elements of a small vector of integers such as a shape. */
export interface ValueType {
  /** The element type. */
  readonly type?: ElementType;
  /** The size of each dimension; undefined if not even their number is known. */
  readonly dims?: readonly Dim[];
  /** The elements of a vector or scalar of integers, as far as they are known. */
  readonly elements?: readonly Dim[];
}

/** What a ValueInfoProto says of its value. */
export function valueTypeOf({ type }: ValueInfoProto): ValueType {
  if (type?.value.case !== "tensorType") return {};
  const { elemType, shape } = type.value.value;
  return {
    type: elementTypeOf(elemType),
    dims: shape?.dim.map(({ value }) => {
      if (value.case === "dimParam") return value.value === "" ? undefined : value.value;
      return value.case === "dimValue" && value.value >= 0n ? Number(value.value) : undefined;
    }),
  };
}
