import type { Dialect } from "./csv_dialect.ts";
import { powers } from "./decimal.ts";
import { module } from "./plain_rows_module.ts";

/** What assembly/ exports, and says more about. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  /** Where free memory begins. */
  readonly free: WebAssembly.Global;
  /** Where the table of powers of ten is. */
  readonly powers: WebAssembly.Global;
  /** How many rows were read last. */
  readonly rows: WebAssembly.Global;
  readRows(...args: number[]): number;
}

let compiled: WebAssembly.Module | undefined;

/** How many values are read at once, if a row has no more. */
const mostValues = 1 << 15;

/** Characters that stand for a number are looked at 8 at a time, also those behind the last. */
const slack = 8;

/**
 * Reads rows of CSV in which all fields that are asked for are plain numbers, or nothing. It is several times as fast as {@linkcode
 * CsvScanner}, which has to read whatever it leaves, and says what it means.
 */
export class PlainRows {
  readonly #exports: Exports;
  readonly #dialect: Dialect;
  readonly #places: Int32Array;
  readonly #width: number;
  readonly #most: number;
  /** Where memory has the rows, and behind them the text. */
  readonly #rows: number;
  readonly #text: number;
  #size = 0;

  /** For each field of a row where its number goes in a row of so many, -1 if nowhere. */
  constructor(dialect: Dialect, places: Int32Array, width: number) {
    compiled ??= new WebAssembly.Module(Uint8Array.from(atob(module), (character) => character.charCodeAt(0)));
    this.#exports = new WebAssembly.Instance(compiled).exports as unknown as Exports;
    this.#dialect = dialect;
    this.#places = places;
    this.#width = width;
    this.#most = Math.max(1, Math.floor(mostValues / width));
    this.#rows = Math.ceil((this.#exports.free.value + places.byteLength) / 8) * 8;
    this.#text = this.#rows + this.#most * width * 8;
    this.#reserve(this.#text);
    new Float64Array(this.#exports.memory.buffer, this.#exports.powers.value, powers.length).set(powers);
    new Int32Array(this.#exports.memory.buffer, this.#exports.free.value, places.length).set(places);
  }

  /** Gives it the next records. */
  feed(bytes: Uint8Array): void {
    this.#size = bytes.length;
    this.#reserve(this.#text + bytes.length + slack);
    new Uint8Array(this.#exports.memory.buffer).set(bytes, this.#text);
  }

  /** The numbers of the rows from a place of the records on, until one is not plain, and where that begins. They are valid until the next call. */
  read(at: number): { values: Float64Array<ArrayBuffer>; end: number } {
    const { delimiter, decimal, comment, missing } = this.#dialect, { memory, free, rows, readRows } = this.#exports;
    const end = readRows(
      ...[
        this.#text + at,
        this.#text + this.#size,
        free.value,
        this.#places.length,
        this.#rows,
        this.#width,
        this.#most,
      ],
      ...[delimiter, decimal, comment, Number(missing.has(""))],
    ) - this.#text;
    return { values: new Float64Array(memory.buffer as ArrayBuffer, this.#rows, rows.value * this.#width), end };
  }

  #reserve(size: number): void {
    const { memory } = this.#exports, lacking = size - memory.buffer.byteLength;
    if (lacking > 0) memory.grow(Math.ceil(lacking / 65536));
  }
}
