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
  /** Columns: the distance of neighbouring elements of a line in the array. Rows: 0, the tile is one run of elements. */
  pitch: number;
  /**
   * Rows of which those of a statistic are apart: the distance of its neighbouring lines in the array. Columns that are worked on at once:
   * that of neighbouring elements of a line. Engines take such tiles only where they stand, to normalize or differentiate them at once.
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

/** Whether the elements of a tile are one run of the array. */
export function isRun(tile: Tile): boolean {
  return tile.pitch === 0 || tile.pitch === tile.lines;
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
  if (isRun(tile)) to.set(part(from as Data, tile.at, sizeOf(tile)), at);
  else {
    for (let k = 0, row = tile.at; k < tile.length; k++, row += tile.pitch) {
      to.set(from.subarray(row, row + tile.lines), at + k * tile.lines);
    }
  }
}

/** Copies it back. */
export function scatter(from: Data | Uint16Array, at: number, to: Data | Uint16Array, tile: Tile): void {
  if (isRun(tile)) to.set(from.subarray(at, at + sizeOf(tile)), tile.at);
  else {
    for (let k = 0, row = tile.at; k < tile.length; k++, row += tile.pitch) {
      to.set(from.subarray(at + k * tile.lines, at + (k + 1) * tile.lines), row);
    }
  }
}
