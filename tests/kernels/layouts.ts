import type { Recipe } from "./recipes.ts";

/** A shape that takes kernels along a way of its own. */
export interface Layout {
  name: string;
  kernels: string[];
  dims: number[];
  fixed: Recipe["fixed"];
}

const layer = ["layerNorm", "rmsNorm", "addLayerNorm", "addRmsNorm"];
const batch = ["batchNormTraining", "batchNorm"];

/**
 * Shapes beyond one tile, which holds 32768 elements (of columns, or of one statistic, 131072) and 4096 lines with SIMD, and 8192 and 2048 without, and beyond a window of 65536 parameters. "Rows" and "columns" are
 * lines of one statistic along memory and across it.
 */
export const layouts: Layout[] = [
  { name: "more rows than a tile has lines", kernels: layer, dims: [4099, 3], fixed: { axes: [-1] } },
  { name: "rows that fill a tile unevenly", kernels: layer, dims: [53, 769], fixed: { axes: [1] } },
  { name: "rows longer than a tile", kernels: layer, dims: [2, 32771], fixed: { axes: [-1] } },
  { name: "rows longer than any tile", kernels: layer, dims: [1, 131_101], fixed: { axes: [1] } },
  { name: "rows of more parameters than a window", kernels: layer, dims: [2, 65539], fixed: { axes: [-1] } },
  { name: "columns over the channels of NCHW", kernels: layer, dims: [2, 37, 19, 29], fixed: { axes: [1] } },
  { name: "columns in several strips", kernels: layer, dims: [2, 115, 31, 37], fixed: { axes: [1] } },
  { name: "columns longer than a tile", kernels: layer, dims: [32771, 2], fixed: { axes: [0] } },
  { name: "columns of more parameters than a window", kernels: layer, dims: [65539, 2], fixed: { axes: [0] } },
  { name: "columns too long for many in a tile", kernels: layer, dims: [1201, 37], fixed: { axes: [0] } },
  { name: "more columns than a tile has lines", kernels: layer, dims: [7, 4111], fixed: { axes: [0] } },
  { name: "axes that are not neighbours", kernels: layer, dims: [6, 7, 5, 211], fixed: { axes: [0, -2] } },
  { name: "rows apart, and more parameters than a tile", kernels: layer, dims: [33, 2, 997], fixed: { axes: [2, 0] } },
  { name: "axis first, longer than a tile", kernels: batch, dims: [2, 32771], fixed: { axis: 0 } },
  { name: "axis in the middle, NCHW", kernels: batch, dims: [5, 7, 31, 37], fixed: { axis: 1 } },
  { name: "axis in the middle, more lines than a tile has", kernels: batch, dims: [2100, 3, 7], fixed: { axis: 1 } },
  { name: "axis last, NC", kernels: batch, dims: [1031, 39], fixed: { axis: -1 } },
  { name: "axis last, longer than a tile", kernels: batch, dims: [32771, 2], fixed: { axis: 1 } },
  { name: "axis last, more channels than a tile has lines", kernels: batch, dims: [9, 4111], fixed: { axis: 1 } },
  { name: "NCHW", kernels: ["groupNorm"], dims: [2, 6, 61, 53], fixed: { axis: 1, groups: 3 } },
  { name: "channels last", kernels: ["groupNorm"], dims: [2, 1901, 12], fixed: { axis: -1, groups: 4 } },
  {
    name: "channels last, in several strips",
    kernels: ["groupNorm"],
    dims: [2, 1401, 102],
    fixed: { axis: -1, groups: 17 },
  },
  { name: "channels last, one group", kernels: ["groupNorm"], dims: [3, 41, 33], fixed: { axis: -1, groups: 1 } },
  { name: "groups longer than a tile", kernels: ["groupNorm"], dims: [1, 4, 16411], fixed: { axis: 1, groups: 2 } },
  { name: "groups longer than any tile", kernels: ["groupNorm"], dims: [1, 4, 70_001], fixed: { axis: 1, groups: 2 } },
  { name: "NCHW", kernels: ["instanceNorm"], dims: [3, 5, 47, 43], fixed: { axis: 1 } },
  { name: "channels last", kernels: ["instanceNorm"], dims: [2, 5501, 3], fixed: { axis: -1 } },
  { name: "channels last, in several strips", kernels: ["instanceNorm"], dims: [2, 1401, 97], fixed: { axis: -1 } },
  { name: "all but the channels", kernels: ["meanVarianceNorm"], dims: [3, 5, 41, 43], fixed: { axes: [0, 2, 3] } },
  { name: "axes longer than a tile", kernels: ["meanVarianceNorm"], dims: [32771, 1, 2], fixed: { axes: [0, 2] } },
  { name: "axis longer than a tile", kernels: ["lpNorm"], dims: [1, 32771], fixed: { axis: 1 } },
  { name: "axis in the middle", kernels: ["lpNorm"], dims: [3, 353, 31], fixed: { axis: -2 } },
  { name: "more positions than a block", kernels: ["localResponseNorm"], dims: [2, 9, 601], fixed: { axis: 1 } },
  { name: "channels last", kernels: ["localResponseNorm"], dims: [601, 13], fixed: { axis: -1 } },
];
