import type { Activation } from "../activation.ts";
import type { Measure } from "./measure.ts";
import { type Data, type Layout, part, type Tile } from "./tile.ts";

/** A cache line lies between tables, so that equal places of them do not compete for one place in the nearest cache. */
const APART = 64;

/**
 * What is known of each line of a tile, in float64. Kernels read `center`, `slope`, `offset` and `gain` and write
 * the others; everything between (merging, deviations, affine parameters, gradients of statistics) happens on these tables.
 * simd/assembly/lines.ts knows their order.
 */
export class Lines {
  /** Where the tables begin in their buffer. */
  readonly address: number;
  /** The mean of each line; 0 where moments are taken about zero. */
  readonly mean: Float64Array;
  /** The sum of squared deviations from it. */
  readonly m2: Float64Array;
  /** sum(h), where h is the gradient with respect to the normalized value, less a constant: see `sums`. */
  readonly sum: Float64Array;
  /** sum(h (x - center)). */
  readonly product: Float64Array;
  /** sum(x - center), where it is asked for. */
  readonly deviations: Float64Array;
  /** The tables of (x - center) * slope + offset, and, in gradients, + h * gain. */
  readonly center: Float64Array;
  readonly slope: Float64Array;
  readonly offset: Float64Array;
  readonly gain: Float64Array;
  /** One over what is divided by, of each statistic of a tile that is worked on at once. */
  readonly inverse: Float64Array;
  /** A number near the mean of dy, and, where scale varies along lines, one near the mean of that. */
  readonly shift: Float64Array;
  readonly level: Float64Array;
  /** What is taken from dy scale: a number near its mean, see `constantOf`. */
  readonly constant: Float64Array;
  /** What is left to do for each of them in steps: nothing (0), its y or dx (1), dx and what it adds to dScale (2), or all (3). */
  readonly left: Uint32Array;
  /** Which parameter each line has, or from which one on. */
  readonly parameter: Uint32Array;
  /** Which statistic each line has, counted from the first of its group. */
  readonly statistic: Uint32Array;
  /** Some of them as kernels of float32 have them. */
  readonly rounded: Readonly<Record<"center" | "slope" | "offset" | "gain" | "constant", Float32Array>>;

  /** Tables of `size` lines, one after the other in a buffer from an address on. */
  constructor(size: number, buffer: ArrayBufferLike = new ArrayBuffer(Lines.bytes(size)), address = 0) {
    let at = address;
    const next = <T extends ArrayBufferView>(table: T) => {
      at += table.byteLength + APART;
      return table;
    };
    const float64 = () => next(new Float64Array(buffer, at, size));
    const uint32 = () => next(new Uint32Array(buffer, at, size));
    const float32 = () => next(new Float32Array(buffer, at, size));
    this.address = address;
    this.mean = float64();
    this.m2 = float64();
    this.sum = float64();
    this.product = float64();
    this.deviations = float64();
    this.center = float64();
    this.slope = float64();
    this.offset = float64();
    this.gain = float64();
    this.inverse = float64();
    this.shift = float64();
    this.level = float64();
    this.constant = float64();
    this.left = uint32();
    this.parameter = uint32();
    this.statistic = uint32();
    this.rounded = { center: float32(), slope: float32(), offset: float32(), gain: float32(), constant: float32() };
  }

  /** The bytes that the tables of so many lines take. */
  static bytes(size: number): number {
    return 13 * (size * 8 + APART) + 8 * (size * 4 + APART);
  }
}

/** Learned parameters that are at hand: some that were brought to memory of an engine, or where they lie. */
class Held {
  readonly #own: Float32Array | Float64Array;
  readonly #missing: number;
  readonly #isHere: (data: Data) => boolean;
  /** How many there are those of a missing parameter already, from the first on. */
  #filled = 0;

  constructor(own: Float32Array | Float64Array, missing: number, isHere: (data: Data) => boolean) {
    this.#own = own;
    this.#missing = missing;
    this.#isHere = isHere;
  }

  /** `count` of the parameters from index `from` on. */
  take(data: Data | undefined, from: number, count: number): Float32Array | Float64Array {
    if (data === undefined) {
      this.#own.fill(this.#missing, this.#filled, count);
      this.#filled = Math.max(this.#filled, count);
      return this.#own;
    }
    const some = part(data, from, count);
    if (this.#isHere(data)) return some as Float32Array | Float64Array;
    this.#own.set(some);
    this.#filled = 0;
    return this.#own;
  }
}

/** The learned parameters that vary along lines, as many of them as are at hand, and the sums that will be their gradients. */
export class Window {
  /** The first of the parameters at hand, and how many they are. */
  from = 0;
  count = 0;
  /** The parameters. */
  scale: Float32Array | Float64Array;
  bias: Float32Array | Float64Array;
  readonly #scale: Held;
  readonly #bias: Held;
  /** The sums in float64 that will be gradients. */
  readonly dScale: Float64Array;
  readonly dBias: Float64Array;

  /** A window over arrays of an engine, which may have a way to use others where they lie. */
  constructor(
    scale: Float32Array | Float64Array,
    bias: Float32Array | Float64Array,
    dScale: Float64Array,
    dBias: Float64Array,
    isHere: (data: Data) => boolean = () => false,
  ) {
    this.scale = scale;
    this.bias = bias;
    this.#scale = new Held(scale, 1, isHere);
    this.#bias = new Held(bias, 0, isHere);
    this.dScale = dScale;
    this.dBias = dBias;
  }

