import { compensationOf } from "../two_sum.ts";
import { type Engine, Slot } from "./engine.ts";
import { type PlainEngine, strides } from "./plain.ts";
import { SimdEngine } from "./simd/engine.ts";
import { type ExactKernels, exactKernelsOver } from "./simd/exact_kernels.ts";
import type { Layout, Tile } from "./tile.ts";

/** sum(d^2) may be so many times m2: then k is within 4 deviations of the mean, and the difference that m2 is loses 4 bits at most. */
const MAX_LOSS = 16;

/** lines.count, lines.mean, lines.compensation and lines.m2 of the tile in X, in float64 throughout. NaN is left out. */
export function findExactMoments(engine: Engine, view: Layout, tile: Tile): void {
  if (engine instanceof SimdEngine) runKernel(engine, view, tile);
  else findInPlain(engine as PlainEngine, view, tile);
}

/** The kernels of each engine, made when they are first asked for. */
const kernels = new WeakMap<SimdEngine, ExactKernels>();

function runKernel(engine: SimdEngine, view: Layout, tile: Tile): void {
  let ofEngine = kernels.get(engine);
  if (ofEngine === undefined) {
    ofEngine = engine.lend((memory) => exactKernelsOver(memory)!);
    kernels.set(engine, ofEngine);
  }
  const kernel = view.layout === "rows" ? ofEngine.rowExactMoments : ofEngine.columnExactMoments;
  const { count, mean, compensation, m2 } = engine.lines;
  const to = [count.byteOffset, mean.byteOffset, compensation.byteOffset, m2.byteOffset];
  kernel(engine.addressOf(Slot.X), tile.lines, tile.length, ...to);
}

/** One pass about the first value of each line, and one more about its mean where that was far off. */
function findInPlain(engine: PlainEngine, view: Layout, tile: Tile): void {
  const x = engine.tiles[Slot.X], { mean } = engine.lines, { line, step } = strides(view, tile);
  for (let l = 0; l < tile.lines; l++) {
    const first = l * line, end = first + tile.length * step;
    let i = first;
    while (i < end - step && Number.isNaN(x[i])) i += step;
    if (!findAbout(engine, x[i], l, first, end, step)) findAbout(engine, mean[l], l, first, end, step);
  }
}

/** The exact moments of a line about k; returns whether that was near enough. */
function findAbout(
  { tiles, lines }: PlainEngine,
  k: number,
  l: number,
  first: number,
  end: number,
  step: number,
): boolean {
  const x = tiles[Slot.X], { count, mean, compensation, m2 } = lines;
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
