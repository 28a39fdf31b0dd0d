import type { Activation } from "../../activation.ts";
import { type Engine, Lines, Slot, Window } from "../engine.ts";
import type { Measure } from "../measure.ts";
import { PlainEngine } from "../plain.ts";
import { type Data, gather, isRun, type Layout, scatter, sizeOf, type Tile } from "../tile.ts";
import type { Kernels } from "./kernels.ts";

/** 128 KiB of float32 a tile: two of them and their parameters stay in a second level cache. */
const CAPACITY = 32768;
const MAX_LINES = 4096;

/** Rows of so many elements, with as many parameters, are worked on at once where they lie. */
const MAX_PARAMETERS = 65536;

/** The compiled module keeps to itself what is below this address. */
export const FIRST_ADDRESS = 4096;

/** Gradients of parameters add up in float32 over at most this many lines before they are carried over into float64. */
const MAX_ADDED = 128;

const KINDS: Record<Activation, number> = { relu: 1, gelu: 2, silu: 3 };

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
  const addresses = new Addresses(first), float32 = CAPACITY * 4, table = MAX_LINES * 4;
  const parameters32 = MAX_PARAMETERS * 4, parameters64 = MAX_PARAMETERS * 8;
  const places = {
    lines: addresses.take(Lines.bytes(MAX_LINES)),
    tiles: [addresses.take(float32), addresses.take(float32), addresses.take(float32), addresses.take(float32)],
    half: addresses.take(CAPACITY * 2),
    scale: addresses.take(parameters32),
    bias: addresses.take(parameters32),
    dScale32: addresses.take(parameters32),
    dBias32: addresses.take(parameters32),
    dScale: addresses.take(parameters64),
    dBias: addresses.take(parameters64),
    center: addresses.take(table),
    slope: addresses.take(table),
    offset: addresses.take(table),
    gain: addresses.take(table),
    constant: addresses.take(table),
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
  readonly maxLines = MAX_LINES;
  readonly maxParameters = MAX_PARAMETERS;
  readonly lines: Lines;
  readonly window: Window;
  readonly #at: ReturnType<typeof layOut>;
  readonly #memory: WebAssembly.Memory;
  readonly #kernels: Kernels;
  readonly #isResident: (data: Data) => boolean;
  /** The address of the tile in each slot. */
  readonly #address: number[];
  readonly #float32: Float32Array;
  readonly #half: Uint16Array;
  /** The addresses of the tables in float64: center, slope, offset. */
  readonly #tables: readonly number[];
  /** The tables of centers and constants, rounded. */
  readonly #center: Float32Array;
  readonly #constant: Float32Array;
  #plain: PlainEngine | undefined;

  /** An engine at an address of a memory, which may hold some arrays. */
  constructor(memory: WebAssembly.Memory, kernels: Kernels, isResident: (data: Data) => boolean, address: number) {
    const { buffer } = memory, at = layOut(address);
    this.#at = at;
    this.#address = [...at.tiles];
    this.#memory = memory;
    this.lines = new Lines(MAX_LINES, buffer, at.lines);
    const { center, slope, offset } = this.lines;
    this.#tables = [center.byteOffset, slope.byteOffset, offset.byteOffset];
    this.#kernels = kernels;
    this.#isResident = isResident;
    this.#float32 = new Float32Array(buffer, 0, at.end / 4);
    this.#half = new Uint16Array(buffer, at.half, CAPACITY);
    this.window = new Window(
      new Float32Array(buffer, at.scale, MAX_PARAMETERS),
      new Float32Array(buffer, at.bias, MAX_PARAMETERS),
      new Float64Array(buffer, at.dScale, MAX_PARAMETERS),
      new Float64Array(buffer, at.dBias, MAX_PARAMETERS),
      (data) => data.buffer === memory.buffer && data instanceof Float32Array,
    );
    this.#center = new Float32Array(buffer, at.center, MAX_LINES);
    this.#constant = new Float32Array(buffer, at.constant, MAX_LINES);
  }

  /** Something else over the same memory, which works by way of that of the tiles. Bundles of norms alone do without it. */
  lend<T>(make: (memory: WebAssembly.Memory, scratch: Float32Array, isResident: (data: Data) => boolean) => T): T {
    const scratch = new Float32Array(this.#memory.buffer, this.#at.tiles[0], 4 * CAPACITY);
    return make(this.#memory, scratch, this.#isResident);
  }

  /** Where the tile in a slot is. */
  addressOf(slot: Slot): number {
    return this.#address[slot];
  }

  /** The address of a tile of an array that lies in this memory as one run of float32, else -1. */
  #direct(data: Data, tile: Tile): number {
    return data instanceof Float32Array && isRun(tile) && this.#isResident(data) ? data.byteOffset + tile.at * 4 : -1;
  }

  holds(...arrays: readonly (Data | undefined)[]): boolean {
    return arrays.every((data) => data === undefined || (data instanceof Float32Array && this.#isResident(data)));
  }

  load(slot: Slot, data: Data, tile: Tile): void {
    const direct = this.#direct(data, tile);
    this.#address[slot] = direct < 0 ? this.#at.tiles[slot] : direct;
    if (direct >= 0) return;
    if (data instanceof Float32Array) gather(data, tile, this.#float32, this.#at.tiles[slot] / 4);
    else {
      gather(bitsOf(data), tile, this.#half, 0);
      this.#kernels.widen(this.#at.half, this.#at.tiles[slot], sizeOf(tile));
    }
  }

  place(data: Data, tile: Tile, over: Slot = Slot.X): void {
    const direct = this.#direct(data, tile), other = this.#address[over];
    this.#address[Slot.OUT] = direct >= 0 ? direct : this.#isOwn(other) ? other : this.#at.tiles[Slot.OUT];
  }

  /** Whether an address is that of a tile of the engine's, not one in an array. */
  #isOwn(address: number): boolean {
    return address >= this.#at.first && address < this.#at.end;
  }

  store(data: Data, tile: Tile): void {
    const from = this.#address[Slot.OUT];
    if (!this.#isOwn(from)) return;
    if (data instanceof Float32Array) scatter(this.#float32, from / 4, data, tile);
    else {
      this.#kernels.narrow(from, this.#at.half, sizeOf(tile));
      scatter(this.#half, 0, bitsOf(data), tile);
    }
  }

  alias(slot: Slot, other: Slot): void {
    this.#address[slot] = this.#address[other];
  }

  moments(view: Layout, tile: Tile, aboutZero: boolean, floor: number): void {
    const { mean, m2 } = this.lines;
    const x = this.#address[Slot.X], { lines, length } = tile, to = [mean.byteOffset, m2.byteOffset];
    if (view.layout === "rows") this.#kernels.rowMoments(x, lines, 1, length, length * 4, +aboutZero, ...to);
    else this.#kernels.columnMoments(x, lines, length, +aboutZero, ...to);
    const runPlain = () => this.#plainWith(view, tile, Slot.X).moments(view, tile, aboutZero);
    this.#recompute(tile, [mean, m2], floor * tile.length, false, runPlain);
  }

  apply(view: Layout, tile: Tile, to: Slot): void {
    const at = this.#at;
    if (to === Slot.Z) this.#address[Slot.Z] = at.tiles[Slot.Z];
    if (!this.#quantize(tile)) {
      const plain = this.#plainWith(view, tile, Slot.X);
      plain.apply(view, tile, to);
      return this.#takeOver(plain, to, tile);
    }
    const x = this.#address[Slot.X], y = this.#address[to], { lines, length } = tile, along = +view.along;
    if (view.layout === "rows") {
      const parameter = this.lines.parameter.byteOffset, { scale, bias } = this.#parameters();
      const tables = [at.center, at.slope, at.offset];
      this.#kernels.rowApply(x, y, lines, length, length * 4, ...tables, along, parameter, scale, bias, 0, 1);
    } else {
      const { scale, bias } = this.#parameters(this.lines.parameter[0]);
      this.#kernels.columnApply(x, y, lines, length, at.center, at.slope, at.offset, along, scale, bias);
    }
  }

  /** Means of a quarter of each line, at least 16 elements, where they are far from 0: see rowShifts in rows.ts. */
  shifts(view: Layout, { lines, length }: Tile): void {
    const dy = this.#address[Slot.DY],
      { shift, m2 } = this.lines,
      quarter = Math.min(length, Math.max(length >> 2, 16));
    if (view.layout === "rows") {
      this.#kernels.rowShifts(dy, lines, length, length * 4, +view.along, shift.byteOffset);
      return;
    }
    this.#kernels.columnMoments(dy, lines, quarter, 0, shift.byteOffset, m2.byteOffset);
    for (let l = 0; l < lines; l++) shift[l] = shift[l] ** 2 * quarter > 16 * m2[l] ? Math.fround(shift[l]) : 0;
  }

  /** Rounds what is taken from dy, or, along, from dy scale. */
  #roundConstants({ along }: Layout, { lines }: Tile): void {
    const { constant, shift } = this.lines;
    this.#constant.set((along ? constant : shift).subarray(0, lines));
  }

  sums(view: Layout, tile: Tile, ofParameters: boolean, floor: number): void {
    if (!this.#quantize(tile)) {
      const plain = this.#plainWith(view, tile, Slot.X, Slot.DY);
      plain.sums(view, tile, ofParameters);
      this.window.add(plain.window);
      return;
    }
    this.#roundConstants(view, tile);
    if (view.layout === "rows") this.#rowSums(view, tile, ofParameters);
    else this.#columnSums(view, tile, ofParameters);
    // Products with x - center from those about the rounded center.
    const rounded = this.#center, { sum, product, center } = this.lines;
    for (let l = 0; l < tile.lines; l++) product[l] += (rounded[l] - center[l]) * sum[l];
    const runPlain = () => this.#plainWith(view, tile, Slot.X, Slot.DY).sums(view, tile, false);
    this.#recompute(tile, [sum, product], floor * tile.length, true, runPlain);
  }

  #rowSums(view: Layout, { lines, length }: Tile, ofParameters: boolean): void {
    const at = this.#at, x = this.#address[Slot.X], dy = this.#address[Slot.DY];
    const { parameter, sum, product } = this.lines;
    for (let l = 0, count = 0; l < lines; l += count) {
      count = ofParameters ? Math.min(MAX_ADDED, lines - l) : lines;
      const from = l * length * 4, table = l * 4, result = l * 8;
      this.#kernels.rowSums(
        x + from,
        dy + from,
        count,
        length,
        length * 4,
        at.center + table,
        at.slope + table,
        at.offset + table,
        at.constant + table,
        +view.along,
        parameter.byteOffset + table,
        this.#parameters().scale,
        +ofParameters,
        at.dScale32,
        at.dBias32,
        sum.byteOffset + result,
        product.byteOffset + result,
        0,
        1,
      );
      if (ofParameters) this.#carry();
    }
  }

  /** Adds the gradients of parameters that have added up in float32 to those in float64. */
  #carry(): void {
    const { dScale32, dBias32, dScale, dBias } = this.#at;
    this.#kernels.carry(dScale32, dScale, this.window.count);
    this.#kernels.carry(dBias32, dBias, this.window.count);
  }

  #columnSums(view: Layout, { lines, length }: Tile, ofParameters: boolean): void {
    const at = this.#at, x = this.#address[Slot.X], dy = this.#address[Slot.DY];
    const { parameter: [parameter], sum, product } = this.lines;
    const to = [sum.byteOffset, product.byteOffset], { scale } = this.#parameters(this.lines.parameter[0]);
    this.#kernels.columnSums(x, dy, lines, length, at.center, at.constant, +view.along, scale, ...to);
    if (ofParameters) {
      const tables = [at.center, at.slope, at.offset], first = parameter * 8;
      this.#kernels.columnParameterSums(x, dy, lines, length, ...tables, at.dScale + first, at.dBias + first);
    }
  }

  gradient(view: Layout, tile: Tile): void {
    if (!this.#quantize(tile, this.lines.gain.byteOffset)) {
      const plain = this.#plainWith(view, tile, Slot.X, Slot.DY);
      plain.gradient(view, tile);
      return this.#takeOver(plain, Slot.OUT, tile);
    }
    const at = this.#at;
    const x = this.#address[Slot.X], dy = this.#address[Slot.DY], dx = this.#address[Slot.OUT];
    const { lines, length } = tile, along = +view.along, { parameter } = this.lines;
    const tables = [at.center, at.slope, at.offset, at.gain, at.constant];
    this.#roundConstants(view, tile);
    if (view.layout === "rows") {
      const others = [along, parameter.byteOffset, this.#parameters().scale];
      this.#kernels.rowGradient(x, dy, dx, lines, length, length * 4, ...tables, ...others, 0, 1);
    } else {
      const { scale } = this.#parameters(this.lines.parameter[0]);
      this.#kernels.columnGradient(x, dy, dx, lines, length, ...tables, along, scale);
    }
  }

  normalize(
    { along }: Layout,
    { lines: rows, length, stride = length }: Tile,
    lines: number,
    { aboutZero, subtractMean, factor, inside, outside }: Measure,
    floor: number,
    activation: Activation | undefined,
  ): number {
    const { slope, offset, parameter, mean, m2, inverse, left } = this.lines, { scale, bias } = this.#parameters();
    const at = this.#at;
    return this.#kernels.rowNormalize(
      this.#address[Slot.X],
      this.#address[Slot.OUT],
      rows / lines,
      lines,
      length,
      stride * 4,
      +aboutZero,
      +subtractMean,
      factor,
      inside,
      outside,
      floor,
      slope.byteOffset,
      offset.byteOffset,
      +along,
      parameter.byteOffset,
      scale,
      bias,
      activation === undefined ? 0 : KINDS[activation],
      mean.byteOffset,
      m2.byteOffset,
      inverse.byteOffset,
      left.byteOffset,
      at.center,
      at.slope,
      at.offset,
    );
  }

  differentiate(
    { along }: Layout,
    { lines: rows, length, stride = length }: Tile,
    lines: number,
    { aboutZero, subtractMean, factor, inside, outside }: Measure,
    floor: number,
    { given, ofParameters, sum }: { given: boolean; ofParameters: boolean; sum: boolean },
  ): number {
    const at = this.#at, tables = this.lines, statistics = rows / lines;
    let unfinished = 0;
    for (let s = 0, count = 0; s < statistics; s += count) {
      count = ofParameters ? Math.min(MAX_ADDED, statistics - s) : statistics;
      const from = s * lines * length * 4, line = s * lines * 8;
      unfinished += this.#kernels.rowDifferentiate(
        this.#address[Slot.X] + from,
        this.#address[Slot.DY] + from,
        this.#address[Slot.OUT] + from,
        sum ? this.#address[Slot.Z] + from : 0,
        count,
        lines,
        length,
        stride * 4,
        +aboutZero,
        +subtractMean,
        factor,
        inside,
        outside,
        floor,
        +given,
        tables.slope.byteOffset + line,
        +along,
        tables.parameter.byteOffset + s * 4,
        this.#parameters().scale,
        tables.level.byteOffset + line,
        +ofParameters,
        at.dScale32,
        at.dBias32,
        tables.mean.byteOffset + s * 8,
        tables.m2.byteOffset + s * 8,
        tables.inverse.byteOffset + s * 8,
        tables.sum.byteOffset + line,
        tables.product.byteOffset + line,
        tables.shift.byteOffset + line,
        tables.left.byteOffset + s * 4,
        at.center,
        at.slope,
        at.offset,
        at.gain,
        at.constant,
      );
      if (ofParameters) this.#carry();
    }
    return unfinished;
  }

  add(tile: Tile, a: Slot): void {
    this.#kernels.add(this.#address[a], this.#address[Slot.Z], this.#address[Slot.OUT], sizeOf(tile));
  }

  activate(tile: Tile, activation: Activation): void {
    this.#kernels.activate(this.#address[Slot.OUT], sizeOf(tile), KINDS[activation]);
  }

  activationGradient(tile: Tile, activation: Activation): void {
    const z = this.#address[Slot.Z];
    this.#kernels.activationGradient(z, this.#address[Slot.DY], z, sizeOf(tile), KINDS[activation]);
  }

  /** Where the parameters at hand begin, or those of a panel, which all its lines share. */
  #parameters(first = 0): { scale: number; bias: number } {
    const { scale, bias } = this.window;
    return { scale: scale.byteOffset + first * 4, bias: bias.byteOffset + first * 4 };
  }

  /** Rounds the tables of a tile's lines to float32, with that at address `gain` if one is given; false if it cannot hold them. */
  #quantize({ lines }: Tile, gain = 0): boolean {
    const [center, slope, offset] = this.#tables;
    return this.#kernels.quantize(
      lines,
      center,
      slope,
      offset,
      gain,
      this.#at.center,
      this.#at.slope,
      this.#at.offset,
      this.#at.gain,
    ) !== 0;
  }

  /**
   * Replaces the results of lines, the first two of which are not finite or under a limit, by those of the plain engine; others than the
   * second only where they are not finite themselves if they are `apart`.
   */
  #recompute(tile: Tile, results: readonly Float64Array[], limit: number, apart: boolean, runPlain: () => void): void {
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
  #plainWith(view: Layout, tile: Tile, ...slots: Slot[]): PlainEngine {
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
  #takeOver(plain: PlainEngine, slot: Slot, tile: Tile): void {
    this.#tile(slot, tile).set(plain.tiles[slot].subarray(0, sizeOf(tile)));
  }

  #tile(slot: Slot, tile: Tile): Float32Array {
    return new Float32Array(this.#memory.buffer, this.#address[slot], sizeOf(tile));
  }
}

/** Whether two results of float32 kernels can be trusted: neither overflowed, and products did not underflow. */
function isUsable(a: number, b: number, limit: number): boolean {
  return Math.abs(a + b) < Infinity && Math.abs(b) >= limit;
}

/** The bits of an array of float16. */
function bitsOf(data: Data): Uint16Array {
  return new Uint16Array(data.buffer, data.byteOffset, data.length);
}
