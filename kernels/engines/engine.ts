import type { Activation } from "../activation.ts";
import type { Tile } from "../passes/tiles.ts";
import type { TypedArrays } from "../tensor.ts";
import type { View } from "../passes/view.ts";

/** The typed array of any tensor. */
export type Data = TypedArrays[keyof TypedArrays];

/**
 * What is known of each line of a tile, in float64. An engine's kernels read `center`, `slope`, `offset` and `gain` and write
 * the others; everything between (merging, deviations, affine parameters, gradients of statistics) happens on these tables.
 */
export class Lines {
  /** How many values of each line are numbers; only exact moments ask. */
  readonly count: Float64Array;
  /** What rounding has taken from its mean; only exact moments ask. */
  readonly rest: Float64Array;
  /** The mean of each line; 0 where moments are taken about zero. */
  readonly mean: Float64Array;
  /** The sum of squared deviations from it. */
  readonly m2: Float64Array;
  /** sum(h), where h is the gradient with respect to the normalized value. */
  readonly sum: Float64Array;
  /** sum(h (x - center)). */
  readonly product: Float64Array;
  /** The tables of (x - center) * slope + offset, and, in gradients, + h * gain. */
  readonly center: Float64Array;
  readonly slope: Float64Array;
  readonly offset: Float64Array;
  readonly gain: Float64Array;
  /** Which parameter each line has, or from which one on. */
  readonly parameter: Uint32Array;
  /** Which statistic each line has, counted from the first of its group. */
  readonly statistic: Uint32Array;

  /** Tables of `size` lines in memory that `allocate` gives out in bytes. */
  constructor(size: number, allocate: (bytes: number) => { buffer: ArrayBufferLike; byteOffset: number }) {
    const float64 = () => {
      const { buffer, byteOffset } = allocate(size * 8);
      return new Float64Array(buffer, byteOffset, size);
    };
    const uint32 = () => {
      const { buffer, byteOffset } = allocate(size * 4);
      return new Uint32Array(buffer, byteOffset, size);
    };
    this.count = float64();
    this.rest = float64();
    this.mean = float64();
    this.m2 = float64();
    this.sum = float64();
    this.product = float64();
    this.center = float64();
    this.slope = float64();
    this.offset = float64();
    this.gain = float64();
    this.parameter = uint32();
    this.statistic = uint32();
  }
}

/** The learned parameters that vary along lines, as many of them as are at hand, and the sums that will be their gradients. */
export class Window {
  /** The first of the parameters at hand, and how many they are. */
  from = 0;
  count = 0;
  /** The parameters, and the sums in float64. */
  readonly scale: Float32Array | Float64Array;
  readonly bias: Float32Array | Float64Array;
  readonly #dScale: Float64Array;
  readonly #dBias: Float64Array;

  /** A window over arrays of an engine. */
  constructor(
    scale: Float32Array | Float64Array,
    bias: Float32Array | Float64Array,
    dScale: Float64Array,
    dBias: Float64Array,
  ) {
    this.scale = scale;
    this.bias = bias;
    this.#dScale = dScale;
    this.#dBias = dBias;
  }

  /** Takes `count` of the parameters, from index `from` on; missing ones are 1 and 0. */
  set(scale: Data | undefined, bias: Data | undefined, from: number, count: number): void {
    this.from = from;
    this.count = count;
    if (scale) this.scale.set(part(scale, from, count));
    else this.scale.fill(1, 0, count);
    if (bias) this.bias.set(part(bias, from, count));
    else this.bias.fill(0, 0, count);
  }

  /** Adds the sums of another window of the same parameters, and clears those. */
  add(other: Window): void {
    for (let i = 0; i < this.count; i++) {
      this.#dScale[i] += other.#dScale[i];
      this.#dBias[i] += other.#dBias[i];
      other.#dScale[i] = other.#dBias[i] = 0;
    }
  }

