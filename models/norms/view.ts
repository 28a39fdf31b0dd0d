import { otherAxes, product } from "../check.ts";
import type { Form } from "../form.ts";
import type { SymbolicTensor } from "../symbolic_tensor.ts";

/** A tensor in dims in which the elements that share a statistic lie along whole axes. */
export interface View {
  /** The tensor in the dims of the view. */
  readonly x: SymbolicTensor;
  /** The axes of the view that statistics go along, in the order in which the robust form sums. */
  readonly axes: readonly number[];
}

/** A result in the dims of a view, in those of x again. */
export function restored(y: SymbolicTensor, view: View, x: SymbolicTensor): SymbolicTensor {
  return view.x === x ? y : y.reshapeLike(x);
}

/** The view in which a form computes: the robust one keeps sums short. */
export function viewFor(form: Form, view: View): View {
  return form === "robust" ? gridView(view) : view;
}

/** Sums of fewer numbers than this are taken at once. */
const longSum = 256;

/**
 * How many rows are summed at first. Under 32, onnxruntime's WebGPU gives each sum a thread; from 32 on it gives each a whole
 * workgroup, which is 3 to 5 times as slow for sums that short.
 */
const mostRows = 31;

/**
 * The last of the axes, with the reduced ones right before it, as factors: 768 numbers as 24 rows of 32, and images of 56 by 56
 * as 28 rows of 112. What comes after them becomes one dimension, since Reshape cannot copy sizes to another place. Axes of
 * unknown size stay as they are.
 */
function gridView(view: View): View {
  const { x, axes } = view, end = axes.at(-1)! + 1;
  let start = end;
  while (axes.includes(start - 1) && typeof x.dims[start - 1] === "number") start--;
  if (start === end) return view;
  const factors = factorsOf(product(x.dims.slice(start, end))!);
  if (factors.length === 1 && end - start === 1) return view;
  const before = x.dims.slice(0, start), after = x.dims.slice(end), rest = after.length === 0 ? [] : [product(after)];
  const shape = [...before.map(() => 0), ...factors, ...rest.map((size) => size ?? -1)];
  return {
    x: x.reshape(shape, [...before, ...factors, ...rest]),
    axes: [...factors.map((_, i) => start + i), ...axes.filter((axis) => axis < start)],
  };
}

/** 768 is 24 times 32; 65536 is 16 times 16 times 16 times 16. */
function factorsOf(size: number): number[] {
  if (size < longSum) return [size];
  let rows = mostRows;
  while (size % rows !== 0) rows--;
  return rows === 1 ? [size] : [rows, ...factorsOf(size / rows)];
}

/**
 * Channels as groups of them: [N, C, H, W] as [N, G, C/G * H, W], and [N, C] as [N, G, C/G]. Whatever comes after the channels
 * keeps its place, so that Reshape can copy its size where it is not known.
 */
export function groupView(x: SymbolicTensor, channel: number, groups: number): View {
  const before = x.dims.slice(0, channel), [channels, ...after] = x.dims.slice(channel);
  const inGroup = typeof channels === "number" ? channels / groups : undefined;
  const merged = product([inGroup, ...after.slice(0, 1)]), rest = after.slice(1);
  const shape = [...before.map(() => 0), groups, merged ?? -1, ...rest.map(() => 0)];
  const view = x.reshape(shape, [...before, groups, merged, ...rest]);
  return { x: view, axes: otherAxes(view, [0, channel]) };
}
