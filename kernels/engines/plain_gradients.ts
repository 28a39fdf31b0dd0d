import { type Activation, derivatives } from "../activation.ts";
import { type Gradients, Slot } from "./engine.ts";
import { type PlainEngine, strides } from "./plain.ts";
import { type Layout, sizeOf, type Tile } from "./tile.ts";

/** The gradients of the plain engine, by plain loops as well. */
export class PlainGradients implements Gradients {
  readonly #engine: PlainEngine;

  /** Gradients on the tiles of an engine. */
  constructor(engine: PlainEngine) {
    this.#engine = engine;
  }

  /** In float64 any number of the line is near enough. */
  shifts(view: Layout, tile: Tile): void {
    const { line } = strides(view, tile);
    for (let l = 0; l < tile.lines; l++) this.#engine.lines.shift[l] = this.#engine.tiles[Slot.DY][l * line];
  }

  sums(view: Layout, tile: Tile, ofParameters: boolean): void {
    const x = this.#engine.tiles[Slot.X], dy = this.#engine.tiles[Slot.DY], { line, step } = strides(view, tile);
    const { center, slope, offset, sum, product, shift, constant, parameter } = this.#engine.lines;
    const { scale, dScale, dBias } = this.#engine.window;
    for (let l = 0; l < tile.lines; l++) {
      const c = center[l], k = slope[l], b = offset[l], m = shift[l], taken = constant[l], p = parameter[l];
      let s = 0, q = 0;
      for (let j = 0, i = l * line; j < tile.length; j++, i += step) {
        const g = dy[i] - m, h = view.along ? g * scale[p + j] + (m * scale[p + j] - taken) : g;
        s += h;
        q += h * (x[i] - c);
        if (ofParameters) {
          dBias[p + j] += dy[i];
          dScale[p + j] += dy[i] * ((x[i] - c) * k + b);
        }
      }
      sum[l] = s;
      product[l] = q;
    }
  }

  gradient(view: Layout, tile: Tile): void {
    const x = this.#engine.tiles[Slot.X],
      dy = this.#engine.tiles[Slot.DY],
      dx = this.#engine.tiles[Slot.OUT],
      { line, step } = strides(view, tile);
    const { center, slope, offset, gain, shift, constant, parameter } = this.#engine.lines;
    const { scale } = this.#engine.window;
    for (let l = 0; l < tile.lines; l++) {
      const c = center[l], k = slope[l], b = offset[l], a = gain[l], m = shift[l];
      const taken = constant[l], p = parameter[l];
      for (let j = 0, i = l * line; j < tile.length; j++, i += step) {
        const g = dy[i] - m, h = view.along ? g * scale[p + j] + (m * scale[p + j] - taken) : g;
        dx[i] = h * a + ((x[i] - c) * k + b);
      }
    }
  }

  activationGradient(tile: Tile, activation: Activation): void {
    const z = this.#engine.tiles[Slot.Z], dy = this.#engine.tiles[Slot.DY], f = derivatives[activation];
    for (let i = 0; i < sizeOf(tile); i++) {
      const slope = f(z[i]);
      z[i] = slope === 0 ? 0 : dy[i] * slope; // an infinite gradient ends where relu is off
    }
  }
}
