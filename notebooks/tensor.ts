import { sizeOf, type Tensor, typeOf } from "../kernels/tensor.ts";
import type { Displayable } from "./figure.ts";
import { type Cell, formatNumber, Table } from "./table.ts";

/** How many rows and columns of a tensor are shown; of more, the first ones and the last. */
const shown = 6;

/** A tensor as a small table, under its type, its dims and what its numbers are like. */
export function tensorTable(tensor: Tensor): Displayable {
  const { type, dims, data } = tensor;
  const columns = dims.at(-1) ?? 1, rows = dims.length > 1 ? dims.at(-2)! : 1;
  const [rowsShown, columnsShown] = [rows, columns].map(chosen);
  const number = (row: number, column: number) => formatNumber(data[row * columns + column]);
  const body = rowsShown.map((row): Cell[] => [
    row === undefined ? "…" : `${row}`,
    ...columnsShown.map((column) => row === undefined || column === undefined ? "…" : number(row, column)),
  ]);
  const head = ["", ...columnsShown.map((column) => column === undefined ? "…" : String(column))];
  const part = dims.length > 2 ? `, of which [${dims.slice(0, -2).map(() => 0)}]` : "";
  const caption = `${type} [${dims.join(", ")}]${part}: ${summary(data)}`;
  return new Table(head, sizeOf(dims) > 0 ? body : [], caption);
}

/** The indices that are shown, with undefined where some are left out. */
function chosen(size: number): (number | undefined)[] {
  const all = Array.from({ length: size }, (_, i) => i);
  return size <= shown ? all : [...all.slice(0, shown - 2), undefined, size - 1];
}

function summary(data: ArrayLike<number>): string {
  const values = Array.from(data), finite = values.filter(Number.isFinite);
  if (finite.length === 0) return values.length === 0 ? "no elements" : `${values.length} elements, none finite`;
  const mean = finite.reduce((sum, value) => sum + (value - finite[0]), 0) / finite.length + finite[0];
  const variance = finite.reduce((sum, value) => sum + (value - mean) ** 2, 0) / finite.length;
  const range = finite.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [
    Infinity,
    -Infinity,
  ]);
  const deviation = Math.sqrt(variance);
  const words = [
    // What is left of a mean of 0 is rounding, which differs between machines.
    `mean ${formatNumber(Math.abs(mean) < 1e-6 * deviation ? 0 : mean)}`,
    `deviation ${formatNumber(deviation)}`,
    `from ${range.map(formatNumber).join(" to ")}`,
  ];
  const rest = values.length - finite.length;
  return [...words, ...(rest > 0 ? [`${rest} not finite`] : [])].join(", ");
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
