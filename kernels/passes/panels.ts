import { sizeOf } from "../tensor.ts";

/** An array as `outer` panels of `length` rows along an axis, each of `width` neighbouring elements. */
export interface Panels {
  outer: number;
  length: number;
  width: number;
}

/** The panels of an array along an axis. */
export function panelsOf(dims: readonly number[], axis: number): Panels {
  return { outer: sizeOf(dims.slice(0, axis)), length: dims[axis], width: sizeOf(dims.slice(axis + 1)) };
}
