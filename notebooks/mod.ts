/**
 * Plots, pictures and tables for notebooks. In a notebook that Deno runs, importing this also changes how values of cells are
 * shown: a tensor as a small table with its shape and statistics, a layer as the list of its parameters, an ONNX model as its graph.
 *
 * @example A plot and a table
 * ```ts
 * import { plot, table } from "@evenkeel/norm/notebook";
 * import * as Plot from "@observablehq/plot";
 *
 * plot({ title: "A line", marks: [Plot.line([[0, 0], [1, 1]])] });
 * table([{ name: "one", value: 1 }]);
 * ```
 *
 * @module
 */
export type { DType, Tensor, TypedArrays } from "../kernels/tensor.ts";
export { shown } from "./display.ts";
export type { display, Displayable, Figure, MediaBundle } from "./figure.ts";
export { type Image, images, type ImagesOptions } from "./image.ts";
export { plot, type PlotOptions, plots, type PlotsOptions, type ScaleOptions } from "./plot.ts";
export { type Cell, type Table, table } from "./table.ts";
