/**
 * Numbers that look random and are the same in every run.
 *
 * @module
 */
import type { DType, Tensor, TypedArrays } from "../../kernels/tensor.ts";
import { normal, random } from "../../layers/network/random.ts";

const arrays: { [T in DType]: new (length: number) => TypedArrays[T] } = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Float16Array,
};

/** What {@linkcode noise} gives. */
export interface NoiseOptions<T extends DType> {
  /** The element type. Default `"float32"`. */
  type?: T;
  /** The mean. Default 0. */
  mean?: number;
  /** The standard deviation. Default 1. */
  deviation?: number;
  /** Which noise: the same seed gives the same numbers. Default 1. */
  seed?: number;
}

/** A tensor of normally distributed numbers. */
export function noise<T extends DType = "float32">(dims: readonly number[], options: NoiseOptions<T> = {}): Tensor<T> {
  const { type = "float32" as T, mean = 0, deviation = 1, seed = 1 } = options;
  const next = normal(random(seed));
  const data = new arrays[type](dims.reduce((a, b) => a * b, 1));
  for (let i = 0; i < data.length; i++) data[i] = mean + deviation * next();
  return { type, dims, data };
}

/** A tensor's numbers in another type. */
export function cast<T extends DType>({ dims, data }: Tensor, type: T): Tensor<T> {
  const copy = new arrays[type](data.length);
  copy.set(data);
  return { type, dims, data: copy };
}
