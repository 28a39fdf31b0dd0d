import { matrixProduct } from "../../kernels/matrix_product.ts";
import { type Tensor, zeros } from "../../kernels/tensor.ts";
import { softmaxLine, softmaxLineBackward } from "../network/softmax.ts";

/** Queries, keys and values of all heads, [samples, heads, steps, size] each. */
export interface Heads {
  query: Tensor;
  key: Tensor;
  value: Tensor;
}

/** Which steps see which. */
export interface Visibility {
  /** Whether a step sees itself and those before it alone. */
  causal: boolean;
  /** Which steps count, [samples, steps]; 0 is padding, which no step sees. */
  mask?: Tensor;
}

/** How much each step looks at each, [samples, heads, steps, steps]: softmax(query key^T / sqrt(size)). */
export function attentionWeights({ query, key }: Heads, { causal, mask }: Visibility): Tensor {
  const weights = matrixProduct(query, key, { transposeB: true }), [samples, heads, steps, size] = query.dims;
  const scale = 1 / Math.sqrt(size), { data } = weights;
  let first = 0;
  for (let n = 0; n < samples; n++) {
    for (let h = 0; h < heads; h++) {
      for (let t = 0; t < steps; t++, first += steps) {
        const length = causal ? t + 1 : steps, end = first + length;
        if (mask && mask.data[n * steps + t] === 0) {
          data.fill(0, first, first + steps);
          continue;
        }
        for (let i = first; i < end; i++) data[i] *= scale;
        for (let s = 0; mask && s < length; s++) if (mask.data[n * steps + s] === 0) data[first + s] = -Infinity;
        softmaxLine(data, data, { first, length, stride: 1 });
        data.fill(0, end, first + steps);
      }
    }
  }
  return weights;
}

/** The gradients of heads from their weights and the gradient with respect to weights times values. */
export function attentionBackward({ query, key, value }: Heads, weights: Tensor, dy: Tensor): Heads {
  const dWeights = matrixProduct(dy, value, { transposeB: true }), steps = weights.dims.at(-1)!;
  const scale = 1 / Math.sqrt(query.dims.at(-1)!), dScores = zeros(weights.type, weights.dims), { data } = dScores;
  for (let first = 0; first < data.length; first += steps) {
    softmaxLineBackward(weights.data, dWeights.data, data, { first, length: steps, stride: 1 });
  }
  for (let i = 0; i < data.length; i++) data[i] *= scale;
  return {
    query: matrixProduct(dScores, key),
    key: matrixProduct(dScores, query, { transposeA: true }),
    value: matrixProduct(weights, dy, { transposeA: true }),
  };
}

/** The parts of rows [samples, steps, parts * heads * size], each as heads [samples, heads, steps, size]. */
export function splitHeads(rows: Tensor, parts: number, heads: number): Tensor[] {
  const [samples, steps, width] = rows.dims, size = width / parts / heads;
  const split = Array.from({ length: parts }, () => zeros(rows.type, [samples, heads, steps, size]));
  eachVector(split, (part, at, row) => {
    for (let i = 0; i < size; i++) part[at + i] = rows.data[row + i];
  });
  return split;
}

/** The inverse of {@linkcode splitHeads}. */
export function mergeHeads(split: readonly Tensor[]): Tensor {
  const [samples, heads, steps, size] = split[0].dims;
  const rows = zeros(split[0].type, [samples, steps, split.length * heads * size]);
  eachVector(split, (part, at, row) => {
    for (let i = 0; i < size; i++) rows.data[row + i] = part[at + i];
  });
  return rows;
}

/** Calls `copy` for each vector of each head, with its place in the part and in the rows. */
function eachVector(
  split: readonly Tensor[],
  copy: (part: Tensor["data"], at: number, row: number) => void,
): void {
  const [samples, heads, steps, size] = split[0].dims;
  let row = 0;
  for (let n = 0; n < samples; n++) {
    for (let t = 0; t < steps; t++) {
      for (const { data } of split) {
        for (let h = 0; h < heads; h++, row += size) copy(data, ((n * heads + h) * steps + t) * size, row);
      }
    }
  }
}
