import { AdaptiveLayerNorm } from "../../layers/norms/adaptive_layer_norm.ts";
import { DynamicTanh } from "../../layers/norms/dynamic_tanh.ts";
import { GlobalResponseNorm } from "../../layers/norms/global_response_norm.ts";
import { ScaleNorm } from "../../layers/norms/scale_norm.ts";
import { affineOf, applyAffine } from "../affine.ts";
import { axisOf, otherAxes } from "../check.ts";
import { layerWriter } from "../writing.ts";
import { lpNorm } from "./lp_norm.ts";

/** A ScaleNorm layer as a graph. */
export const scaleNormWriter = layerWriter(
  ScaleNorm,
  (x, { parameters: { scale }, axis }, writing) =>
    lpNorm(x, { axis, form: writing.options.form }).times(writing.stored(x, "scale", scale)),
);

/** A DynamicTanh layer as a graph. */
export const dynamicTanhWriter = layerWriter(DynamicTanh, (x, { parameters, shape }, writing) => {
  const axes = shape.map((_, i) => x.dims.length - shape.length + i);
  const z = x.times(writing.stored(x, "alpha", parameters.alpha)).op("Tanh");
  return applyAffine(z, axes, affineOf("applyLayer", x, axes, { ...parameters, name: writing.options.name }));
});

/** A GlobalResponseNorm layer as a graph. */
export const globalResponseNormWriter = layerWriter(
  GlobalResponseNorm,
  (x, { parameters, axis, epsilon }, { options: { name } }) => {
    const channel = axisOf("applyLayer", axis, x), positions = otherAxes(x, [0, channel]);
    const norm = x.reduce("ReduceL2", positions), divisor = norm.reduce("ReduceMean", [channel]).plus(epsilon);
    const response = x.times(norm.over(divisor));
    const affine = affineOf("applyLayer", x, [channel], { ...parameters, name });
    return x.plus(applyAffine(x.of(response.value, x), [channel], affine));
  },
);

/** An AdaptiveLayerNorm layer as a graph. */
export const adaptiveLayerNormWriter = layerWriter(AdaptiveLayerNorm, (x, { norm, projection }, writing) => {
  const { condition } = writing, features = x.dims.at(-1);
  if (condition === undefined) {
    throw new TypeError(
      "applyLayer: an AdaptiveLayerNorm needs a condition; give another input of the graph as `condition`.",
    );
  }
  const table = writing.part("projection", condition, projection);
  const half = (which: 0 | 1) => {
    const { graph } = x, at = [which, which + 1].map((i) => graph.int64([i * (features as number)]));
    const value = graph.op("Slice", [table.value, ...at, graph.int64([1])]);
    const rows = table.of(value, { dims: [condition.dims[0], features] });
    return rows.unsqueeze(x.dims.slice(1, -1).map((_, i) => i + 1));
  };
  return writing.same(x, norm).times(half(0).plus(1)).plus(half(1));
});
