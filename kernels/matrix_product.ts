import { checkDims, checkOverlap, outputOf } from "./check.ts";
import { perEngine } from "./engines/per_engine.ts";
import type { SimdEngine } from "./engines/simd/engine.ts";
import { type Matrix, SimdProduct } from "./engines/simd/matrix_product.ts";
import { simdEngineFor } from "./engines/simd/memory.ts";
import { productKernelsOver } from "./engines/simd/product_kernels.ts";
import { OptionNames } from "./option_names.ts";
import { perform } from "./passes/perform.ts";
import { checkTensor, type DType, sizeOf, type Tensor } from "./tensor.ts";

const OPERATION = "matrixProduct";

/** Matrices of one size, one after the other. */
interface Batch extends Matrix {
  /** How many in each dimension; none for a matrix by itself. */
  leading: readonly number[];
}

/** Options of {@linkcode matrixProduct}. */
export interface MatrixProductOptions {
  /** Whether the transpose of a is meant. Default: false. */
  transposeA?: boolean;
  /** Whether the transpose of b is meant. Default: false. */
  transposeB?: boolean;
  /** Is added to each row: one number for each column. Without it nothing is added. */
  bias?: Tensor;
  /** Whether the product is added to what `out.product` holds, which must be given then. Default: false. */
  accumulate?: boolean;
  /** Memory for the output. */
  out?: {
    /** The product [..., m, n], of a's type. It may not share memory with the inputs. */
    product?: Tensor;
  };
}

const names = new OptionNames<MatrixProductOptions>({
  transposeA: "flag",
  transposeB: "flag",
  bias: true,
  accumulate: "flag",
  out: { product: true },
});

/**
 * The product of two matrices, or of as many as there are in two batches of them,
 *
 *     product[i, j] = sum over k of a[i, k] b[k, j] + bias[j]
 *
 * Sums are float32 where the host has SIMD and the type is float32, else float64. An error of float32 is at most about
 * k 2^-24 times the sum of |a[i, k] b[k, j]|.
 *
 * @param a A matrix [m, k], or [k, m] if it is to be transposed; or a batch of them, [..., m, k].
 * @param b A matrix [k, n], or [n, k] if it is to be transposed, of a's type; or a batch with a's leading dims.
 * @returns The product [m, n], or the products [..., m, n], of a's type: `out.product` if it was given. Without any k it is the bias, or 0.
 * @throws {TypeError | RangeError} If an argument does not fit; nothing is written then.
 *
 * @example A layer of two outputs, its weight as PyTorch has it
 * ```ts
 * import { matrixProduct, tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const x = tensor(new Float32Array([1, 2, 3]), [1, 3]);
 * const weight = tensor(new Float32Array([1, 0, 0, 0, 1, 1]), [2, 3]);
 * const y = matrixProduct(x, weight, { transposeB: true, bias: tensor(new Float32Array([10, 20])) });
 * assertEquals([...y.data], [11, 25]);
 * ```
 */
export function matrixProduct<T extends DType>(
  a: Tensor<T>,
  b: Tensor<T>,
  options: MatrixProductOptions = {},
): Tensor<T> {
  names.check(OPERATION, options);
  const { transposeA = false, transposeB = false, bias, out, accumulate = false } = options;
  const left = batchOf("a", a, transposeA), right = batchOf("b", b, transposeB);
  checkType("b", b, a);
  if (left.columns !== right.rows) {
    throw new RangeError(
      `${OPERATION}: a is ${shapeOf(left)} and b ${shapeOf(right)}; a must have as many columns as b has rows. ` +
        `Set transposeA or transposeB where a matrix is stored the other way round.`,
    );
  }
  if (left.leading.join() !== right.leading.join()) {
    throw new RangeError(
      `${OPERATION}: a has dims [${a.dims}] and b [${b.dims}]; batches must be of the same dims but for their last two.`,
    );
  }
  if (bias !== undefined) checkDims(OPERATION, "bias", bias, [right.columns], "one for each column of the product");
  if (accumulate && out?.product === undefined) {
    throw new TypeError(
      `${OPERATION}: accumulate adds to out.product, which is missing. Give it, or leave accumulate out.`,
    );
  }
  const dims = [...left.leading, left.rows, right.columns];
  const product = outputOf(OPERATION, "product", out?.product, a.type, dims);
  checkType("out.product", product, a);
  checkOverlap(OPERATION, {}, {}, { product }, { a, b, bias });

  const result = batchOf("out.product", product);
  return perform(product as Tensor<T>, () => ({ a, b, bias, product }), () => {
    start(product.data, right.columns, bias, accumulate);
    addProducts(left, right, result);
  });
}

