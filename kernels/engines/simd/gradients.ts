import type { Activation } from "../../activation.ts";
import { type Gradients, Slot } from "../engine.ts";
import type { Measure } from "../measure.ts";
import { PlainGradients } from "../plain_gradients.ts";
import { type Layout, sizeOf, type Tile } from "../tile.ts";
import { KINDS, type SimdEngine, stepOf, strideOf } from "./engine.ts";
import { type GradientKernels, gradientKernelsOver } from "./gradient_kernels.ts";

/** Gradients of parameters add up in float32 over at most this many lines before they are carried over into float64. */
const MAX_ADDED = 128;

/** The gradients of the SIMD engine, on its tiles and tables, and likewise by way of the plain ones where float32 does not do. */
export class SimdGradients implements Gradients {
  readonly #engine: SimdEngine;
  readonly #kernels: GradientKernels;

  /** Gradients on the tiles of an engine. */
  constructor(engine: SimdEngine) {
    this.#engine = engine;
    this.#kernels = gradientKernelsOver(engine.memory)!;
  }

  /** As rows_gradient.ts and columns_gradient.ts say. */
  shifts(view: Layout, { lines, length }: Tile): void {
    const dy = this.#engine.addressOf(Slot.DY), { address } = this.#engine.lines, along = +view.along;
    if (view.layout === "rows") {
      this.#kernels.rowShifts(dy, 0, lines, 1, length, length * 4, length * 4, along, address);
    } else this.#kernels.columnShifts(dy, lines, length, lines * 4, along, address);
  }

  /** Rounds what is taken from dy, or, along, from dy scale. */
  #roundConstants({ along }: Layout, { lines }: Tile): void {
    const { constant, shift, rounded } = this.#engine.lines;
    rounded.constant.set((along ? constant : shift).subarray(0, lines));
  }

  sums(view: Layout, tile: Tile, ofParameters: boolean, floor: number): void {
    const engine = this.#engine;
    const runPlain = (ofParameters: boolean) => {
      const plain = engine.plainWith(view, tile, Slot.X, Slot.DY);
      new PlainGradients(plain).sums(view, tile, ofParameters);
      return plain;
    };
    if (!engine.quantize(tile)) return engine.window.add(runPlain(ofParameters).window);
    this.#roundConstants(view, tile);
    if (view.layout === "rows") this.#rowSums(view, tile, ofParameters);
    else this.#columnSums(view, tile, ofParameters);
    // Products with x - center from those about the rounded center.
    const { sum, product, center, rounded } = engine.lines;
    for (let l = 0; l < tile.lines; l++) product[l] += (rounded.center[l] - center[l]) * sum[l];
    engine.recompute(tile, [sum, product], floor * tile.length, true, () => runPlain(false));
  }

  #rowSums(view: Layout, { lines, length }: Tile, ofParameters: boolean): void {
    const engine = this.#engine, { at } = engine, x = engine.addressOf(Slot.X), dy = engine.addressOf(Slot.DY);
    const many = ofParameters ? MAX_ADDED : lines, stride = length * 4, along = +view.along;
    for (let l = 0; l < lines; l += many) {
      const end = Math.min(l + many, lines), { scale } = engine.parametersOf(view);
      const sums = [+ofParameters, at.dScale32, at.dBias32], { address } = engine.lines;
      this.#kernels.rowSums(x, dy, l, end, 1, length, stride, stride, along, scale, ...sums, 0, address);
      if (ofParameters) this.#carry();
    }
  }

  /** Adds the gradients of parameters that have added up in float32 to those in float64. */
  #carry(): void {
    const { at: { dScale32, dBias32, dScale, dBias }, window: { count } } = this.#engine;
    this.#kernels.carry(dScale32, dScale, count);
    this.#kernels.carry(dBias32, dBias, count);
  }

  #columnSums(view: Layout, { lines, length }: Tile, ofParameters: boolean): void {
    const engine = this.#engine, { at, lines: { address } } = engine, stride = lines * 4;
    const x = engine.addressOf(Slot.X), dy = engine.addressOf(Slot.DY), { first, scale } = engine.parametersOf(view);
    this.#kernels.columnSums(x, dy, lines, length, stride, +view.along, scale, address);
    if (!ofParameters) return;
    const to = [at.dScale + first * 8, at.dBias + first * 8];
    this.#kernels.columnParameterSums(x, dy, lines, length, stride, ...to, address);
  }

  gradient(view: Layout, tile: Tile): void {
    const engine = this.#engine;
    if (!engine.quantize(tile, true)) {
      const plain = engine.plainWith(view, tile, Slot.X, Slot.DY);
      new PlainGradients(plain).gradient(view, tile);
      return engine.takeOver(plain, Slot.OUT, tile);
    }
    const [x, dy, dx] = [Slot.X, Slot.DY, Slot.OUT].map((slot) => engine.addressOf(slot)), { lines, length } = tile;
    const along = +view.along, { address } = engine.lines, { scale } = engine.parametersOf(view);
    this.#roundConstants(view, tile);
    if (view.layout === "rows") {
      this.#kernels.rowGradient(x, dy, dx, 0, lines, 1, length, length * 4, length * 4, along, scale, 0, address);
    } else {
      this.#kernels.columnGradient(x, dy, dx, lines, length, lines * 4, along, scale, address);
    }
  }

  differentiate(
    view: Layout,
    tile: Tile,
    each: number,
    { aboutZero, subtractMean, factor, inside, outside }: Measure,
    floor: number,
    { given, ofParameters, sum }: { given: boolean; ofParameters: boolean; sum: boolean },
  ): number {
    const engine = this.#engine,
      { at, window, lines: { address } } = engine,
      { first, scale } = engine.parametersOf(view);
    const { rowDifferentiate, columnDifferentiate } = this.#kernels;
    const kernel = view.layout === "rows" ? rowDifferentiate : columnDifferentiate;
    return kernel(
      engine.addressOf(Slot.X),
      engine.addressOf(Slot.DY),
      engine.addressOf(Slot.OUT),
      sum ? engine.addressOf(Slot.Z) : 0,
      tile.lines / each,
      each,
      tile.length,
      strideOf(view, tile),
      stepOf(view, tile, each),
      +aboutZero,
      +subtractMean,
      factor,
      inside,
      outside,
      floor,
      +given,
      +view.along,
      scale,
      ofParameters ? window.count : 0,
      at.dScale32,
      at.dBias32,
      at.dScale + first * 8,
      at.dBias + first * 8,
      address,
    );
  }

  activationGradient(tile: Tile, activation: Activation): void {
    const z = this.#engine.addressOf(Slot.Z), dy = this.#engine.addressOf(Slot.DY);
    this.#kernels.activationGradient(z, dy, z, sizeOf(tile), KINDS[activation]);
  }
}
