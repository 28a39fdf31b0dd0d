import { OptionNames } from "../../kernels/option_names.ts";
import { bindTensor, present } from "../passes/slabs.ts";
import { callsOf, type Gpu } from "../gpu.ts";
import { type GpuTensor, originalOf } from "../gpu_tensor.ts";
import { sizeOf, type Tensor } from "../../kernels/tensor.ts";
import type { Run } from "../device/run.ts";

/** Options of {@linkcode matrixProduct}. */
export interface GpuMatrixProductOptions {
  /** Whether the transpose of a is meant. Default: false. */
  transposeA?: boolean;
  /** Whether the transpose of b is meant. Default: false. */
  transposeB?: boolean;
  /** Is added to each row: one number for each column. Without it nothing is added. */
  bias?: GpuTensor;
  /** Other dims for the product, of as many elements. Default: [m, n]. */
  dims?: readonly number[];
}

const names = new OptionNames<GpuMatrixProductOptions>({
  transposeA: "flag",
  transposeB: "flag",
  bias: true,
  dims: true,
});

/**
 * The product of two matrices on the device, product[i, j] = sum over k of a[i, k] b[k, j] + bias[j], in float32. Of a tensor of more
 * dimensions all but the first are taken together.
 *
 * @param a A matrix [m, k], or [k, m] if it is to be transposed.
 * @param b A matrix [k, n], or [n, k] if it is to be transposed.
 * @returns The product [m, n].
 * @throws {TypeError | RangeError} If an argument does not fit.
 *
 * @example
 * ```ts
 * import { matrixProduct, openGpu } from "@evenkeel/norm/webgpu";
 * import { tensor } from "@evenkeel/norm";
 *
 * const gpu = await openGpu().catch((error) => console.log(error.message));
 * if (gpu) {
 *   const a = gpu.upload(tensor([[1, 2], [3, 4]]));
 *   console.log((await matrixProduct(gpu, a, a).read()).data); // 7, 10, 15, 22
 *   await gpu.close();
 * }
 * ```
 */
export function matrixProduct(
  gpu: Gpu,
  a: GpuTensor,
  b: GpuTensor,
  options: GpuMatrixProductOptions = {},
): GpuTensor<"float32"> {
  names.check("matrixProduct", options);
  const { transposeA = false, transposeB = false, bias } = options;
  return callsOf("matrixProduct", gpu).record(
    "matrixProduct",
    { a, b, ...(bias && { bias }) },
    (run, tensors, create) => {
      const left = matrixOf(tensors.a, transposeA), right = matrixOf(tensors.b, transposeB);
      if (left.columns !== right.rows) {
        throw new RangeError(
          `matrixProduct: a has ${left.columns} columns and b ${right.rows} rows; they must be as many. Transpose one of them.`,
        );
      }
      if (bias && sizeOf(bias.dims) !== right.columns) {
        throw new RangeError(
          `matrixProduct: bias has dims [${bias.dims}]; they must be [${right.columns}], the columns.`,
        );
      }
      const { dims = [left.rows, right.columns] } = options;
      if (sizeOf(dims) !== left.rows * right.columns) {
        throw new RangeError(`matrixProduct: dims are [${dims}], but the product is [${left.rows}, ${right.columns}].`);
      }
      const product = create(dims);
      multiply(run, left, right, tensors.bias, product);
      return originalOf(product) as GpuTensor<"float32">;
    },
  );
}

/** A matrix in memory: element [i, j] is at i * down + j * along. */
interface Matrix {
  tensor: Tensor;
  rows: number;
  columns: number;
  down: number;
  along: number;
}

function matrixOf(tensor: Tensor, transposed: boolean): Matrix {
  const [rows = 1, ...others] = tensor.dims, columns = sizeOf(others);
  return transposed
    ? { tensor, rows: columns, columns: rows, down: 1, along: columns }
    : { tensor, rows, columns, down: columns, along: 1 };
}

/** Tiles of both matrices go through workgroup memory, where each of their elements is read as often as a tile is wide. */
function multiply(run: Run, a: Matrix, b: Matrix, bias: Tensor | undefined, product: Tensor): void {
  const tile = run.device.software ? 4 : 16, across = Math.ceil(b.columns / tile);
  run.commands.dispatch({
    bindings: present(
      bindTensor("a", a.tensor),
      bindTensor("b", b.tensor),
      bias && bindTensor("bias", bias),
      bindTensor("product", product, 1, true),
    ),
    counts: {
      m: a.rows,
      n: b.columns,
      depth: a.columns,
      aDown: a.down,
      aAlong: a.along,
      bDown: b.down,
      bAlong: b.along,
      across,
    },
    functions: `var<workgroup> left: array<f32, ${tile * tile}>; var<workgroup> right: array<f32, ${tile * tile}>;`,
    main: `
  let x = t % ${tile}u; let y = t / ${tile}u;
  let i = (group / u.across) * ${tile}u + y; let j = (group % u.across) * ${tile}u + x;
  var sum = 0.0;
  for (var first = 0u; first < u.depth; first += ${tile}u) {
    left[t] = 0.0; right[t] = 0.0;
    if (i < u.m && first + x < u.depth) { left[t] = get_a(i * u.aDown + (first + x) * u.aAlong); }
    if (j < u.n && first + y < u.depth) { right[t] = get_b((first + y) * u.bDown + j * u.bAlong); }
    workgroupBarrier();
    for (var k = 0u; k < ${tile}u; k++) { sum += left[y * ${tile}u + k] * right[k * ${tile}u + x]; }
    workgroupBarrier();
  }
  if (i < u.m && j < u.n) { set_product(i * u.n + j, sum${bias ? " + get_bias(j)" : ""}); }`,
    lanes: tile * tile,
    groups: Math.ceil(a.rows / tile) * across,
  });
}
