/** The element types a tensor can have, by their ONNX names. */
export type DType = "float32" | "float64" | "float16";

/**
 * The host's array of float16: `Float16Array`, where the types of a project have it (`"lib": ["esnext.float16"]` of TypeScript).
 * Elsewhere it is `never`, so that nothing passes for one.
 */
export type HostFloat16Array = typeof globalThis extends { Float16Array: { prototype: infer A } } ? A : never;

/** The typed array that stores each element type. */
export interface TypedArrays {
  /** Elements of four bytes. */
  float32: Float32Array;
  /** Elements of eight bytes. */
  float64: Float64Array;
  /** Elements of two bytes. The host must have `Float16Array`: Deno 2.5, Node.js 24, and the browsers of 2025. */
  float16: HostFloat16Array;
}

/**
 * An array of numbers with a shape, row-major. It has the shape of onnxruntime's own `Tensor`, so that theirs goes into
 * Evenkeel's functions and Evenkeel's into theirs.
 */
export interface Tensor<T extends DType = DType> {
  /** The element type. */
  readonly type: T;
  /** The size of each dimension; `[]` is a scalar. */
  readonly dims: readonly number[];
  /** The elements, as many as the product of `dims`, the last dimension varying fastest. */
  readonly data: TypedArrays[T];
}

/** The number of elements of a tensor with these dims. */
export function sizeOf(dims: readonly number[]): number {
  let size = 1;
  for (const dim of dims) size *= dim;
  return size;
}

/**
 * What checks see in place of the data of a tensor that is not in this memory but on a device. As a typed array does, it says how
 * long it is and where it lies.
 */
export class Elsewhere {
  /** The element type. */
  readonly type: DType;
  /** What holds the elements, and which part of it: in bytes, and how many elements that are. */
  readonly buffer: object;
  readonly byteOffset = 0;
  readonly byteLength: number;
  readonly length: number;

  /** So many elements at the beginning of a buffer. */
  constructor(type: DType, buffer: object, length: number, bytesEach: number) {
    this.type = type;
    this.buffer = buffer;
    this.length = length;
    this.byteLength = length * bytesEach;
  }
}

/** The type of the tensors that an array stores, or undefined. */
export function typeOf(data: unknown): DType | undefined {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof Float64Array) return "float64";
  if (data instanceof Elsewhere) return data.type;
  return typeof Float16Array !== "undefined" && data instanceof Float16Array ? "float16" : undefined;
}

/** Numbers in lists, as deep as there are dimensions: `[[1, 2], [3, 4]]` is a matrix. */
export type NestedNumbers = readonly (number | NestedNumbers)[];

/**
 * A tensor over an array, which is not copied and gives it its type; or of numbers in lists, nested or not, as float32.
 *
 * @param data The elements, row-major.
 * @param dims The size of each dimension; without it the tensor has one dimension, or as many as the lists are deep.
 * @throws {TypeError} If data is neither a Float32Array, Float64Array or Float16Array nor lists of numbers.
 * @throws {RangeError} If it does not have as many elements as the dims say, or lists differ in their lengths.
 *
 * @example Two rows of three
 * ```ts
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const x = tensor(new Float32Array([1, 2, 3, 4, 5, 6]), [2, 3]);
 * assertEquals(tensor([[1, 2, 3], [4, 5, 6]]), x);
 * ```
 */
export function tensor(data: Float32Array, dims?: readonly number[]): Tensor<"float32">;
/** A tensor over an array of float64. */
export function tensor(data: Float64Array, dims?: readonly number[]): Tensor<"float64">;
/** A tensor over an array of float16. */
export function tensor(data: HostFloat16Array, dims?: readonly number[]): Tensor<"float16">;
/** A tensor of float32 of numbers in lists. */
export function tensor(data: NestedNumbers, dims?: readonly number[]): Tensor<"float32">;
/** A tensor over an array of any of these types. */
export function tensor(data: TypedArrays[DType], dims?: readonly number[]): Tensor;
export function tensor(data: TypedArrays[DType] | NestedNumbers, dims?: readonly number[]): Tensor {
  if (Array.isArray(data)) return ofLists(data, dims);
  const array = data as TypedArrays[DType], type = typeOf(array);
  if (type === undefined) {
    throw new TypeError(
      `tensor: data is ${
        describe(data)
      }; it must be a Float32Array, Float64Array or Float16Array, or numbers in lists. ` +
        `Convert it first, as in Float32Array.from(data).`,
    );
  }
  return checked(type, dims ?? [array.length], array);
}

