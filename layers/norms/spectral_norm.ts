import { OptionNames } from "../../kernels/option_names.ts";
import { checkCount } from "../../kernels/check.ts";
import { type Tensor, zeros } from "../../kernels/tensor.ts";
import type { Conv2d } from "../network/conv.ts";
import type { Tensors } from "../layer.ts";
import type { Linear } from "../network/linear.ts";
import { checkRandom, normal, random } from "../network/random.ts";
import { checkState } from "../check_pass.ts";
import { type MadeWeight, Reparametrization, rowsOf } from "./reparametrization.ts";

/** How a {@linkcode SpectralNorm} is made. */
export interface SpectralNormInit {
  /** Power iterations in each pass of training. Default: 1. */
  iterations?: number;
  /** What draws the vectors that the iteration starts from. Default: `random(1)`. */
  random?: () => number;
}

const names = new OptionNames<SpectralNormInit>({ iterations: true, random: true });

/**
 * Spectral normalization (Miyato, Kataoka, Koyama and Yoshida 2018): the weight, as a matrix of a row for each output, over its largest
 * singular value sigma = u^T W v, which power iteration follows through training:
 *
 *     u = W v / |W v|,  v = W^T u / |W^T u|
 *
 * No gradient flows through u and v. They are the layer's state (float64), and evaluation leaves them as they are; the first ones are
 * after 15 iterations, as in PyTorch. Parameters are those of the layer.
 *
 * @example
 * ```ts
 * import { Linear, SpectralNorm } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const weight = tensor(new Float32Array([3, 0, 0, 1]), [2, 2]);
 * const layer = new SpectralNorm(new Linear(2, 2, { weight, bias: false }));
 * const y = layer.evaluate(tensor(new Float32Array([1, 0]), [1, 2]), layer.state);
 * assertAlmostEquals(y.data[0], 1, 1e-5);
 * ```
 */
export class SpectralNorm<L extends Linear | Conv2d> extends Reparametrization<L> {
  /** Those of the layer. */
  readonly parameters: Tensors;
  /** `u`, one entry an output, and `v`, one for each of its weights. */
  readonly state: Tensors;
  /** Power iterations in each pass of training. */
  readonly iterations: number;

  /**
   * A layer whose weight has a largest singular value of 1.
   *
   * @param layer The layer whose weight is normalized; its parameters are this one's.
   * @throws {TypeError | RangeError} If iterations is not a whole number of at least 1.
   */
  constructor(layer: L, init: SpectralNormInit = {}) {
    super(layer);
    names.check("SpectralNorm", init);
    const { iterations = 1, random: uniform = random(1) } = init;
    checkRandom("SpectralNorm", uniform);
    checkCount("SpectralNorm", "iterations", iterations);
    this.parameters = layer.parameters;
    this.iterations = iterations;
    const rows = rowsOf(layer.parameters.weight), next = normal(uniform);
    const v = unit(Float64Array.from({ length: rows.dims[1] }, next));
    this.state = powerIteration(rows, v, 15);
  }

  /** The weight over its largest singular value. */
  protected make(state: Tensors | undefined, training: boolean): MadeWeight {
    const start = units(checkState("SpectralNorm", state, this.state)),
      { weight } = this.parameters,
      rows = rowsOf(weight);
    const next = training ? powerIteration(rows, start.v.data as Float64Array<ArrayBuffer>, this.iterations) : start;
    const u = next.u.data, v = next.v.data, sigma = dot(u, product(rows, v));
    const normalized = zeros(weight.type, weight.dims);
    for (let i = 0; i < normalized.data.length; i++) normalized.data[i] = weight.data[i] / sigma;
    return {
      weight: normalized,
      state: next,
      backward(dWeight) {
        // d(W / sigma) = (dW - <dW, W / sigma> u v^T) / sigma.
        const inner = dot(dWeight.data, normalized.data), gradient = zeros(weight.type, weight.dims);
        for (let r = 0, i = 0; r < u.length; r++) {
          for (let c = 0; c < v.length; c++, i++) gradient.data[i] = (dWeight.data[i] - inner * u[r] * v[c]) / sigma;
        }
        return { weight: gradient };
      },
    };
  }
}

/** The vectors after some iterations from v, in PyTorch's order. */
function powerIteration(rows: Tensor, v: Float64Array<ArrayBuffer>, iterations: number): Tensors {
  let u = new Float64Array(rows.dims[0]);
  for (let i = 0; i < iterations; i++) {
    u = unit(product(rows, v));
    v = unit(transposedProduct(rows, u));
  }
  return { u: vector(u), v: vector(v) };
}

function product({ dims: [rows, columns], data }: Tensor, v: ArrayLike<number>): Float64Array<ArrayBuffer> {
  const result = new Float64Array(rows);
  for (let r = 0, i = 0; r < rows; r++) {
    let sum = 0;
    for (let c = 0; c < columns; c++, i++) sum += data[i] * v[c];
    result[r] = sum;
  }
  return result;
}

function transposedProduct({ dims: [rows, columns], data }: Tensor, u: ArrayLike<number>): Float64Array<ArrayBuffer> {
  const result = new Float64Array(columns);
  for (let r = 0, i = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++, i++) result[c] += data[i] * u[r];
  }
  return result;
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** Vectors of length 1: those of files may be of another. */
function units({ u, v }: Tensors): Tensors {
  return { u: vector(unit(Float64Array.from(u.data))), v: vector(unit(Float64Array.from(v.data))) };
}

/** A vector of length 1 in the same direction; PyTorch's bound keeps a zero vector finite. */
function unit(v: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const length = Math.max(Math.sqrt(dot(v, v)), 1e-12);
  return v.map((value) => value / length);
}

function vector(data: Float64Array): Tensor {
  return { type: "float64", dims: [data.length], data };
}
