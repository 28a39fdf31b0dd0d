import { compensationOf } from "../two_sum.ts";
import { type Engine, Slot } from "./engine.ts";
import { perEngine } from "./per_engine.ts";
import { type PlainEngine, strides } from "./plain.ts";
import { SimdEngine } from "./simd/engine.ts";
import { exactKernelsOver } from "./simd/exact_kernels.ts";
import type { Layout, Tile } from "./tile.ts";

/** sum(d^2) may be so many times m2: then k is within 4 deviations of the mean, and the difference that m2 is loses 4 bits at most. */
const MAX_LOSS = 16;

/** Exact moments of each line of a tile. */
export interface ExactMoments {
  /** How many values are numbers. */
  count: Float64Array;
  /** Their mean, and what rounding has taken from it. */
  mean: Float64Array;
  compensation: Float64Array;
  /** The sum of their squared deviations. */
  m2: Float64Array;
}

/** The exact moments of the lines of the tile in X, in float64 throughout, in tables of the engine. NaN is left out. */
export function findExactMoments(engine: Engine, view: Layout, tile: Tile): ExactMoments {
  const { mean, m2, sum, product } = engine.lines, moments = { count: sum, mean, compensation: product, m2 };
  if (engine instanceof SimdEngine) runKernel(engine, view, tile, moments);
  else findInPlain(engine as PlainEngine, view, tile, moments);
  return moments;
}

const kernelsOf = /* @__PURE__ */ perEngine((engine: SimdEngine) => exactKernelsOver(engine.memory)!);

function runKernel(engine: SimdEngine, view: Layout, tile: Tile, moments: ExactMoments): void {
  const { rowExactMoments, columnExactMoments } = kernelsOf(engine);
  const kernel = view.layout === "rows" ? rowExactMoments : columnExactMoments;
  const { count, mean, compensation, m2 } = moments;
  const to = [count.byteOffset, mean.byteOffset, compensation.byteOffset, m2.byteOffset];
  kernel(engine.addressOf(Slot.X), tile.lines, tile.length, ...to);
}

/** One pass about the first value of each line, and one more about its mean where that was far off. */
function findInPlain(engine: PlainEngine, view: Layout, tile: Tile, moments: ExactMoments): void {
  const x = engine.tiles[Slot.X], { line, step } = strides(view, tile);
  for (let l = 0; l < tile.lines; l++) {
    const first = l * line, end = first + tile.length * step;
    let i = first;
    while (i < end - step && Number.isNaN(x[i])) i += step;
    if (!findAbout(x[i], x, l, first, end, step, moments)) findAbout(moments.mean[l], x, l, first, end, step, moments);
  }
}

/** The exact moments of a line about k; returns whether that was near enough. */
function findAbout(
  k: number,
  x: Float64Array,
  l: number,
  first: number,
  end: number,
  step: number,
  { count, mean, compensation, m2 }: ExactMoments,
): boolean {
  let n = 0, sd = 0, sdd = 0;
  for (let i = first; i < end; i += step) {
    if (Number.isNaN(x[i])) continue;
    const d = x[i] - k;
    n++;
    sd += d;
    sdd += d * d;
  }
  const e = sd / n;
  count[l] = n;
  mean[l] = k + e;
  compensation[l] = compensationOf(k, e);
  m2[l] = Math.max(sdd - sd * e, 0);
  return !(sdd > m2[l] * MAX_LOSS);
}
