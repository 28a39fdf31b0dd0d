/**
 * What listings compute with: statistics straight from the formulas, over rows and columns of a matrix.
 *
 * @module
 */
import type { Tensor } from "../../kernels/tensor.ts";

/** The mean and the population variance of numbers. */
export function statisticsOf(values: readonly number[]): { mean: number; variance: number } {
  const average = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0) / numbers.length;
  const mean = average(values);
  return { mean, variance: average(values.map((value) => (value - mean) ** 2)) };
}

/** One row of a matrix. */
export function rowOf({ data, dims: [, width] }: Tensor, row: number): number[] {
  return [...data.subarray(row * width, (row + 1) * width)];
}

/** One column of a matrix. */
export function columnOf({ data, dims: [rows, width] }: Tensor, column: number): number[] {
  return Array.from({ length: rows }, (_, row) => data[row * width + column]);
}

/** A matrix like x of what a function gives for each element. */
export function mapped(x: Tensor, f: (value: number, row: number, column: number) => number): Tensor<"float64"> {
  const width = x.dims[1];
  const data = Float64Array.from(x.data, (value, i) => f(value, Math.floor(i / width), i % width));
  return { type: "float64", dims: x.dims, data };
}
