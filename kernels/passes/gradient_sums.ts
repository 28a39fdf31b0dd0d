import type { Engine } from "../engines/engine.ts";
import type { Tile } from "../engines/tile.ts";
import type { Parameters } from "./parameters.ts";
import type { View } from "./view.ts";

/**
 * Sums over the elements of each statistic for its gradient: those of h = dy * scale and of h z, where z is x, less the mean where that
 * is subtracted. Where the mean of dy is far from 0 beside its deviation, h r and mean(h) r would be rounded apart, and their difference
 * would lose what they have in common. So each line's dy is shifted by a number m near its mean before anything is multiplied. With the
 * level of scale, its mean along the line, h = h' + c for a constant c = m level of the line, and
 *
 *     sum(h)   = sum(h') + sum(c),
 *     sum(h z) = sum(h' z) + sum((c - mean(c)) z),
 *
 * for sum(z) is 0 by itself where the mean is subtracted. Where it is not, nothing is shifted.
 */
export class GradientSums {
  #shifted = false;
  #sum: Float64Array = new Float64Array(0);
  #product: Float64Array = new Float64Array(0);
  #constant: Float64Array = new Float64Array(0);
  #deviations: Float64Array = new Float64Array(0);
  #products: Float64Array = new Float64Array(0);

  /** Empties it, for `size` statistics, of gradients that are `shifted` or not. */
  reset(size: number, shifted: boolean): void {
    this.#shifted = shifted;
    if (this.#sum.length < size) {
      this.#sum = new Float64Array(size);
      this.#product = new Float64Array(size);
      this.#constant = new Float64Array(size);
      this.#deviations = new Float64Array(size);
      this.#products = new Float64Array(size);
    }
    for (let s = 0; s < size; s++) {
      this.#sum[s] =
        this.#product[s] =
        this.#constant[s] =
        this.#deviations[s] =
        this.#products[s] =
          0;
    }
  }

  /** Finds the shift and the level of each line of a tile. */
  shift(view: View, engine: Engine, tile: Tile, parameters: Parameters): void {
    const { shift, level } = engine.lines;
    if (!this.#shifted) {
      shift.fill(0, 0, tile.lines);
      return;
    }
    engine.roughMeans(view, tile);
    for (let l = 0; l < tile.lines; l++) {
      if (!Number.isFinite(shift[l])) shift[l] = 0;
      level[l] = parameters.level(l, tile);
    }
  }

  /** Adds the sums of a tile's lines. */
  add({ lines }: Engine, tile: Tile, parameters: Parameters): void {
    const { statistic, parameter, shift, level, sum, product, deviations } = lines;
    for (let l = 0; l < tile.lines; l++) {
      const s = statistic[l], scale = parameters.scale(parameter[l]);
      this.#sum[s] += scale * sum[l];
      this.#product[s] += scale * product[l];
      if (!this.#shifted) continue;
      const constant = shift[l] * level[l];
      this.#constant[s] += constant * tile.length;
      this.#deviations[s] += deviations[l];
      this.#products[s] += constant * deviations[l];
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
