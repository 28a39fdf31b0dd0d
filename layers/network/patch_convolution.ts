import { matrixProduct } from "../../kernels/matrix_product.ts";
import { sliceOf } from "../../kernels/passes/slices.ts";
import { type Tensor, zeros } from "../../kernels/tensor.ts";
import { type Extent, type Movement, Patches, placesOf } from "./patches.ts";

/**
 * A convolution of one group of channels as a product with the matrix of patches, of any stride and type: the readable way, which
 * {@linkcode SimdConvolution} must agree with.
 */
export class PatchConvolution {
  readonly #weight: Tensor;
  readonly #dWeight: Tensor;
  readonly #patches: Patches;
  readonly #matrix: Tensor;
  readonly #kernels: readonly number[];
  readonly #result: readonly number[];

  /** For images of a size and weights [groups * outputs, inputs, ...kernel]. */
  constructor(image: Extent, movement: Movement, weight: Tensor, groups: number) {
    const { type, dims: [outputs, ...patch] } = weight, [rows, columns] = placesOf(image, movement);
    const depth = patch.reduce((product, size) => product * size, 1);
    this.#weight = weight;
    this.#dWeight = zeros(type, weight.dims);
    this.#patches = new Patches(image, movement);
    this.#matrix = zeros(type, [depth, rows * columns]);
    this.#kernels = [outputs / groups, depth];
    this.#result = [outputs / groups, rows * columns];
  }

  /** Adds to a part of y the convolution of a part of x. */
  add(group: number, x: Tensor["data"], y: Tensor["data"]): void {
    const matrix = this.#matrix, kernels = sliceOf(this.#weight, group, this.#kernels);
    this.#patches.gather(x, matrix.data);
    matrixProduct(kernels, matrix, { accumulate: true, out: { product: this.#ofResult(y) } });
  }

  /** Writes a part of dx; what it adds to the gradient of the weight is kept for `addWeightGradient`. */
  back(group: number, x: Tensor["data"], dy: Tensor["data"], dx: Tensor["data"]): void {
    const matrix = this.#matrix, dResult = this.#ofResult(dy);
    this.#patches.gather(x, matrix.data);
    const dKernels = sliceOf(this.#dWeight, group, this.#kernels);
    matrixProduct(dResult, matrix, { transposeB: true, accumulate: true, out: { product: dKernels } });
    const kernels = sliceOf(this.#weight, group, this.#kernels);
    matrixProduct(kernels, dResult, { transposeA: true, out: { product: matrix } });
    this.#patches.scatter(matrix.data, dx);
  }

  /** Adds the gradient of the weight. */
  addWeightGradient(dWeight: Tensor["data"]): void {
    for (let i = 0; i < dWeight.length; i++) dWeight[i] += this.#dWeight.data[i];
  }

  #ofResult(data: Tensor["data"]): Tensor {
    return { type: this.#weight.type, dims: this.#result, data } as Tensor;
  }
}
