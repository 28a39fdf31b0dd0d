import type { Engine, Gradients } from "../engines/engine.ts";
import type { Layout, Tile } from "../engines/tile.ts";
import type { Parameters } from "./parameters.ts";
import type { View } from "./view.ts";

/** Finds lines.deviations, sum(x - center) of each line, by way of its mean. */
export function findDeviations(engine: Engine, view: Layout, tile: Tile, floor: number): void {
  const { mean, center, deviations } = engine.lines;
  engine.moments(view, tile, false, floor);
  for (let l = 0; l < tile.lines; l++) deviations[l] = (mean[l] - center[l]) * tile.length;
}

/**
 * What is taken from h along a line: shift * level. Where scale varies along it, float32 products are taken less this number in one
 * rounding, so it is one of float32, unless it is beyond those.
 */
function constantOf({ along }: Layout, shift: number, level: number): number {
  const constant = shift === 0 ? 0 : shift * level, rounded = Math.fround(constant);
  return along && Number.isFinite(rounded) ? rounded : constant;
}

/**
 * Sums over the elements of each statistic for its gradient: those of h = dy * scale and of h z, where z is x, less the mean where that
 * is subtracted. Where the mean of dy is far from 0 beside its deviation, h r and mean(h) r would be rounded apart, and their difference
 * would lose what they have in common. So dy is shifted by a number m near its mean before anything is multiplied: one for each
 * statistic, or, where its lines have parameters of their own, for each line, so that a NaN in one line leaves the sums of others as they
 * are. With the level of scale, its mean along the line, h = h' + c for a constant c = m level of the line, and
 *
 *     sum(h)   = sum(h') + sum(c),
 *     sum(h z) = sum(h' z) + sum((c - mean(c)) z),
 *
 * for sum(z) is 0 by itself where the mean is subtracted. Where it is not, nothing is shifted. Where all lines of a statistic have one
 * c, as in batch norm, the last sum is 0; only where they differ are the sums of z along each line needed.
 */
export class GradientSums {
  #shifted = false;
  #byLine = false;
  #shift: Float64Array = new Float64Array(0);
  #sum: Float64Array = new Float64Array(0);
  #product: Float64Array = new Float64Array(0);
  #constant: Float64Array = new Float64Array(0);
  #deviations: Float64Array = new Float64Array(0);
  #products: Float64Array = new Float64Array(0);

  /** Empties it, for `size` statistics, of gradients that are `shifted` or not, each line by a number of its own or not. */
  reset(size: number, shifted: boolean, byLine: boolean): void {
    this.#shifted = shifted;
    this.#byLine = byLine;
    if (this.#sum.length < size) {
      this.#shift = new Float64Array(size);
      this.#sum = new Float64Array(size);
      this.#product = new Float64Array(size);
      this.#constant = new Float64Array(size);
      this.#deviations = new Float64Array(size);
      this.#products = new Float64Array(size);
    }
    this.#shift.fill(NaN, 0, size);
    for (let s = 0; s < size; s++) {
      this.#sum[s] =
        this.#product[s] =
        this.#constant[s] =
        this.#deviations[s] =
        this.#products[s] =
          0;
    }
  }

  /** Finds the shift and the constant of each line of a tile. The first line of a statistic that is met tells its shift. */
  shift(view: View, engine: Engine, gradients: Gradients, tile: Tile, parameters: Parameters): void {
    const { shift, constant, statistic } = engine.lines;
    if (!this.#shifted) {
      shift.fill(0, 0, tile.lines);
      constant.fill(0, 0, tile.lines);
      return;
    }
    if (this.#byLine || this.#isNew(statistic, tile.lines)) this.#meet(view, engine, gradients, tile);
    for (let l = 0; l < tile.lines; l++) {
      if (!this.#byLine) shift[l] = this.#shift[statistic[l]];
      constant[l] = constantOf(view, shift[l], parameters.level(l, tile));
    }
  }

  #isNew(statistic: Uint32Array, lines: number): boolean {
    for (let l = 0; l < lines; l++) if (Number.isNaN(this.#shift[statistic[l]])) return true;
    return false;
  }

  #meet(view: View, engine: Engine, gradients: Gradients, tile: Tile): void {
    const { shift, statistic } = engine.lines;
    gradients.shifts(view, tile);
    for (let l = 0; l < tile.lines; l++) {
      const s = statistic[l];
      if (!Number.isFinite(shift[l])) shift[l] = 0;
      if (Number.isNaN(this.#shift[s])) this.#shift[s] = shift[l];
    }
  }

  /** Adds the sums of a tile's lines, whose deviations are known. */
  add({ lines }: Engine, tile: Tile, parameters: Parameters): void {
    const { statistic, parameter, constant, sum, product, deviations } = lines;
    for (let l = 0; l < tile.lines; l++) {
      const s = statistic[l], scale = parameters.scale(parameter[l]);
      this.#sum[s] += scale * sum[l];
      this.#product[s] += scale * product[l];
      if (!this.#shifted) continue;
      this.#constant[s] += constant[l] * tile.length;
      this.#deviations[s] += deviations[l];
      this.#products[s] += constant[l] * deviations[l];
    }
  }

  /** The mean of h, over n elements. */
  mean(s: number, n: number): number {
    return (this.#sum[s] + this.#constant[s]) / n;
  }

  /** sum(h z). */
  product(s: number, n: number): number {
    return this.#product[s] + (this.#products[s] - this.#constant[s] / n * this.#deviations[s]);
  }
}
