import type { TypedArrays } from "../tensor.ts";

/** The typed array of any tensor. */
export type Data = TypedArrays[keyof TypedArrays];

/** A part of an array that is worked on in one go: `lines` lines of `length` elements each. */
export interface Tile {
  /** Where its first element stands in the array. */
  at: number;
  /** How many lines it has. */
  lines: number;
  /** How many elements of each line; less than the view's where a line is longer than a tile. */
  length: number;
  /**
   * Columns: the distance of neighbouring elements of a line in the array. Rows of which those of a statistic are apart, and which are copied:
   * that of neighbouring lines of a statistic. Other rows: 0.
   */
  pitch: number;
  /**
   * The same distances where the tile is worked on, of columns that stay where they stand and of all rows that are apart. Engines take such
   * tiles only to normalize or differentiate them at once.
   */
  stride?: number;
  /** Rows of which those of a statistic are apart: the distance of neighbouring statistics. */
  step?: number;
}

/** How lines lie in a tile. */
export interface Layout {
  /** Along memory, or across it. */
  layout: "rows" | "columns";
  /** Whether the parameter changes from element to element of a line; otherwise a line has one parameter. */
  along: boolean;
}

/** How many elements of a tile that is copied are neighbours in the array. */
function runOf({ lines, stride = lines }: Tile): number {
  return stride;
}

/** Whether a tile can be worked on where it is in the array, or copied as one run. */
export function isRun(tile: Tile): boolean {
  return tile.pitch === 0 || tile.pitch === runOf(tile);
}

/** How many elements a tile has. */
export function sizeOf(tile: Tile): number {
  return tile.lines * tile.length;
}

/** Some elements of an array; all of them without the cost of a new one. */
export function part<A extends Data>(data: A, from: number, count: number): A {
  return from === 0 && count === data.length ? data : data.subarray(from, from + count) as A;
}

/** Copies a tile of an array to index `at` of another, where it is one run. */
export function gather(from: Data | Uint16Array, tile: Tile, to: Data | Uint16Array, at: number): void {
  const run = runOf(tile), size = sizeOf(tile);
  if (isRun(tile)) to.set(part(from as Data, tile.at, size), at);
  else {
    for (let k = 0, row = tile.at; k < size; k += run, row += tile.pitch) to.set(from.subarray(row, row + run), at + k);
  }
}

/** Copies it back. */
export function scatter(from: Data | Uint16Array, at: number, to: Data | Uint16Array, tile: Tile): void {
  const run = runOf(tile), size = sizeOf(tile);
  if (isRun(tile)) to.set(from.subarray(at, at + size), tile.at);
  else {
    for (let k = 0, row = tile.at; k < size; k += run, row += tile.pitch) {
      to.set(from.subarray(at + k, at + k + run), row);
    }
  }
}
