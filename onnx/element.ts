import { TensorProto_DataType as DataType } from "onnx-buf";
import type { HostFloat16Array } from "../kernels/tensor.ts";

/** The array that stores the elements of each type: as in onnxruntime's own tensors, a bool is a byte. */
export interface ElementArrays {
  /** Four bytes. */
  float32: Float32Array;
  /** Eight bytes. */
  float64: Float64Array;
  /** Two bytes. */
  float16: HostFloat16Array;
  /** One byte, signed. */
  int8: Int8Array;
  /** One byte. */
  uint8: Uint8Array;
  /** Two bytes, signed. */
  int16: Int16Array;
  /** Two bytes. */
  uint16: Uint16Array;
  /** Four bytes, signed. */
  int32: Int32Array;
  /** Four bytes. */
  uint32: Uint32Array;
  /** Eight bytes, signed: axes, shapes and indices. */
  int64: BigInt64Array;
  /** Eight bytes. */
  uint64: BigUint64Array;
  /** One byte, 0 or 1. */
  bool: Uint8Array;
  /** Text. */
  string: string[];
}

/** The element types of ONNX that have an array in JavaScript, by their ONNX names. */
export type ElementType = keyof ElementArrays;

/**
 * A tensor of any element type that ONNX and JavaScript share. Evenkeel's own `Tensor`, of floating point numbers, is one of
 * these, and so is what onnxruntime takes and gives.
 */
export interface OnnxTensor<T extends ElementType = ElementType> {
  /** The element type. */
  readonly type: T;
  /** The size of each dimension; `[]` is a scalar. */
  readonly dims: readonly number[];
  /** The elements, as many as the product of `dims`, row-major. */
  readonly data: ElementArrays[T];
}

/** An array of numbers: every one of {@linkcode ElementArrays} but text. */
export type NumberArray = ElementArrays[Exclude<ElementType, "string">];

/** The typed fields of a TensorProto, for elements that are not stored as raw bytes. */
export type TypedField = "floatData" | "doubleData" | "int32Data" | "int64Data" | "uint64Data" | "stringData";

/** How ONNX stores an element type. */
export interface Element {
  /** Its number in TensorProto.DataType. */
  readonly dataType: DataType;
  /** The field that holds its elements when they are not raw bytes. */
  readonly field: TypedField;
  /** The array for it; text has none. */
  readonly array?: {
    readonly BYTES_PER_ELEMENT: number;
    new (length: number): NumberArray;
    new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): NumberArray;
  };
}

/** Every element type by name. Float16Array is asked for by name only, since older hosts lack it. */
export const elements: Readonly<Record<ElementType, Element>> = {
  float32: { dataType: DataType.FLOAT, field: "floatData", array: Float32Array },
  float64: { dataType: DataType.DOUBLE, field: "doubleData", array: Float64Array },
  float16: { dataType: DataType.FLOAT16, field: "int32Data", array: globalThis.Float16Array },
  int8: { dataType: DataType.INT8, field: "int32Data", array: Int8Array },
  uint8: { dataType: DataType.UINT8, field: "int32Data", array: Uint8Array },
  int16: { dataType: DataType.INT16, field: "int32Data", array: Int16Array },
  uint16: { dataType: DataType.UINT16, field: "int32Data", array: Uint16Array },
  int32: { dataType: DataType.INT32, field: "int32Data", array: Int32Array },
  uint32: { dataType: DataType.UINT32, field: "uint64Data", array: Uint32Array },
  int64: { dataType: DataType.INT64, field: "int64Data", array: BigInt64Array },
  uint64: { dataType: DataType.UINT64, field: "uint64Data", array: BigUint64Array },
  bool: { dataType: DataType.BOOL, field: "int32Data", array: Uint8Array },
  string: { dataType: DataType.STRING, field: "stringData" },
};

const typesByNumber = new Map<number, ElementType>(
  Object.entries(elements).map(([type, { dataType }]) => [dataType, type as ElementType]),
);

/** The element type with a number of TensorProto.DataType, or undefined where JavaScript has no array for it. */
export function elementTypeOf(dataType: number): ElementType | undefined {
  return typesByNumber.get(dataType);
}

/** The name of a data type for messages, such as "bfloat16". */
export function dataTypeName(dataType: number): string {
  return DataType[dataType]?.toLowerCase() ?? `data type ${dataType}`;
}