/** The tensor of numbers in lists. */
function ofLists(lists: NestedNumbers, dims?: readonly number[]): Tensor {
  const sizes: number[] = [];
  for (let list: number | NestedNumbers = lists; Array.isArray(list); list = list[0]) sizes.push(list.length);
  const values: unknown[] = (lists as unknown[]).flat(Infinity), odd = values.findIndex((v) => typeof v !== "number");
  if (odd >= 0) throw new TypeError(`tensor: data has ${describe(values[odd])} in its lists; they must hold numbers.`);
  if (!isRegular(lists, sizes)) {
    throw new RangeError("tensor: lists of data differ in their lengths or depths; rows must all be of one length.");
  }
  return checked("float32", dims ?? sizes, Float32Array.from(values as number[]));
}

/** Whether lists have these sizes all over. */
function isRegular(lists: number | NestedNumbers, [size, ...inner]: readonly number[]): boolean {
  if (size === undefined) return typeof lists === "number";
  return Array.isArray(lists) && lists.length === size && lists.every((list) => isRegular(list, inner));
}

function checked(type: DType, dims: readonly number[], data: TypedArrays[DType]): Tensor {
  checkDimensions("tensor", "data", dims);
  const result = { type, dims: [...dims], data };
  checkTensor("tensor", "data", result);
  return result;
}

/** The constructor of the arrays that store a type. */
export function arrayOf(type: DType): Float32ArrayConstructor | Float64ArrayConstructor | Float16ArrayConstructor {
  if (type === "float32") return Float32Array;
  if (type === "float64") return Float64Array;
  if (type !== "float16") {
    throw new TypeError(`The type is ${describe(type)}; it must be "float32", "float64" or "float16".`);
  }
  if (typeof Float16Array !== "undefined") return Float16Array;
  throw new TypeError(
    "float16 needs Float16Array, which this host lacks: use Deno, Node.js 24 or a browser of 2025, or float32.",
  );
}

/**
 * A tensor of zeros.
 *
 * @throws {TypeError | RangeError} If the type is none, or dims are no list of whole numbers.
 *
 * @example
 * ```ts
 * import { zeros } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([...zeros("float32", [2, 2]).data], [0, 0, 0, 0]);
 * ```
 */
export function zeros<T extends DType>(type: T, dims: readonly number[]): Tensor<T>;
export function zeros(type: DType, dims: readonly number[]): Tensor {
  checkDimensions("zeros", "the tensor", dims);
  return { type, dims: [...dims], data: new (arrayOf(type))(sizeOf(dims)) };
}

/** The data of a tensor. Where it cannot be read, as of a tensor that was disposed of, the error says whose it is. */
export function dataOf<T extends DType>(operation: string, name: string, tensor: Tensor<T>): TypedArrays[T] {
  try {
    return tensor.data;
  } catch (error) {
    throw new TypeError(`${operation}: ${name} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** Throws unless a value is a tensor whose type and dims agree with its data. */
export function checkTensor(operation: string, name: string, value: Tensor): void {
  const { type, dims } = value ?? {}, data = value && dataOf(operation, name, value);
  if (!Array.isArray(dims) || type === undefined || data === undefined) {
    throw new TypeError(
      `${operation}: ${name} is ${
        describe(value)
      }; it must be a tensor { type, dims, data }. Wrap an array, as in tensor(data, dims).`,
    );
  }
  if (typeOf(data) !== type) {
    const types = `Types are "float32" (Float32Array), "float64" (Float64Array) and "float16" (Float16Array)`;
    throw new TypeError(
      `${operation}: ${name} is of type ${JSON.stringify(type)} and its data ${describe(data)}. ${types}: ` +
        `${typeOf(data) ? "say which it is" : "convert it, as in tensor(Float32Array.from(data), dims)"}.`,
    );
  }
  const size = checkDimensions(operation, name, dims);
  if (data.length !== size) {
    const lost = data.length === 0
      ? " An array whose buffer was transferred, or shrunk, is empty: use the tensor before."
      : "";
    throw new RangeError(
      `${operation}: ${name} has dims [${dims}], which is ${size} elements, but its data has ${data.length}.${lost}`,
    );
  }
}

/** Throws unless dims are a list of whole numbers; returns their product. */
export function checkDimensions(operation: string, name: string, dims: readonly number[]): number {
  if (!Array.isArray(dims)) {
    throw new TypeError(`${operation}: dims are ${describe(dims)}; they must be a list, as in [2, 3].`);
  }
  let size = 1;
  for (const dim of dims) {
    if (!Number.isInteger(dim) || dim < 0) {
      throw new RangeError(`${operation}: ${name} has dims [${dims}]; each must be a whole number, at least 0.`);
    }
    size *= dim;
  }
  return size;
}

/** A value in a few words, for messages. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value !== "object") return `${typeof value} ${String(value)}`;
  const name = value.constructor?.name ?? "object";
  return /^[AEIO]/i.test(name) ? `an ${name}` : `a ${name}`;
}
