import type { Axis, View } from "./view.ts";

/** A part of a view that is worked on in one go: `lines` lines of `length` elements each. */
export interface Tile {
  /** Where its first element stands in the array. */
  at: number;
  /** How many lines it has. */
  lines: number;
  /** How many elements of each line; less than the view's where a line is longer than a tile. */
  length: number;
  /** Columns: the distance of neighbouring elements of a line in the array. Rows: 0, the tile is one run of elements. */
  pitch: number;
  /** The place in the line of its first element. */
  from: number;
  /** The place of its first line among all lines (rows), or of its panel among all panels (columns). */
  outer: number;
  /** Columns: the place of its first line in the panel. */
  column: number;
}

/** Tiles that between them hold all elements of some statistics. */
export interface Group {
  tiles: Tile[];
  /** The first of its statistics. */
  base: number;
  /** How many statistics it has. */
  statistics: number;
}

/** Columns narrower than this waste the cache lines that they are read in. */
const NARROW = 32;

/** Columns so many at a time where a line is too long for a tile, whatever the width. */
const WIDE = 1024;

/**
 * Cuts a view into groups of tiles of at most `capacity` elements and `maxLines` lines. Small groups share a tile; a group of
 * one tile is read from memory only once.
 */
export function* groupsOf(view: View, capacity: number, maxLines: number): Generator<Group> {
  if (view.count === 0 || view.statistics === 0) return;
  // Outer axes before the first one that is reduced over tell groups apart.
  let split = view.outer.findIndex((axis) => axis.statistic === 0);
  if (split < 0) split = view.outer.length;
  const groups = sizeOf(view.outer.slice(0, split)), inside = sizeOf(view.outer.slice(split));
  const statistics = view.statistics / groups;
  if (view.layout === "rows") yield* rowGroups(view, groups, inside, statistics, capacity, maxLines);
  else yield* columnGroups(view, groups, inside, statistics, capacity, maxLines);
}

function* rowGroups(
  view: View,
  groups: number,
  inside: number,
  statistics: number,
  capacity: number,
  maxLines: number,
): Generator<Group> {
  const { length } = view;
  const fit = Math.min(Math.floor(capacity / (inside * length)), Math.floor(maxLines / inside));
  const together = Math.max(fit, 1);
  for (let g = 0; g < groups; g += together) {
    const last = Math.min(g + together, groups);
    const tiles = rowTiles(g * inside, last * inside, length, capacity, maxLines);
    yield { tiles, base: g * statistics, statistics: (last - g) * statistics };
  }
}

/** Tiles of whole lines, or of parts of one line where it is longer than a tile. */
function rowTiles(first: number, last: number, length: number, capacity: number, maxLines: number): Tile[] {
  const tiles: Tile[] = [];
  const lines = Math.min(Math.max(Math.floor(capacity / length), 1), maxLines), part = Math.min(length, capacity);
  for (let line = first; line < last; line += lines) {
    const count = Math.min(lines, last - line);
    for (let from = 0; from < length; from += part) {
      const tile = { lines: count, length: Math.min(part, length - from), pitch: 0, from, outer: line, column: 0 };
      tiles.push({ at: line * length + from, ...tile });
    }
  }
  return tiles;
}

function* columnGroups(
  view: View,
  groups: number,
  inside: number,
  statistics: number,
  capacity: number,
  maxLines: number,
): Generator<Group> {
  const { length, width } = view;
  const fit = Math.floor(capacity / length / 16) * 16;
  const columns = Math.min(width, fit >= NARROW ? fit : WIDE, maxLines);
  const rows = Math.min(length, Math.max(Math.floor(capacity / columns), 1));
  for (let g = 0; g < groups; g++) {
    for (let column = 0; column < width; column += columns) {
      const lines = Math.min(columns, width - column);
      const tiles: Tile[] = [];
      for (let panel = g * inside; panel < (g + 1) * inside; panel++) {
        for (let from = 0; from < length; from += rows) {
          const tile = { lines, length: Math.min(rows, length - from), pitch: width, from, outer: panel, column };
          tiles.push({ at: (panel * length + from) * width + column, ...tile });
        }
      }
      // Between the strip's first and last statistic lie those of other strips where panels have statistics of their own.
      yield { tiles, base: g * statistics + column, statistics: statistics - width + lines };
    }
  }
}

function sizeOf(axes: readonly Axis[]): number {
  return axes.reduce((size, axis) => size * axis.size, 1);
}

/**
 * Writes, for each line of a tile, which statistic it has, counted from `base`, and which parameter: its own, or where
 * parameters vary along the line, that of its first element in the view.
 */
export function locate(view: View, tile: Tile, base: number, statistic: Uint32Array, parameter: Uint32Array): void {
  const { outer, layout } = view;
  const index = new Array<number>(outer.length);
  let s = -base, p = 0;
  for (let d = outer.length - 1, rest = tile.outer; d >= 0; d--) {
    index[d] = rest % outer[d].size;
    rest = Math.floor(rest / outer[d].size);
    s += index[d] * outer[d].statistic;
    p += index[d] * outer[d].parameter;
  }
  if (layout === "columns") {
    for (let l = 0; l < tile.lines; l++) {
      statistic[l] = s + tile.column + l;
      parameter[l] = p + (tile.column + l) * view.step;
    }
    return;
  }
  for (let l = 0; l < tile.lines; l++) {
    statistic[l] = s;
    parameter[l] = p;
    for (let d = outer.length - 1; d >= 0; d--) {
      s += outer[d].statistic;
      p += outer[d].parameter;
      if (++index[d] < outer[d].size) break;
      index[d] = 0;
      s -= outer[d].size * outer[d].statistic;
      p -= outer[d].size * outer[d].parameter;
    }
  }
}
