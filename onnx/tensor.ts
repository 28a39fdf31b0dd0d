import { create } from "@bufbuild/protobuf";
import { TensorProto_DataLocation as DataLocation, TensorProtoSchema } from "onnx-buf";
import { sizeOf } from "../kernels/tensor.ts";
import { dataTypeName, elements, elementTypeOf, type NumberArray, type OnnxTensor } from "./element.ts";
import { ModelError } from "./error.ts";
import type { TensorProto } from "./model.ts";

/**
 * The tensor that a TensorProto stores, as raw bytes or in the field of its type.
 *
 * Raw bytes are not copied: the tensor's data is a view of them, and so of the file that was read, unless they do not lie at
 * a multiple of the element's size, which protobuf does not promise and typed arrays need. Then they are copied when the data is first read.
 *
 * @throws {ModelError} If its elements are not as many as its dims say, lie in a file that was not read (see
 * {@linkcode readExternalData}), or are of a type that JavaScript has no array for, such as bfloat16.
 *
 * @example Weights of a model
 * ```ts
 * import { protoOf, tensorOf } from "@evenkeel/norm/onnx";
 * import { assertEquals } from "@std/assert";
 *
 * const proto = protoOf({ type: "int64", dims: [2], data: new BigInt64Array([-1n, 4n]) }, "shape");
 * assertEquals(tensorOf(proto).data, new BigInt64Array([-1n, 4n]));
 * ```
 */
export function tensorOf(proto: TensorProto): OnnxTensor {
  const { dataType, rawData } = proto;
  const refuse = (why: string): never => {
    throw new ModelError(`Tensor ${JSON.stringify(proto.name)} ${why}`);
  };
  if (isElsewhere(proto)) {
    const location = proto.externalData.find(({ key }) => key === "location")?.value;
    refuse(`has its data in the file ${JSON.stringify(location)}. Read it first, with readExternalData.`);
  }
  if (proto.segment !== undefined) refuse("is one segment of a larger one, which ONNX no longer has.");
  const type = elementTypeOf(dataType) ??
    refuse(`is of ${dataTypeName(dataType)}, for which JavaScript has no array.`);
  const { array, field } = elements[type];
  if (array === undefined && type !== "string") refuse(`is of ${type}, for which this host has no array.`);

  const dims = proto.dims.map(Number);
  // Measured before anything is made of it: dims come from a file, and may ask for more memory than there is.
  const size = sizeOf(dims);
  if (dims.some((dim) => dim < 0) || !Number.isSafeInteger(size)) refuse(`has impossible dims [${dims}].`);
  const has = (count: number) => {
    if (count !== size) refuse(`has dims [${dims}], which is ${size} elements, but stores ${count}.`);
  };

  if (array === undefined) {
    has(proto.stringData.length);
    const decoder = new TextDecoder();
    return { type: "string", dims, data: proto.stringData.map((bytes) => decoder.decode(bytes)) };
  }
  if (rawData.length > 0 || proto[field].length === 0) {
    has(rawData.length / array.BYTES_PER_ELEMENT);
    return ofBytes(rawData, { type, dims, array, size });
  }
  has(proto[field].length);
  // A float16 is stored as its bits, one number in each 32-bit integer.
  if (type === "float16") return { type, dims, data: new Float16Array(Uint16Array.from(proto.int32Data).buffer) };
  const data = new array(size);
  for (let i = 0; i < size; i++) data[i] = elementAs(type, proto[field][i] as number | bigint);
  return { type, dims, data } as OnnxTensor;
}

/** 32-bit unsigned integers are stored among 64-bit ones, which are bigints. */
function elementAs(type: OnnxTensor["type"], value: number | bigint): number | bigint {
  return type === "uint32" ? Number(value) : value;
}

/** Whether a tensor's data is in a file of its own that has not been read. */
export function isElsewhere({ dataLocation }: TensorProto): boolean {
  return dataLocation === DataLocation.EXTERNAL;
}

/** A view of bytes where they are aligned, else a copy that is made when it is first read. */
function ofBytes(
  bytes: Uint8Array,
  { type, dims, array, size }: {
    readonly type: OnnxTensor["type"];
    readonly dims: readonly number[];
    readonly array: NonNullable<(typeof elements)["float32"]["array"]>;
    readonly size: number;
  },
): OnnxTensor {
  const view = ({ buffer, byteOffset }: Uint8Array): NumberArray => new array(buffer, byteOffset, size);
  if (bytes.byteOffset % array.BYTES_PER_ELEMENT === 0) return { type, dims, data: view(bytes) } as OnnxTensor;
  let copy: NumberArray | undefined;
  return {
    type,
    dims,
    get data() {
      return copy ??= view(new Uint8Array(bytes));
    },
  } as OnnxTensor;
}

/**
 * The TensorProto of a tensor. Its raw bytes are those of the tensor's own data, which is not copied.
 *
 * @param name The name to give it; a tensor that is an attribute needs none.
 * @throws {RangeError} If the tensor's data is not as long as its dims say.
 *
 * @example An initializer
 * ```ts
 * import { protoOf } from "@evenkeel/norm/onnx";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const scale = protoOf(tensor(new Float32Array([1, 2])), "scale");
 * assertEquals(scale.dims, [2n]);
 * ```
 */
export function protoOf(tensor: OnnxTensor, name = ""): TensorProto {
  const { type, dims, data } = tensor;
  checkOnnxTensor("protoOf", JSON.stringify(name), tensor);
  const proto = create(TensorProtoSchema, { name, dims: dims.map(BigInt), dataType: elements[type].dataType });
  if (isText(tensor)) {
    const encoder = new TextEncoder();
    proto.stringData = tensor.data.map((text) => encoder.encode(text));
  } else {
    const { buffer, byteOffset, byteLength } = data as NumberArray;
    proto.rawData = new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
  }
  return proto;
}

function isText(tensor: OnnxTensor): tensor is OnnxTensor<"string"> {
  return tensor.type === "string";
}

/** Throws unless a value is a tensor whose data is as long as its dims say, and of an element type of ONNX. */
export function checkOnnxTensor(operation: string, what: string, tensor: OnnxTensor): void {
  const { type, dims, data } = tensor ?? {};
  if (!Array.isArray(dims) || type === undefined || !Object.hasOwn(elements, type) || data === undefined) {
    throw new TypeError(
      `${operation}: ${what} must be a tensor { type, dims, data } with a type of ${Object.keys(elements).join(", ")}.`,
    );
  }
  const { array } = elements[type];
  if (array === undefined ? !Array.isArray(data) : !(data instanceof array)) {
    throw new TypeError(`${operation}: ${what} is of type ${type}, but its data is a ${data.constructor?.name}.`);
  }
  if (data.length !== sizeOf(dims)) {
    throw new RangeError(
      `${operation}: ${what} has dims [${dims}], which is ${sizeOf(dims)} elements, but its data has ${data.length}.`,
    );
  }
}