  /** Takes `count` of the parameters, from index `from` on; missing ones are 1 and 0. */
  set(scale: Data | undefined, bias: Data | undefined, from: number, count: number): void {
    this.from = from;
    this.count = count;
    this.scale = this.#scale.take(scale, from, count);
    this.bias = this.#bias.take(bias, from, count);
  }

  /** Adds the sums of another window of the same parameters, and clears those. */
  add(other: Window): void {
    for (let i = 0; i < this.count; i++) {
      this.dScale[i] += other.dScale[i];
      this.dBias[i] += other.dBias[i];
      other.dScale[i] = other.dBias[i] = 0;
    }
  }

  /** Adds the sums to those of all parameters, where they are wanted, and clears them. */
  take(dScale: Float64Array, dBias: Float64Array | undefined): void {
    for (let i = 0; i < this.count; i++) {
      dScale[this.from + i] += this.dScale[i];
      if (dBias) dBias[this.from + i] += this.dBias[i];
      this.dScale[i] = this.dBias[i] = 0;
    }
  }
}

/** The places where an engine holds a tile of a tensor. */
export const Slot = { X: 0, DY: 1, Z: 2, OUT: 3 } as const;
/** One of them. */
export type Slot = typeof Slot[keyof typeof Slot];

/** What `differentiate` leaves of a statistic that is too much for it: nothing, its dx, that and its part of dScale, or all. */
export const Left = { NOTHING: 0, DX: 1, DX_AND_SCALE: 2, ALL: 3 } as const;
/** One of them. */
export type Left = typeof Left[keyof typeof Left];

/**
 * The arithmetic of one tile: what a fast path has to provide. `load` and `place` say where the tile of each slot is, kernels
 * work on it, `store` brings results back to where they belong.
 */
export interface Engine {
  readonly lines: Lines;
  readonly window: Window;
  /** The most elements that a tile of rows and one of columns can have, the most lines, and the most parameters that a window can. */
  readonly capacity: number;
  readonly columnCapacity: number;
  readonly maxLines: number;
  readonly maxParameters: number;

  /** Whether arrays, those that there are, are worked on where they stand, so that tiles of them can have any size. */
  holds?(...arrays: readonly (Data | undefined)[]): boolean;
  /** Fills a slot with a tile of an array. */
  load(slot: Slot, data: Data, tile: Tile): void;
  /** Chooses where OUT is, for kernels to write a tile of this array to; that may be where X was, or another slot. */
  place(data: Data, tile: Tile, over?: Slot): void;
  /** Writes OUT to its place in the array. */
  store(data: Data, tile: Tile): void;
  /** Makes a slot stand for the tile that another one holds. */
  alias(slot: Slot, other: Slot): void;

  /** lines.mean and lines.m2 of X. A variance under `floor` is computed in float64, however small. */
  moments(view: Layout, tile: Tile, aboutZero: boolean, floor: number): void;
  /** to = (X - center) * slope + offset, then, where parameters vary along lines, * scale + bias. */
  apply(view: Layout, tile: Tile, to: Slot): void;
  /**
   * What moments, a table and `apply` come to, at once, of a tile in which every `each` neighbouring lines share a statistic: OUT =
   * (X - mean, or X) * r, then * scale + bias where parameters vary along lines and * slope + offset where not, then the activation.
   * Writes lines.mean, lines.m2, lines.inverse and lines.left of each statistic. Those that are too much for it are not written to OUT;
   * returns how many they are: of columns, all or none. Absent, it is all done in three steps.
   */
  normalize?(
    view: Layout,
    tile: Tile,
    each: number,
    measure: Measure,
    floor: number,
    activation: Activation | undefined,
  ): number;
  /** OUT = a + Z. */
  add(tile: Tile, a: Slot): void;
  /** OUT = f(OUT). */
  activate(tile: Tile, activation: Activation): void;
}

/** The arithmetic of gradients, on the tiles of an engine. Apart from it, so that bundles of forward passes do without. */
export interface Gradients {
  /** lines.shift of DY: a mean that is near enough to be subtracted before anything is multiplied, or 0 where there is no need. */
  shifts(view: Layout, tile: Tile): void;
  /**
   * lines.sum and lines.product of X and DY. h is DY - shift, or, where parameters vary along lines, DY * scale - constant. If asked to, adds up DY and
   * DY * ((X - center) * slope + offset) for each of those parameters, in the window.
   * A mean product under `floor` is computed in float64, however small.
   */
  sums(view: Layout, tile: Tile, ofParameters: boolean, floor: number): void;
  /** OUT = h * gain + (X - center) * slope + offset. */
  gradient(view: Layout, tile: Tile): void;
  /**
   * What moments, `sums`, a table and `gradient` come to, at once, of a tile such as `normalize` takes: OUT = dx, from X, DY, lines.level and,
   * where a line has one scale, that in lines.slope. Means and inverses are `given` in lines.mean and lines.inverse, or else written. Writes,
   * for each line that has one scale, sum(dy) and sum(dy z) to lines.sum and lines.product; if asked to, adds sums of parameters up as `sums`
   * does; if asked to, adds Z to OUT. Writes what is Left of each statistic to lines.left; returns for how many that is something.
   */
  differentiate?(
    view: Layout,
    tile: Tile,
    each: number,
    measure: Measure,
    floor: number,
    wants: { given: boolean; ofParameters: boolean; sum: boolean },
  ): number;
  /** Z = DY * f'(Z). */
  activationGradient(tile: Tile, activation: Activation): void;
}