/** product += a b, for each matrix of a batch. */
function addProducts(a: Batch, b: Batch, product: Batch): void {
  const all = [a, b, product];
  const simd = a.data instanceof Float32Array ? simdEngineFor(all.map(({ data }) => data)) : undefined;
  for (let i = 0; i < sizeOf(a.leading); i++) {
    const [l, r, to] = all.map((batch) => matrixOf(batch, i));
    if (simd) productOf(simd).add(l, r, to);
    else addProduct(l, r, to.data);
  }
}

const productOf = /* @__PURE__ */ perEngine(({ memory, scratch, isResident }: SimdEngine) =>
  new SimdProduct(productKernelsOver(memory)!, scratch, isResident)
);

function batchOf(name: string, value: Tensor, transposed = false): Batch {
  checkTensor(OPERATION, name, value);
  const { dims, data } = value;
  if (dims.length < 2) {
    throw new RangeError(
      `${OPERATION}: ${name} has dims [${
        dims.join(", ")
      }]; it must be a matrix, as in [rows, columns], or a batch of them.`,
    );
  }
  const [rows, columns] = transposed ? dims.slice(-2).toReversed() : dims.slice(-2);
  return { data, rows, columns, transposed, leading: dims.slice(0, -2) };
}

/** One matrix of a batch, in its memory. */
function matrixOf({ data, leading, ...matrix }: Batch, index: number): Matrix {
  if (leading.length === 0) return { data, ...matrix };
  const size = matrix.rows * matrix.columns;
  return { data: data.subarray(index * size, (index + 1) * size), ...matrix };
}

function shapeOf({ rows, columns, transposed }: Matrix): string {
  return `[${rows}, ${columns}]${transposed ? " when transposed" : ""}`;
}

function checkType(name: string, given: Tensor, a: Tensor): void {
  if (given.type !== a.type) {
    throw new TypeError(`${OPERATION}: ${name} is ${given.type}, but a is ${a.type}. Convert one of them.`);
  }
}

/** What the product is added to: bias, 0, or what is there. */
function start(data: Tensor["data"], columns: number, bias: Tensor | undefined, accumulate: boolean): void {
  if (bias === undefined) {
    if (!accumulate) data.fill(0);
    return;
  }
  for (let at = 0; at < data.length; at += columns) {
    if (!accumulate) data.set(bias.data, at);
    else for (let j = 0; j < columns; j++) data[at + j] += bias.data[j];
  }
}

/** product += a b, a row at a time in float64. */
function addProduct(a: Matrix, b: Matrix, data: Tensor["data"]): void {
  const right = rowMajor(b), row = new Float64Array(b.columns);
  const [rowStride, columnStride] = a.transposed ? [1, a.rows] : [a.columns, 1];
  for (let i = 0; i < a.rows; i++) {
    const at = i * row.length;
    row.set(data.subarray(at, at + row.length));
    for (let k = 0, next = 0; k < a.columns; k++) {
      const factor = a.data[i * rowStride + k * columnStride];
      for (let j = 0; j < row.length; j++) row[j] += factor * right[next++];
    }
    data.set(row, at);
  }
}

/** The elements of a matrix row by row, so that the innermost loop reads neighbours. */
function rowMajor({ data, rows, columns, transposed }: Matrix): Float64Array {
  if (!transposed) return data instanceof Float64Array ? data : Float64Array.from(data);
  const result = new Float64Array(data.length);
  for (let j = 0, from = 0; j < columns; j++) {
    for (let i = 0; i < rows; i++) result[i * columns + j] = data[from++];
  }
  return result;
}
