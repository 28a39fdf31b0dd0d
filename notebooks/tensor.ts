import { tensorTable } from "../kernels/format.ts";
import { type Tensor, typeOf } from "../kernels/tensor.ts";
import type { Displayable } from "./figure.ts";
import { Table } from "./table.ts";

/** A tensor as a small table, under its type, its dims and what its numbers are like. */
export function tensorView(tensor: Tensor): Displayable {
  const { head, rows, caption } = tensorTable(tensor);
  return new Table(head, rows, caption);
}

/** Whether a value is a tensor: ours, or one of onnxruntime's on the processor. */
export function isTensor(value: object): value is Tensor {
  const { type, dims, data } = dataOf(value);
  return Array.isArray(dims) && typeOf(data) !== undefined && typeOf(data) === type;
}

/** The fields of a tensor; one that was disposed of, or is on a graphics card, throws when its data are read. */
function dataOf(value: object): Partial<Tensor> {
  const { type, dims } = value as Partial<Tensor>;
  if (type === undefined || dims === undefined) return {};
  try {
    return { type, dims, data: (value as Tensor).data };
  } catch {
    return {};
  }
}
