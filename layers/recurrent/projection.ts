import { layerNorm, layerNormBackward } from "../../kernels/layer_norm.ts";
import { matrixProduct } from "../../kernels/matrix_product.ts";
import { type Tensor, zeros } from "../../kernels/tensor.ts";
import type { Tensors } from "../layer.ts";
import { add, rowsOf } from "./rows.ts";

/** Columns that are normalized together, and their scale and bias. */
interface Group {
  start: number;
  size: number;
  scale: Tensor;
  bias?: Tensor;
}

/** A projection of a whole sequence, [steps, batch, outputs]. */
export interface Projected {
  /** The products with the weight. */
  sums: Tensor;
  /** The result; the same tensor if nothing is normalized. */
  y: Tensor;
}

/**
 * `x weight^T + bias`, or `LN(x weight^T) scale + bias` if there is a scale. Its parameters are those of a recurrent network whose
 * names begin with that of the projection: `inputWeight`, `inputScale` and `inputBias` are those of `"input"`.
 */
export class Projection {
  readonly #name: string;
  readonly #weight: Tensor;
  readonly #bias: Tensor | undefined;
  readonly #groups: readonly Group[];
  readonly #epsilon: number;

  /** @param together How many outputs each layer norm is over. */
  constructor(name: "input" | "hidden", parameters: Tensors, together: readonly number[], epsilon: number) {
    const scale = parameters[`${name}Scale`], bias = parameters[`${name}Bias`];
    this.#name = name;
    this.#weight = parameters[`${name}Weight`];
    this.#bias = bias;
    this.#groups = scale ? groupsOf(together, scale, bias) : [];
    this.#epsilon = epsilon;
  }

  /** Memory for the projection of a sequence. */
  memory(steps: number, batch: number): Projected {
    const dims = [steps, batch, this.#weight.dims[0]], y = zeros(this.#weight.type, dims);
    return { y, sums: this.#groups.length > 0 ? zeros(y.type, dims) : y };
  }

  /** Projects rows of x. */
  forward(x: Tensor, { sums, y }: Projected): void {
    const bias = this.#groups.length > 0 ? undefined : this.#bias;
    matrixProduct(x, this.#weight, { transposeB: true, bias, out: { product: sums } });
    for (const group of this.#groups) {
      const from = columnsOf(sums, group), to = isWhole(y, group) ? y : from;
      layerNorm(from, { scale: group.scale, bias: group.bias, epsilon: this.#epsilon, out: { y: to } });
      putColumns(to, y, group);
    }
  }

  /** Turns the gradient with respect to the result into that with respect to the sums, and adds those of scale and bias. */
  backward(sums: Tensor, d: Tensor, gradients: Tensors): void {
    const dScales = gradients[`${this.#name}Scale`], dBiases = gradients[`${this.#name}Bias`];
    if (this.#groups.length === 0 && dBiases) addColumnSums(d, dBiases);
    for (const group of this.#groups) {
      const dy = columnsOf(d, group), { scale, bias } = group;
      const { dScale, dBias } = layerNormBackward(columnsOf(sums, group), dy, {
        scale,
        bias,
        epsilon: this.#epsilon,
        out: { dx: dy },
      });
      putColumns(dy, d, group);
      add(part(dScales, group), dScale!);
      if (dBias) add(part(dBiases, group), dBias);
    }
  }

  /** Adds the gradient with respect to rows of x to what is in `dx`, from that with respect to their sums. */
  addInputGradient(dSums: Tensor, dx: Tensor): void {
    matrixProduct(dSums, this.#weight, { accumulate: true, out: { product: dx } });
  }

  /** Writes the gradient with respect to the weight: all steps in one product. */
  weightGradient(x: Tensor, dSums: Tensor, gradients: Tensors): void {
    matrixProduct(rowsOf(dSums), rowsOf(x), { transposeA: true, out: { product: gradients[`${this.#name}Weight`] } });
  }
}

function groupsOf(together: readonly number[], scale: Tensor, bias: Tensor | undefined): Group[] {
  let start = 0;
  return together.map((size) => {
    const place = { start, size };
    start += size;
    return { ...place, scale: part(scale, place), ...bias && { bias: part(bias, place) } };
  });
}

/** Some entries of a vector, which share its memory. */
function part({ type, data }: Tensor, { start, size }: Pick<Group, "start" | "size">): Tensor {
  return { type, dims: [size], data: data.subarray(start, start + size) };
}

function isWhole({ dims }: Tensor, { size }: Group): boolean {
  return dims[1] === size;
}

/** Some columns of rows as rows of their own; the rows themselves if it is all columns. */
function columnsOf(rows: Tensor, group: Group): Tensor {
  if (isWhole(rows, group)) return rows;
  const { type, dims: [count, width], data } = rows, { start, size } = group, columns = zeros(type, [count, size]);
  for (let r = 0; r < count; r++) {
    columns.data.set(data.subarray(r * width + start, r * width + start + size), r * size);
  }
  return columns;
}

/** The inverse of {@linkcode columnsOf}. */
function putColumns(columns: Tensor, rows: Tensor, { start, size }: Group): void {
  if (columns === rows) return;
  const { dims: [count, width], data } = rows;
  for (let r = 0; r < count; r++) {
    data.set(columns.data.subarray(r * size, (r + 1) * size), r * width + start);
  }
}

function addColumnSums({ dims: [count, width], data }: Tensor, sums: Tensor): void {
  for (let r = 0, at = 0; r < count; r++) {
    for (let c = 0; c < width; c++) sums.data[c] += data[at++];
  }
}
