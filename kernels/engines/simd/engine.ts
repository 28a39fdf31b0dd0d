import type { Activation } from "../../activation.ts";
import { type Engine, Lines, Slot, Window } from "../engine.ts";
import type { Measure } from "../measure.ts";
import { PlainEngine } from "../plain.ts";
import { type Data, gather, isRun, type Layout, scatter, sizeOf, type Tile } from "../tile.ts";
import type { Kernels } from "./kernels.ts";

/** 128 KiB of float32 a tile of rows: two of them and their parameters stay in a second level cache. */
const CAPACITY = 32768;

/** 512 KiB a tile of columns: what is copied, or passed over, of each row should not be short. */
const COLUMN_CAPACITY = 4 * CAPACITY;
const MAX_LINES = 4096;

/** Rows of so many elements, with as many parameters, are worked on at once where they lie. */
const MAX_PARAMETERS = 65536;

/** The compiled module keeps to itself what is below this address. */
export const FIRST_ADDRESS = 4096;

/** Activations as the kernels know them. */
export const KINDS: Record<Activation, number> = { relu: 1, gelu: 2, silu: 3 };

/** Hands out consecutive addresses, a cache line apart at least. */
class Addresses {
  #end: number;

  constructor(first: number) {
    this.#end = first;
  }

  take(bytes: number): number {
    const address = this.#end;
    this.#end += Math.ceil((bytes + 64) / 64) * 64;
    return address;
  }

  get end(): number {
    return this.#end;
  }
}

/** Where everything of an engine is, from an address on. */
function layOut(first: number) {
  const addresses = new Addresses(first), float32 = COLUMN_CAPACITY * 4;
  const parameters32 = MAX_PARAMETERS * 4, parameters64 = MAX_PARAMETERS * 8;
  const places = {
    lines: addresses.take(Lines.bytes(MAX_LINES)),
    tiles: [addresses.take(float32), addresses.take(float32), addresses.take(float32), addresses.take(float32)],
    half: addresses.take(COLUMN_CAPACITY * 2),
    scale: addresses.take(parameters32),
    bias: addresses.take(parameters32),
    dScale32: addresses.take(parameters32),
    dBias32: addresses.take(parameters32),
    dScale: addresses.take(parameters64),
    dBias: addresses.take(parameters64),
  };
  return { ...places, first, end: addresses.end };
}

/** The bytes that an engine needs. */
export const ENGINE_BYTES = layOut(0).end;

/**
 * The engine of float32 and float16: kernels in WebAssembly. Tiles of arrays that lie in its memory are worked on where they
 * are; others are copied in and out, and float16 is widened on the way. Where float32 overflows, or underflows and that
 * matters, it asks the plain engine, line by line for sums and tile by tile for tables.
 */
export class SimdEngine implements Engine {
  readonly capacity = CAPACITY;
  readonly columnCapacity = COLUMN_CAPACITY;
  readonly maxLines = MAX_LINES;
  readonly maxParameters = MAX_PARAMETERS;
  readonly lines: Lines;
  readonly window: Window;
  /** The memory of the kernels, and whether an array lies in it. */
  readonly memory: WebAssembly.Memory;
  readonly isResident: (data: Data) => boolean;
  /** Where everything is. */
  readonly at: ReturnType<typeof layOut>;
  readonly #kernels: Kernels;
  /** The address of the tile in each slot. */
  readonly #address: number[];
  readonly #float32: Float32Array;
  readonly #half: Uint16Array;
  #plain: PlainEngine | undefined;

  /** An engine at an address of a memory, which may hold some arrays. */
  constructor(memory: WebAssembly.Memory, kernels: Kernels, isResident: (data: Data) => boolean, address: number) {
    const { buffer } = memory, at = layOut(address);
    this.at = at;
    this.#address = [...at.tiles];
    this.memory = memory;
    this.lines = new Lines(MAX_LINES, buffer, at.lines);
    this.#kernels = kernels;
    this.isResident = isResident;
    this.#float32 = new Float32Array(buffer, 0, at.end / 4);
    this.#half = new Uint16Array(buffer, at.half, COLUMN_CAPACITY);
    this.window = new Window(
      new Float32Array(buffer, at.scale, MAX_PARAMETERS),
      new Float32Array(buffer, at.bias, MAX_PARAMETERS),
      new Float64Array(buffer, at.dScale, MAX_PARAMETERS),
      new Float64Array(buffer, at.dBias, MAX_PARAMETERS),
      (data) => this.#isHere(data),
    );
  }

