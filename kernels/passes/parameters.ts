import type { Engine } from "../engines/engine.ts";
import type { Data, Tile } from "../engines/tile.ts";
import type { ViewTile } from "./tiles.ts";
import type { View } from "./view.ts";

/**
 * The learned scale and bias as tiles meet them. Where a line has one of each, they are looked up. Where they vary along lines,
 * the engine holds a window of them: all, if they fit, or those of the one line (or panel) at hand.
 */
export class Parameters {
  /** The most lines of a tile for which one window is enough. */
  readonly maxLines: number;
  /** Whether one window holds all parameters. */
  readonly fits: boolean;
  readonly #view: View;
  readonly #engine: Engine;
  readonly #scale: Data | undefined;
  readonly #bias: Data | undefined;
  /** The level that was asked for last. */
  readonly #known = { from: -1, length: 0, level: 0 };

  /** The parameters of a pass over a view. */
  constructor(view: View, engine: Engine, scale: Data | undefined, bias: Data | undefined) {
    this.#view = view;
    this.#engine = engine;
    this.#scale = scale;
    this.#bias = bias;
    this.fits = view.parameters <= engine.maxParameters;
    this.maxLines = view.along && view.layout === "rows" && !this.fits ? 1 : engine.maxLines;
  }

  /** Takes the values that they have now. */
  refresh(): void {
    this.#known.from = -1;
    if (this.#view.along && this.fits) this.#engine.window.set(this.#scale, this.#bias, 0, this.#view.parameters);
  }

  /** The scale of a line that has one. */
  scale(index: number): number {
    return this.#scale === undefined || this.#view.along ? 1 : this.#scale[index];
  }

  /** The bias of a line that has one. */
  bias(index: number): number {
    return this.#bias === undefined || this.#view.along ? 0 : this.#bias[index];
  }

  /**
   * The level of scale in a line of a tile that the window was moved to: its mean along the line, as float32, or the scale itself of a
   * line that has one.
   */
  level(line: number, { length }: Tile): number {
    const parameter = this.#engine.lines.parameter[line], { window } = this.#engine;
    if (!this.#view.along) return this.scale(parameter);
    if (this.#scale === undefined) return 1;
    const from = window.from + parameter, known = this.#known;
    if (known.from !== from || known.length !== length) {
      let sum = 0;
      for (let i = parameter; i < parameter + length; i++) sum += window.scale[i];
      known.from = from;
      known.length = length;
      known.level = Math.fround(sum / length);
    }
    return known.level;
  }

  /** Makes the engine's window hold what a tile needs, and the tile's lines count from its beginning. */
  move(tile: ViewTile): void {
    if (!this.#view.along) return;
    const { parameter } = this.#engine.lines;
    const from = this.fits ? 0 : parameter[0] + tile.from;
    for (let l = 0; l < tile.lines; l++) parameter[l] += tile.from - from;
    if (!this.fits) this.#engine.window.set(this.#scale, this.#bias, from, tile.length);
  }
}
