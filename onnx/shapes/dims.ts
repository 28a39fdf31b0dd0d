import type { Dim, ValueType } from "../value_info.ts";

/** Dims, or undefined where not even their number is known. */
export type Dims = readonly Dim[] | undefined;

/** An axis counted from the front, or undefined if there is none such. */
export function axisOf(axis: number, rank: number): number | undefined {
  return axis >= -rank && axis < rank ? axis < 0 ? axis + rank : axis : undefined;
}

/** Axes counted from the front, or undefined if one of them is none. */
export function axesOf(axes: readonly number[], rank: number): number[] | undefined {
  const found = axes.map((axis) => axisOf(axis, rank));
  return found.every((axis) => axis !== undefined) ? found : undefined;
}

/** The product of dims, where at most one may be a name, if all others are 1. */
export function product(dims: readonly Dim[]): Dim {
  let size = 1, name: Dim;
  for (const dim of dims) {
    if (typeof dim === "number") size *= dim;
    else if (dim === undefined || name !== undefined) return undefined;
    else name = dim;
  }
  return name === undefined ? size : size === 1 ? name : undefined;
}

/** The dims of an elementwise operation: ONNX's multidirectional broadcasting, which is numpy's. */
export function broadcast(shapes: readonly Dims[]): Dims {
  return shapes.reduce((a, b) => a && b && broadcastTwo(a, b), []);
}

function broadcastTwo(a: readonly Dim[], b: readonly Dim[]): readonly Dim[] {
  const rank = Math.max(a.length, b.length);
  const at = (dims: readonly Dim[], axis: number) => axis < rank - dims.length ? 1 : dims[axis - rank + dims.length];
  return Array.from({ length: rank }, (_, axis) => broadcastDim(at(a, axis), at(b, axis)));
}

/** What is not 1 must be equal, so that a number says what an unknown size must be or become. */
function broadcastDim(a: Dim, b: Dim): Dim {
  if (a === 1 || a === b) return b;
  if (b === 1) return a;
  if (typeof a === "number") return typeof b === "number" ? undefined : a;
  return typeof b === "number" ? b : undefined;
}

/**
 * Two things that are known of one value, as one. Where they contradict each other nothing is known: the model says what is
 * not so, and no one should rely on either.
 */
export function join(a: ValueType, b: ValueType): ValueType {
  return {
    type: a.type === undefined || a.type === b.type ? b.type : b.type === undefined ? a.type : undefined,
    dims: joinDims(a.dims, b.dims),
    elements: b.elements ?? a.elements,
  };
}

function joinDims(a: Dims, b: Dims): Dims {
  if (a === undefined || b === undefined) return a ?? b;
  return a.length === b.length ? a.map((dim, i) => joinDim(dim, b[i])) : undefined;
}

function joinDim(a: Dim, b: Dim): Dim {
  if (a === undefined || a === b) return b;
  if (b === undefined) return a;
  if (typeof a === "number") return typeof b === "number" ? undefined : a;
  return b; // a number is more than a name; of two names the operators' carries further
}

/**
 * A value of whose shape the graph makes something: each dim of which nothing is known gets a name of its own, such as `x[2]`, so
 * that what is made of it is known to be as large as it, wherever that is.
 */
export function named(value: string, { dims, ...rest }: ValueType): ValueType {
  return { ...rest, dims: dims?.map((dim, axis) => dim ?? `${value}[${axis}]`) };
}

/** What is known of a value outside of its graph, where names that {@linkcode named} gave may mean something else. */
export function unnamed({ dims, ...rest }: ValueType): ValueType {
  return { ...rest, dims: dims?.map((dim) => typeof dim === "string" && /\[\d+\]$/.test(dim) ? undefined : dim) };
}