  /** The memory of the tiles, for work of other kinds. */
  get scratch(): Float32Array {
    return new Float32Array(this.memory.buffer, this.at.tiles[0], COLUMN_CAPACITY);
  }

  /** Where the tile in a slot is. */
  addressOf(slot: Slot): number {
    return this.#address[slot];
  }

  /** Whether an array can be worked on where it is. */
  #isHere(data: Data): boolean {
    return data instanceof Float32Array && this.isResident(data);
  }

  /** The address of a tile that is worked on where it stands in this memory, else -1. */
  #direct(data: Data, tile: Tile): number {
    return isRun(tile) && this.#isHere(data) ? data.byteOffset + tile.at * 4 : -1;
  }

  holds(...arrays: readonly (Data | undefined)[]): boolean {
    return arrays.every((data) => data === undefined || this.#isHere(data));
  }

  load(slot: Slot, data: Data, tile: Tile): void {
    const direct = this.#direct(data, tile);
    this.#address[slot] = direct < 0 ? this.#own(slot, tile) : direct;
    if (direct >= 0) return;
    if (data instanceof Float32Array) gather(data, tile, this.#float32, this.#address[slot] / 4);
    else {
      gather(bitsOf(data), tile, this.#half, 0);
      this.#kernels.widen(this.at.half, this.#address[slot], sizeOf(tile));
    }
  }

  place(data: Data, tile: Tile, over: Slot = Slot.X): void {
    const direct = this.#direct(data, tile), other = this.#address[over];
    this.#address[Slot.OUT] = direct >= 0 ? direct : this.#isOwn(other) ? other : this.#own(Slot.OUT, tile);
  }

  /** The address of the engine's own tile in a slot. Beyond its end lies what must not be overwritten. */
  #own(slot: Slot, tile: Tile): number {
    if (sizeOf(tile) > COLUMN_CAPACITY) throw new Error(`a tile of ${sizeOf(tile)} elements has no room in the engine`);
    return this.at.tiles[slot];
  }

  /** Whether an address is that of a tile of the engine's, not one in an array. */
  #isOwn(address: number): boolean {
    return address >= this.at.first && address < this.at.end;
  }

  store(data: Data, tile: Tile): void {
    const from = this.#address[Slot.OUT];
    if (!this.#isOwn(from)) return;
    if (data instanceof Float32Array) scatter(this.#float32, from / 4, data, tile);
    else {
      this.#kernels.narrow(from, this.at.half, sizeOf(tile));
      scatter(this.#half, 0, bitsOf(data), tile);
    }
  }

  alias(slot: Slot, other: Slot): void {
    this.#address[slot] = this.#address[other];
  }

  moments(view: Layout, tile: Tile, aboutZero: boolean, floor: number): void {
    const { mean, m2, address } = this.lines, x = this.#address[Slot.X], { lines, length } = tile;
    if (view.layout === "rows") {
      this.#kernels.rowMoments(x, 0, lines, 1, length, length * 4, length * 4, +aboutZero, address);
    } else {
      const to = [mean.byteOffset, m2.byteOffset];
      this.#kernels.columnMoments(x, lines, length, lines * 4, +aboutZero, ...to, address);
    }
    const runPlain = () => this.plainWith(view, tile, Slot.X).moments(view, tile, aboutZero);
    this.recompute(tile, [mean, m2], floor * tile.length, false, runPlain);
  }

  apply(view: Layout, tile: Tile, to: Slot): void {
    if (to === Slot.Z) this.#address[Slot.Z] = this.#own(Slot.Z, tile);
    if (!this.quantize(tile)) {
      const plain = this.plainWith(view, tile, Slot.X);
      plain.apply(view, tile, to);
      return this.takeOver(plain, to, tile);
    }
    const x = this.#address[Slot.X], y = this.#address[to], { lines, length } = tile, along = +view.along;
    const { address } = this.lines, { scale, bias } = this.parametersOf(view);
    if (view.layout === "rows") {
      this.#kernels.rowApply(x, y, 0, lines, 1, length, length * 4, length * 4, along, scale, bias, 0, address);
    } else {
      this.#kernels.columnApply(x, y, lines, length, lines * 4, along, scale, bias, address);
    }
  }

  normalize(
    view: Layout,
    tile: Tile,
    each: number,
    { aboutZero, subtractMean, factor, inside, outside }: Measure,
    floor: number,
    activation: Activation | undefined,
  ): number {
    const { scale, bias } = this.parametersOf(view);
    const { rowNormalize, columnNormalize } = this.#kernels,
      kernel = view.layout === "rows" ? rowNormalize : columnNormalize;
    return kernel(
      this.#address[Slot.X],
      this.#address[Slot.OUT],
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
      +view.along,
      scale,
      bias,
      activation === undefined ? 0 : KINDS[activation],
      this.lines.address,
    );
  }

  add(tile: Tile, a: Slot): void {
    this.#kernels.add(this.#address[a], this.#address[Slot.Z], this.#address[Slot.OUT], sizeOf(tile));
  }

  activate(tile: Tile, activation: Activation): void {
    this.#kernels.activate(this.#address[Slot.OUT], sizeOf(tile), KINDS[activation]);
  }

  /** Where the parameters at hand begin, or those of a panel, which all its lines share: which it is, and its addresses. */
  parametersOf({ layout }: Layout): { first: number; scale: number; bias: number } {
    const first = layout === "rows" ? 0 : this.lines.parameter[0], { scale, bias } = this.window;
    return { first, scale: scale.byteOffset + first * 4, bias: bias.byteOffset + first * 4 };
  }

  /** Rounds the tables of a tile's lines to float32, with that of gains if it is wanted; false if that cannot hold them. */
  quantize({ lines }: Tile, withGain = false): boolean {
    return this.#kernels.quantize(lines, +withGain, this.lines.address) !== 0;
  }

  /**
   * Replaces the results of lines, the first two of which are not finite or under a limit, by those of the plain engine; others than the
   * second only where they are not finite themselves if they are `apart`.
   */
  recompute(tile: Tile, results: readonly Float64Array[], limit: number, apart: boolean, runPlain: () => void): void {
    const [a, b] = results;
    let l = 0;
    while (l < tile.lines && isUsable(a[l], b[l], limit)) l++;
    if (l === tile.lines) return;
    const before = results.map((result) => result.slice(0, tile.lines)), [a32, b32] = before;
    runPlain();
    for (l = 0; l < tile.lines; l++) {
      const usable = isUsable(a32[l], b32[l], limit);
      results.forEach((result, i) => {
        if (usable || (apart && result !== b && Number.isFinite(before[i][l]))) result[l] = before[i][l];
      });
    }
  }

  /** The plain engine, with the same lines, the parameters at hand, and the tiles in some slots. */
  plainWith(view: Layout, tile: Tile, ...slots: Slot[]): PlainEngine {
    const size = sizeOf(tile);
    let plain = this.#plain;
    if (plain === undefined || plain.capacity < size) {
      plain = this.#plain = new PlainEngine(Math.max(CAPACITY, size), MAX_LINES, MAX_PARAMETERS, this.lines);
    }
    if (view.along) plain.window.set(this.window.scale, this.window.bias, 0, this.window.count);
    for (const slot of slots) plain.tiles[slot].set(this.#tile(slot, tile));
    return plain;
  }

  /** Takes what the plain engine wrote to a slot. */
  takeOver(plain: PlainEngine, slot: Slot, tile: Tile): void {
    this.#tile(slot, tile).set(plain.tiles[slot].subarray(0, sizeOf(tile)));
  }

  #tile(slot: Slot, tile: Tile): Float32Array {
    return new Float32Array(this.memory.buffer, this.#address[slot], sizeOf(tile));
  }
}

/** How many bytes lie between neighbouring lines of a statistic (rows), or neighbouring elements of a line (columns). */
export function strideOf({ layout }: Layout, { lines, length, stride }: Tile): number {
  return 4 * (stride ?? (layout === "rows" ? length : lines));
}

/** How many lie between neighbouring statistics (rows), of so many lines each. */
export function stepOf(view: Layout, tile: Tile, each: number): number {
  return tile.step === undefined ? each * strideOf(view, tile) : 4 * tile.step;
}

/** Whether two results of float32 kernels can be trusted: neither overflowed, and products did not underflow. */
function isUsable(a: number, b: number, limit: number): boolean {
  return Math.abs(a + b) < Infinity && Math.abs(b) >= limit;
}

/** The bits of an array of float16. */
function bitsOf(data: Data): Uint16Array {
  return new Uint16Array(data.buffer, data.byteOffset, data.length);
}
