import { type Engine, Left } from "../engines/engine.ts";
import type { Data, Tile } from "../engines/tile.ts";
import type { Parameters } from "./parameters.ts";
import type { Statistics } from "./statistics.ts";
import type { View } from "./view.ts";

/** The parts of the gradients of scale and bias that shares come to, one after the other; both, if one of them is wanted. */
export type AffineParts = { dScale: Float64Array; dBias: Float64Array };

/**
 * Into how many shares a pass is cut that adds up gradients of parameters: so few that adding up their parts costs little beside the
 * pass, and that these parts are at most 4 MiB. It does not depend on who works on them, so the sums do not either.
 */
export function sharesOf({ statistics, count, parameters }: View): number {
  return Math.floor(Math.min(32, statistics * count / parameters / 16, 2 ** 18 / parameters)) || 1;
}

/** Adds up the parts of all shares, in their order, and rounds once; `sum` has room for one. */
export function addUp(parts: Float64Array, sum: Float64Array, to: Data): void {
  sum.fill(0);
  for (let first = 0; first < parts.length; first += sum.length) {
    for (let i = 0; i < sum.length; i++) sum[i] += parts[first + i];
  }
  to.set(sum);
}

/** A share's part of the gradients of scale and bias, while it adds up in float64. */
export class AffineGradient {
  readonly #view: View;
  readonly #engine: Engine;
  readonly #dScale: Float64Array;
  readonly #dBias: Float64Array | undefined;

  /** A part that adds up in these arrays. */
  constructor(view: View, engine: Engine, dScale: Float64Array, dBias: Float64Array | undefined) {
    this.#view = view;
    this.#engine = engine;
    this.#dScale = dScale;
    this.#dBias = dBias;
  }

  /** The part of a share in those of all. */
  static ofShare(view: View, engine: Engine, parts: AffineParts, share: number): AffineGradient {
    const first = share * view.parameters, end = first + view.parameters;
    return new AffineGradient(view, engine, parts.dScale.subarray(first, end), parts.dBias.subarray(first, end));
  }

  /** The same without that of bias, which is added up already. */
  ofScale(): AffineGradient {
    return new AffineGradient(this.#view, this.#engine, this.#dScale, undefined);
  }

  /** Begins at 0. */
  reset(): void {
    this.#dScale.fill(0);
    this.#dBias?.fill(0);
  }

  /** Adds a tile's sums, from those of each line; where parameters vary along lines, the engine has them. */
  add(tile: Tile, { inverse }: Statistics, parameters: Parameters): void {
    if (this.#view.along) {
      if (!parameters.fits) this.finish();
      return;
    }
    const { sum, product, deviations, shift, statistic, parameter } = this.#engine.lines;
    for (let l = 0; l < tile.lines; l++) {
      if (this.#dBias) this.#dBias[parameter[l]] += sum[l] + shift[l] * tile.length;
      this.#dScale[parameter[l]] += (product[l] + shift[l] * deviations[l]) * inverse[statistic[l]];
    }
  }

  /** Adds the sums of lines, so many to a statistic, that were differentiated at once. Those that overflowed are left, too. */
  addAtOnce(statistics: number, each: number): void {
    if (this.#view.along) return;
    const { sum, product, inverse, left, parameter } = this.#engine.lines;
    for (let s = 0; s < statistics; s++) {
      const first = s * each, end = first + each;
      if (left[s] === Left.DX_AND_SCALE && !sum.subarray(first, end).every(Number.isFinite)) left[s] = Left.ALL;
      if (left[s] === Left.ALL) continue;
      for (let l = first; l < end; l++) {
        this.#dBias![parameter[l]] += sum[l];
        if (left[s] === Left.NOTHING) this.#dScale[parameter[l]] += product[l] * inverse[s];
      }
    }
  }

  /** Adds what the engine still has. */
  finish(): void {
    if (this.#view.along) this.#engine.window.take(this.#dScale, this.#dBias);
  }
}
