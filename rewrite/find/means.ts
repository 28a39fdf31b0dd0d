import { type Factor, mean, type Poly } from "./algebra.ts";
import { axesKey, isFlat } from "./axes.ts";
import type { Call } from "./call.ts";

/** The axes over which a node reduces, as a key; undefined if that is not known, or nothing. */
export function reducedAxes(call: Call): string | undefined {
  const rank = call.dims()?.length, axes = call.list("axes", 1);
  if (axes === undefined) return undefined;
  const all = axes === null || axes.length === 0;
  if (all && call.float("noop_with_empty_axes", 0)) return undefined;
  return all ? "all" : axesKey(axes, rank);
}

/** The axes that a node takes away; a scalar, which is all that is left of all axes, is broadcast rightly without them. */
export function removedAxes(call: Call): string | undefined {
  if (!call.node.opType.startsWith("Reduce") || call.float("keepdims", 1)) return undefined;
  const axes = reducedAxes(call);
  return axes === "all" ? undefined : axes;
}

/** Whether a node gives back just the axes that were taken away. */
export function restoresAxes(call: Call, removed: string): boolean {
  const axes = call.list("axes", 1);
  return !!axes && axesKey(axes, call.graph.dims(call.node.output[0])?.length) === removed;
}

/** The mean of a polynomial over axes; what is the same along them stands before it. */
export function meanOver(axes: string | undefined, poly: Poly | undefined): Poly | undefined {
  const flat = (factor: Factor): boolean => {
    switch (factor.kind) {
      case "root":
        return false;
      case "mean":
        return factor.axes === axes;
      case "tensor":
        return isFlat(factor.tensor.dims, axes!);
      case "base":
        return factor.of.every(({ powers }) => powers.every((one) => flat(one.factor)));
    }
  };
  return axes === undefined || poly === undefined ? undefined : mean(poly, axes, flat);
}

/** How many elements of a node's first input are along axes. */
export function countAlong(call: Call, axes: string | undefined): number | undefined {
  const dims = call.dims();
  const sizes = axes === "all" ? dims : axes?.split(",").map((axis) => dims?.at(Number(axis)));
  return sizes?.reduce<number | undefined>(
    (n, dim) => n !== undefined && typeof dim === "number" ? n * dim : undefined,
    1,
  );
}
