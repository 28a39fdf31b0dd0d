import { type Activation, activations } from "../activation.ts";
import { type Engine, Lines, Slot, Window } from "./engine.ts";
import { type Data, gather, type Layout, scatter, sizeOf, type Tile } from "./tile.ts";

/** Two hundred kilobytes or so of tiles: what second level caches hold. */
const CAPACITY = 8192;
const MAX_LINES = 2048;

/**
 * The engine of float64, and of hosts without SIMD: plain loops over float64 tiles, whatever type the tensors have. Lines lie
 * along the tile or across it: element k of line l is at l * line + k * step.
 */
export class PlainEngine implements Engine {
  readonly capacity: number;
  readonly columnCapacity: number;
  readonly maxLines: number;
  readonly maxParameters: number;
  readonly lines: Lines;
  /** The tile in each slot; slots may share one. */
  readonly tiles: Float64Array[];
  readonly #own: Float64Array[];
  readonly window: Window;

  /** An engine for tiles of `capacity` elements in at most `maxLines` lines and windows of so many parameters, with tables of its own or those given. */
  constructor(capacity = CAPACITY, maxLines = MAX_LINES, maxParameters = CAPACITY, lines = new Lines(maxLines)) {
    this.capacity = this.columnCapacity = capacity;
    this.maxLines = maxLines;
    this.maxParameters = maxParameters;
    this.lines = lines;
    const array = (size = capacity) => new Float64Array(size);
    this.#own = [array(), array(), array()];
    this.tiles = [this.#own[Slot.X], this.#own[Slot.DY], this.#own[Slot.Z], this.#own[Slot.X]];
    const parameters = () => array(maxParameters);
    this.window = new Window(parameters(), parameters(), parameters(), parameters());
  }

  load(slot: Slot, data: Data, tile: Tile): void {
    this.tiles[slot] = this.#own[slot];
    gather(data, tile, this.tiles[slot], 0);
  }

  place(): void {
    this.tiles[Slot.OUT] = this.tiles[Slot.X];
  }

  store(data: Data, tile: Tile): void {
    scatter(this.tiles[Slot.OUT], 0, data, tile);
  }

  alias(slot: Slot, other: Slot): void {
    this.tiles[slot] = this.tiles[other];
  }

  /** The corrected two-pass algorithm (Chan, Golub and LeVeque 1983). */
  moments(view: Layout, tile: Tile, aboutZero: boolean): void {
    const x = this.tiles[Slot.X], { mean, m2 } = this.lines, { line, step } = strides(view, tile), n = tile.length;
    for (let l = 0; l < tile.lines; l++) {
      const first = l * line, end = first + n * step;
      let k = 0;
      if (!aboutZero) {
        for (let i = first; i < end; i += step) k += x[i];
        k /= n;
      }
      let sd = 0, sdd = 0;
      for (let i = first; i < end; i += step) {
        const d = x[i] - k;
        sd += d;
        sdd += d * d;
      }
      mean[l] = aboutZero ? 0 : k + sd / n;
      m2[l] = aboutZero ? sdd : Math.max(sdd - sd * sd / n, 0);
    }
  }

  apply(view: Layout, tile: Tile, to: Slot): void {
    if (to === Slot.Z) this.tiles[Slot.Z] = this.#own[Slot.Z];
    const x = this.tiles[Slot.X], y = this.tiles[to], { line, step } = strides(view, tile);
    const { center, slope, offset, parameter } = this.lines, { scale, bias } = this.window;
    for (let l = 0; l < tile.lines; l++) {
      const c = center[l], k = slope[l], b = offset[l], p = parameter[l];
      for (let j = 0, i = l * line; j < tile.length; j++, i += step) {
        const value = (x[i] - c) * k + b;
        y[i] = view.along ? value * scale[p + j] + bias[p + j] : value;
      }
    }
  }

  add(tile: Tile, a: Slot): void {
    const left = this.tiles[a], right = this.tiles[Slot.Z], sum = this.tiles[Slot.OUT];
    for (let i = 0; i < sizeOf(tile); i++) sum[i] = left[i] + right[i];
  }

  activate(tile: Tile, activation: Activation): void {
    const y = this.tiles[Slot.OUT], f = activations[activation];
    for (let i = 0; i < sizeOf(tile); i++) y[i] = f(y[i]);
  }
}

/** How far apart lines of a tile are, and elements of a line. */
export function strides(view: Layout, tile: Tile): { line: number; step: number } {
  return view.layout === "rows" ? { line: tile.length, step: 1 } : { line: 1, step: tile.lines };
}
