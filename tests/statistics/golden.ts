import { type Tensor, tensor } from "../../kernels/tensor.ts";
import golden from "./golden/scikit_learn.json" with { type: "json" };

/** What scikit-learn gives; tools/golden_statistics.py wrote it. */
export const scikitLearn = golden;

/** Rows of numbers, of which NaN is written as a string, as a tensor. */
export function table(rows: readonly (readonly (number | string)[])[]): Tensor<"float64"> {
  return tensor(Float64Array.from(rows.flat(), Number), [rows.length, rows[0].length]);
}

/** Rows from index `from` to below `to`. */
export function slice(x: Tensor<"float64">, from: number, to = x.dims[0]): Tensor<"float64"> {
  const features = x.dims[1];
  return tensor(x.data.slice(from * features, to * features), [to - from, features]);
}
