/**
 * Calls a normalization by name in any library that has the kernels' signatures, and holds what it gives against the
 * float64 reference.
 *
 * @module
 */
import type { Tensor } from "../../kernels/tensor.ts";

/** Tensors by the names that kernels give their outputs: `y`, `mean`, `dx`, `dScale` and so on. */
export type Outputs = Record<string, Tensor>;

/** A call of a kernel as data, so that one list of calls can be made in several libraries. */
export interface Call {
  /** The function's name, such as `"layerNorm"`. */
  kernel: string;
  /** The tensors that come before the options. */
  inputs: Tensor[];
  /** The options. */
  options?: Record<string, unknown>;
}

/**
 * A call of a library, ready to be made again and again: of a module of functions `(...inputs, options)` that give `y`
 * alone or an object of tensors.
 */
export function bind(library: object, { kernel, inputs: [x, second], options = {} }: Call): () => Tensor | Outputs {
  const normalize = (library as Record<string, (...args: unknown[]) => Tensor | Outputs>)[kernel];
  return second ? () => normalize(x, second, options) : () => normalize(x, options);
}

/** Makes a call in a library once, and gives the outputs by name. */
export function invoke(library: object, call: Call): Outputs {
  const result = bind(library, call)();
  return isTensor(result) ? { y: result } : result;
}

/**
 * The largest difference between two tensors of equal dims: `|got - want|`, in units of 1. NaN in one alone, or an
 * infinity in one alone, is an infinite error.
 */
export function maxError(got: Tensor, want: Tensor): number {
  return largest(got, want, () => 1);
}

/**
 * The largest difference between two tensors of equal dims, in units of the output: `|got - want|` over the root mean
 * square of `want`, or over `|want|` where that is larger. Gradients and norms have no natural unit of 1; this gives them one.
 */
export function maxScaledError(got: Tensor, want: Tensor): number {
  const squares = (want.data as Float64Array).reduce((sum, value) => sum + value * value, 0);
  const scale = Math.sqrt(squares / want.data.length) || 1;
  return largest(got, want, (value) => Math.max(scale, Math.abs(value)));
}

/** The largest error among the outputs that `want` has too. */
export function maxErrorOf(got: Outputs, want: Outputs, error: typeof maxError = maxScaledError): number {
  const names = Object.keys(got).filter((name) => name in want);
  if (names.length === 0) throw new RangeError(`nothing to compare: ${Object.keys(got)} with ${Object.keys(want)}`);
  return Math.max(...names.map((name) => error(got[name], want[name])));
}

function largest(got: Tensor, want: Tensor, unit: (want: number) => number): number {
  if (got.dims.join() !== want.dims.join()) {
    throw new RangeError(`dims are [${got.dims}], and [${want.dims}] in the reference`);
  }
  let error = 0;
  for (let i = 0; i < want.data.length; i++) {
    const g = got.data[i], w = want.data[i];
    if (Object.is(g, w)) continue;
    const difference = Math.abs(g - w) / unit(w);
    error = Math.max(error, Number.isNaN(difference) ? Infinity : difference);
  }
  return error;
}

/** Tells a tensor from other options and from an object of tensors. */
export function isTensor(value: unknown): value is Tensor {
  return typeof value === "object" && value !== null && "data" in value && "dims" in value;
}
