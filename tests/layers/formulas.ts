/**
 * The formulas of the layers in plain float64, written from the papers and for reading: the judge of layers/. Nothing here is shared with
 * the code under test. A formula goes over the elements of x by their indices; a key says which share a statistic.
 */
import { sizeOf, type Tensor } from "../../kernels/tensor.ts";

/** The index of an element along each axis. */
type Index = readonly number[];

/** Every index of a tensor, in the order of memory. */
export function indices(dims: readonly number[]): Index[] {
  return Array.from({ length: sizeOf(dims) }, (_, place) => {
    const index: number[] = [];
    for (let d = dims.length - 1, rest = place; d >= 0; d--) {
      index[d] = rest % dims[d];
      rest = Math.floor(rest / dims[d]);
    }
    return index;
  });
}

/** A tensor like x of what a function gives for each element. */
export function mapped(x: Tensor, f: (value: number, index: Index, place: number) => number): Tensor<"float64"> {
  const all = indices(x.dims);
  return { type: "float64", dims: x.dims, data: Float64Array.from(x.data, (v, i) => f(v, all[i], i)) };
}

/** The mean and the population variance of the elements with each key. */
export function statisticsBy(
  x: Tensor,
  key: (index: Index) => unknown,
): Map<unknown, { mean: number; variance: number; square: number; count: number }> {
  const members = new Map<unknown, number[]>();
  indices(x.dims).forEach((index, i) => {
    const k = key(index);
    if (!members.has(k)) members.set(k, []);
    members.get(k)!.push(x.data[i]);
  });
  const average = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  return new Map([...members].map(([k, values]) => {
    const mean = average(values);
    return [k, {
      mean,
      variance: average(values.map((v) => (v - mean) ** 2)),
      square: average(values.map((v) => v ** 2)),
      count: values.length,
    }];
  }));
}

/** (x - mean) / sqrt(variance + epsilon) of the elements with each key. */
export function standardized(x: Tensor, key: (index: Index) => unknown, epsilon = 1e-5): Tensor<"float64"> {
  const statistics = statisticsBy(x, key);
  return mapped(x, (v, index) => {
    const { mean, variance } = statistics.get(key(index))!;
    return (v - mean) / Math.sqrt(variance + epsilon);
  });
}

/** z * scale + bias, with the parameters that an element has. */
export function affine(
  z: Tensor,
  { scale, bias }: { scale?: Tensor; bias?: Tensor },
  parameter: (index: Index) => number,
): Tensor<"float64"> {
  return mapped(z, (v, index) => v * (scale?.data[parameter(index)] ?? 1) + (bias?.data[parameter(index)] ?? 0));
}

/** x W^T + b over the last axis. */
export function linear(x: Tensor, { weight, bias }: { weight?: Tensor; bias?: Tensor }): Tensor<"float64"> {
  const [outputs, inputs] = weight!.dims, rows = x.data.length / inputs;
  const data = new Float64Array(rows * outputs);
  for (let n = 0; n < rows; n++) {
    for (let o = 0; o < outputs; o++) {
      let sum = bias?.data[o] ?? 0;
      for (let i = 0; i < inputs; i++) sum += x.data[n * inputs + i] * weight!.data[o * inputs + i];
      data[n * outputs + o] = sum;
    }
  }
  return { type: "float64", dims: [...x.dims.slice(0, -1), outputs], data };
}

/** The largest singular value and its vectors, by many power iterations. */
export function largestSingular(weight: Tensor): { sigma: number; u: number[]; v: number[] } {
  const [rows, columns] = weight.dims, at = (r: number, c: number) => weight.data[r * columns + c];
  const unit = (x: number[]) => x.map((value) => value / Math.hypot(...x));
  let u = unit(Array.from({ length: rows }, (_, r) => 1 + r / 7)), v: number[] = [], sigma = 0;
  for (let i = 0; i < 1000; i++) {
    v = unit(Array.from({ length: columns }, (_, c) => u.reduce((sum, value, r) => sum + value * at(r, c), 0)));
    const product = Array.from({ length: rows }, (_, r) => v.reduce((sum, value, c) => sum + value * at(r, c), 0));
    sigma = Math.hypot(...product);
    u = unit(product);
  }
  return { sigma, u, v };
}
