/** The element types a tensor can have, by their ONNX names. */
export type DType = "float32" | "float64" | "float16";

/** The typed array that stores each element type. */
export interface TypedArrays {
  /** Elements of four bytes. */
  float32: Float32Array;
  /** Elements of eight bytes. */
  float64: Float64Array;
  /** Elements of two bytes. The host must have `Float16Array`: Deno 2.5, Node.js 24, and the browsers of 2025. */
  float16: Float16Array;
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

/** The type of the tensors that an array stores, or undefined. */
export function typeOf(data: unknown): DType | undefined {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof Float64Array) return "float64";
  return typeof Float16Array !== "undefined" && data instanceof Float16Array ? "float16" : undefined;
}

/**
 * A tensor over an array, which is not copied. Its type is that of the array.
 *
 * @param data The elements, row-major.
 * @param dims The size of each dimension; without it the tensor has one dimension.
 * @throws {TypeError} If the array is not a Float32Array, Float64Array or Float16Array.
 * @throws {RangeError} If it does not have as many elements as the dims say.
 *
 * @example Two rows of three
 * ```ts
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const x = tensor(new Float32Array([1, 2, 3, 4, 5, 6]), [2, 3]);
 * assertEquals(x.type, "float32");
 * ```
 */
export function tensor(data: Float32Array, dims?: readonly number[]): Tensor<"float32">;
/** A tensor over an array of float64. */
export function tensor(data: Float64Array, dims?: readonly number[]): Tensor<"float64">;
/** A tensor over an array of float16. */
export function tensor(data: Float16Array, dims?: readonly number[]): Tensor<"float16">;
/** A tensor over an array of any of these types. */
export function tensor(data: TypedArrays[DType], dims?: readonly number[]): Tensor;
export function tensor(data: TypedArrays[DType], dims: readonly number[] = [data?.length]): Tensor {
  const type = typeOf(data);
  if (type === undefined) {
    throw new TypeError(
      `tensor: data is ${
        describe(data)
      }; it must be a Float32Array, Float64Array or Float16Array. Convert it first, as in Float32Array.from(data).`,
    );
  }
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

/** A tensor of zeros. */
export function zeros(type: DType, dims: readonly number[]): Tensor {
  return { type, dims: [...dims], data: new (arrayOf(type))(sizeOf(dims)) };
}

/** Throws unless a value is a tensor whose type and dims agree with its data. */
export function checkTensor(operation: string, name: string, value: Tensor): void {
  const { type, dims, data } = value ?? {};
  if (!Array.isArray(dims) || type === undefined || data === undefined) {
    throw new TypeError(
      `${operation}: ${name} is ${
        describe(value)
      }; it must be a tensor { type, dims, data }. Wrap an array, as in tensor(data, dims).`,
    );
  }
  if (typeOf(data) !== type) {
    throw new TypeError(
      `${operation}: ${name} is of type ${JSON.stringify(type)} but its data is ${describe(data)}. ` +
        `Types are "float32" (Float32Array), "float64" (Float64Array) and "float16" (Float16Array).`,
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
