import { Dropout } from "../../layers/network/dropout.ts";
import { Flatten, Reshape } from "../../layers/network/reshaped.ts";
import type { Dim } from "../../onnx/mod.ts";
import { axisOf, product, show } from "../check.ts";
import { layerWriter } from "../writing.ts";

/** A Flatten layer as a graph. */
export const flattenWriter = layerWriter(Flatten, (x, layer) => {
  const start = axisOf("applyLayer", layer.start, x), end = axisOf("applyLayer", layer.end, x);
  const before = x.dims.slice(0, start), after = x.dims.slice(end + 1), merged = product(x.dims.slice(start, end + 1));
  const known = after.filter((dim) => typeof dim === "number");
  if (known.length < after.length) {
    throw new RangeError(
      `applyLayer: a Flatten of ${show(x.dims)} up to axis ${layer.end} leaves axes whose sizes must be known.`,
    );
  }
  return x.reshape([...before.map(() => 0), merged ?? -1, ...known], [...before, merged, ...after]);
});

/** A Reshape layer as a graph. */
export const reshapeWriter = layerWriter(Reshape, (x, { shape }) => {
  const size = product(x.dims.slice(1)), given = shape.reduce((a, b) => b === -1 ? a : a * b, 1);
  const dims = shape.map((dim): Dim => dim !== -1 ? dim : size === undefined ? undefined : size / given);
  return x.reshape([0, ...shape], [x.dims[0], ...dims]);
});

/** A Dropout layer as a graph: nothing is dropped in evaluation. */
export const dropoutWriter = layerWriter(Dropout, (x) => x);