  /** Adds the sums to those of all parameters, and clears them. */
  take(dScale: Float64Array, dBias: Float64Array): void {
    for (let i = 0; i < this.count; i++) {
      dScale[this.from + i] += this.#dScale[i];
      dBias[this.from + i] += this.#dBias[i];
      this.#dScale[i] = this.#dBias[i] = 0;
    }
  }
}

/** Some elements of an array; all of them without the cost of a new one. */
function part<A extends Data>(data: A, from: number, count: number): A {
  return from === 0 && count === data.length ? data : data.subarray(from, from + count) as A;
}

/** Copies a tile of an array to index `at` of another, where it is one run. */
export function gather(from: Data | Uint16Array, tile: Tile, to: Data | Uint16Array, at: number): void {
  if (isRun(tile)) to.set(part(from as Data, tile.at, tile.lines * tile.length), at);
  else {
    for (let k = 0, row = tile.at; k < tile.length; k++, row += tile.pitch) {
      to.set(from.subarray(row, row + tile.lines), at + k * tile.lines);
    }
  }
}

/** Copies it back. */
export function scatter(from: Data | Uint16Array, at: number, to: Data | Uint16Array, tile: Tile): void {
  if (isRun(tile)) to.set(from.subarray(at, at + tile.lines * tile.length), tile.at);
  else {
    for (let k = 0, row = tile.at; k < tile.length; k++, row += tile.pitch) {
      to.set(from.subarray(at + k * tile.lines, at + (k + 1) * tile.lines), row);
    }
  }
}

/** Whether the elements of a tile are one run of the array. */
export function isRun(tile: Tile): boolean {
  return tile.pitch === 0 || tile.pitch === tile.lines;
}

/** The places where an engine holds a tile of a tensor. */
export const Slot = { X: 0, DY: 1, Z: 2, OUT: 3 } as const;
/** One of them. */
export type Slot = typeof Slot[keyof typeof Slot];

/**
 * The arithmetic of one tile: what a fast path has to provide. `load` and `place` say where the tile of each slot is, kernels
 * work on it, `store` brings results back to where they belong.
 */
export interface Engine {
  readonly lines: Lines;
  readonly window: Window;
  /** The most elements and lines that a tile can have, and the most parameters that a window can. */
  readonly capacity: number;
  readonly maxLines: number;

  /** Fills a slot with a tile of an array. */
  load(slot: Slot, data: Data, tile: Tile): void;
  /** Chooses where OUT is, for kernels to write a tile of this array to; that may be where X was. */
  place(data: Data, tile: Tile): void;
  /** Writes OUT to its place in the array. */
  store(data: Data, tile: Tile): void;
  /** Makes a slot stand for the tile that another one holds. */
  alias(slot: Slot, other: Slot): void;

  /** lines.mean and lines.m2 of X. A variance under `floor` is computed in float64, however small. */
  moments(view: View, tile: Tile, aboutZero: boolean, floor: number): void;
  /** lines.count, lines.mean, lines.rest and lines.m2 of X, in float64 throughout. NaN is left out. */
  exactMoments(view: View, tile: Tile): void;
  /** to = (X - center) * slope + offset, then, where parameters vary along lines, * scale + bias. */
  apply(view: View, tile: Tile, to: Slot): void;
  /**
   * lines.sum and lines.product of X and DY, where h = DY, or DY * scale where parameters vary along lines. If asked to, adds up
   * DY and DY * ((X - center) * slope + offset) for each of those parameters, in the window.
   * A mean product under `floor` is computed in float64, however small.
   */
  sums(view: View, tile: Tile, ofParameters: boolean, floor: number): void;
  /** OUT = h * gain + (X - center) * slope + offset. */
  gradient(view: View, tile: Tile): void;
  /** OUT = a + Z. */
  add(tile: Tile, a: Slot): void;
  /** OUT = f(OUT). */
  activate(tile: Tile, activation: Activation): void;
  /** Z = DY * f'(Z). */
  activationGradient(tile: Tile, activation: Activation): void;
}
