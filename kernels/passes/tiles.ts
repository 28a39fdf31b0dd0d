import type { Tile } from "../engines/tile.ts";
import type { Axis, View } from "./view.ts";

/** A tile of a view, and what of the view it is. */
export interface ViewTile extends Tile {
  /** The place in the line of its first element. */
  from: number;
  /** The place of its first line among all lines (rows), or of its panel among all panels (columns). */
  outer: number;
  /** Columns: the place of its first line in the panel. */
  column: number;
}

/** Tiles that between them hold all elements of some statistics. */
export interface Group {
  tiles: ViewTile[];
  /** The first of its statistics. */
  base: number;
  /** How many statistics it has. */
  statistics: number;
}

/** The groups of a view, each made when it is first asked for: they are independent of each other, so any thread may take any of them. */
export class Groups {
  /** How many there are. */
  readonly count: number;
  readonly #make: (index: number) => Group;
  readonly #made: Group[] = [];

  /** Groups that a function makes. */
  constructor(count: number, make: (index: number) => Group) {
    this.count = count;
    this.#make = make;
  }

  /** The group of an index. */
  at(index: number): Group {
    return this.#made[index] ??= this.#make(index);
  }
}

/** Columns narrower than this waste the cache lines that they are read in, or, where they are copied, the time to begin with each row. */
const NARROW = 64, NARROW_COPIES = 512;

/** Columns so many at a time where a line is too long for a tile, whatever the width. */
const WIDE = 1024;

/** Rows of so many elements, at least, at a time where those of many samples are to be read twice: enough that a tile's own cost is small. */
const STRIP = 8192;

/** The most elements of a tile of rows and of one of columns, the most lines of a tile, and the most parameters along one. */
interface Limits {
  capacity: number;
  columnCapacity: number;
  maxLines: number;
  maxParameters: number;
}

type RowLimits = Pick<Limits, "capacity" | "maxLines">;

/** What is known of the elements of a view. */
interface Circumstances {
  /** Statistics are given, so nothing is to be read twice. */
  given?: boolean;
  /** Tiles that are one run of the array are worked on where they stand, and may have so many elements: of rows, where all parameters are at hand. */
  inPlace?: number;
  /** Columns are worked on at once where they stand. */
  stay?: boolean;
}

/** How many groups of statistics the outer axes tell apart, and of how many lines (rows) or panels (columns) each is. */
interface Cut {
  groups: number;
  panels: number;
  /** The statistics of each. */
  statistics: number;
}

/**
 * Cuts a view into groups of tiles of at most `capacity` elements and `maxLines` lines. A group of one tile is read from memory only
 * once, and a group of few statistics often stays in the cache until it is read again.
 */
export function groupsOf(view: View, limits: Limits, { given, inPlace = 0, stay = false }: Circumstances = {}): Groups {
  if (view.count === 0 || view.statistics === 0) return new Groups(0, () => ({ tiles: [], base: 0, statistics: 0 }));
  const cut = cutOf(view), { maxLines } = limits;
  if (view.layout === "columns") {
    const room = Math.max(limits.columnCapacity, inPlace);
    return given ? columnsInTurn(view, cut, limits, room) : stripsOfColumns(view, cut, limits, room, stay);
  }
  // The rows of a statistic should be in one tile, if there is any room for them.
  const one = cut.statistics === 1 ? cut.panels * view.length : 0, most = view.along ? limits.maxParameters : Infinity;
  const fits = one <= Math.min(limits.columnCapacity, most);
  const rows = { capacity: Math.max(limits.capacity, inPlace, fits ? one : 0), maxLines };
  const inTurn = given && cut.panels * view.length > rows.capacity;
  return inTurn ? rowsInTurn(view, cut, rows) : stripsOfRows(view, cut, rows) ?? wholeRows(view, cut, rows);
}

/** Outer axes before the first one that is reduced over tell groups apart. */
function cutOf({ outer, statistics }: View): Cut {
  const reduced = outer.findIndex((axis) => axis.statisticStride === 0), first = reduced < 0 ? outer.length : reduced;
  const product = (axes: readonly { size: number }[]) => axes.reduce((size, axis) => size * axis.size, 1);
  const groups = product(outer.slice(0, first));
  return { groups, panels: product(outer.slice(first)), statistics: statistics / groups };
}

/**
 * How many neighbouring lines share each statistic; undefined where those that share one are not neighbours, or are many rows although
 * parameters vary along them.
 */
export function linesOfEach(view: View): number | undefined {
  const { panels, statistics } = cutOf(view);
  if (view.layout === "columns") return panels === 1 ? view.members : undefined;
  return statistics === 1 && (panels === 1 || !view.along) ? panels : undefined;
}

/** The group of one statistic of a tile: the `rows` rows that it has there, each in tiles of its own. */
export function groupOfOne(
  { length }: View,
  { outer, pitch, stride = length, step }: ViewTile,
  { base }: Group,
  s: number,
  rows: number,
  capacity: number,
): Group {
  const tiles: ViewTile[] = [], first = outer + s * (step === undefined ? rows : step / length);
  for (let row = 0, line = first; row < rows; row++, line += (pitch || stride) / length) {
    tiles.push(...rowTiles(line, line + 1, length, capacity, 1));
  }
  return { tiles, base: base + s, statistics: 1 };
}

/** The group of a tile of columns, which is brought to where the engine has its tiles. */
export function groupOfAll({ stride: _, ...tile }: ViewTile, group: Group): Group {
  return { ...group, tiles: [tile] };
}

/** Rows that are apart are worked on at once if they are so long, or so few to a statistic: shorter ones waste what is fetched ahead. */
const LONG = 512, FEW = 128;

/** Those that are copied, if so many elements are neighbours: a copy from far away takes some time to begin with. */
const LONG_COPIES = 1024;

/** The elements of statistics whose rows are apart that are in one tile, if there are several: enough that its own cost is small. */
const APART = 262144;

/**
 * Groups of neighbouring statistics of one parameter each, the rows of which are apart: channels in all samples. They `stay` where they stand,
 * or are copied to tiles of a capacity. Undefined where a view has no such rows.
 */
export function rowsApart(
  { layout, along, outer, length, count }: View,
  { maxLines, columnCapacity }: Pick<Limits, "maxLines" | "columnCapacity">,
  stay: boolean,
): Groups | undefined {
  const [samples, channels] = outer;
  if (layout !== "rows" || along || outer.length !== 2 || samples.size > maxLines) return undefined;
  if (samples.statisticStride !== 0 || samples.parameterStride !== 0 || channels.statisticStride !== 1) {
    return undefined;
  }
  if (count === 0 || (stay && length < LONG && samples.size > FEW)) return undefined;
  const room = stay ? APART : columnCapacity,
    fit = Math.min(Math.floor(maxLines / samples.size), Math.floor(room / count));
  if (!stay && Math.min(fit, channels.size) * length < LONG_COPIES) return undefined;
  const most = Math.max(fit, 1), pitch = channels.size * length;
  return new Groups(Math.ceil(channels.size / most), (index) => {
    const base = index * most, statistics = Math.min(most, channels.size - base), lines = statistics * samples.size;
    const distances = stay ? { pitch: 0, stride: pitch } : { pitch, stride: statistics * length };
    const tile = { at: base * length, lines, length, ...distances, step: length, from: 0, outer: base, column: 0 };
    return { tiles: [tile], base, statistics };
  });
}

/** Rows of neighbouring statistics, from all over a group that is larger than a tile; undefined where there are no such rows. */
function stripsOfRows(
  { outer, length }: View,
  { groups, panels, statistics }: Cut,
  { capacity, maxLines }: RowLimits,
): Groups | undefined {
  const inner = outer.at(-1), strip = Math.ceil(Math.min(STRIP, capacity) / length);
  const fits = panels === 1 || panels * length <= capacity;
  if (fits || inner === undefined || inner.statisticStride === 0 || inner.size <= strip) return undefined;
  const { size } = inner, strips = Math.ceil(size / strip);
  return new Groups(groups * strips, (index) => {
    const g = Math.floor(index / strips), row = index % strips * strip, rows = Math.min(strip, size - row);
    const tiles: ViewTile[] = [];
    for (let first = g * panels + row; first < (g + 1) * panels; first += size) {
      tiles.push(...rowTiles(first, first + rows, length, capacity, maxLines));
    }
    return { tiles, base: g * statistics + row, statistics: statistics - size + rows };
  });
}

/** A tile at a time of rows as they follow in memory, whatever their statistics: where those are given, nothing is to be read twice. */
function rowsInTurn(
  { length }: View,
  { groups, panels, statistics }: Cut,
  { capacity, maxLines }: RowLimits,
): Groups {
  const rows = Math.min(Math.max(Math.floor(capacity / length), 1), maxLines), parts = Math.ceil(panels / rows);
  return new Groups(groups * parts, (index) => {
    const g = Math.floor(index / parts), first = g * panels + index % parts * rows;
    const tiles = rowTiles(first, Math.min(first + rows, (g + 1) * panels), length, capacity, maxLines);
    return { tiles, base: g * statistics, statistics };
  });
}

/** Groups of rows one after the other; small ones share a tile. */
function wholeRows(
  { length }: View,
  { groups, panels, statistics }: Cut,
  { capacity, maxLines }: RowLimits,
): Groups {
  const fit = Math.min(Math.floor(capacity / (panels * length)), Math.floor(maxLines / panels));
  const together = Math.max(fit, 1);
  return new Groups(Math.ceil(groups / together), (index) => {
    const g = index * together, last = Math.min(g + together, groups);
    const tiles = rowTiles(g * panels, last * panels, length, capacity, maxLines);
    return { tiles, base: g * statistics, statistics: (last - g) * statistics };
  });
}

/** Neighbouring columns, as many as tiles of whole columns hold, or of very long ones a good number. */
function stripsOfColumns(
  view: View,
  { groups, panels, statistics }: Cut,
  { columnCapacity, maxLines, maxParameters }: Limits,
  room: number,
  stay: boolean,
): Groups {
  const { length, width, members } = view, fit = Math.floor(columnCapacity / length / 16) * 16;
  const worthwhile = fit >= Math.min(width, stay ? NARROW : NARROW_COPIES);
  const columns = columnsOf(view, Math.min(worthwhile ? fit : WIDE, columnCapacity, maxLines));
  const strips = Math.ceil(width / columns);
  return new Groups(groups * strips, (index) => {
    const g = Math.floor(index / strips), column = index % strips * columns, lines = Math.min(columns, width - column);
    const rows = elementsOf(view, lines, lines === width ? room : columnCapacity, maxParameters);
    const tiles = columnTiles(view, g * panels, (g + 1) * panels, column, lines, rows);
    if (stay && tiles.length === 1) tiles[0].stride = width;
    // Between the strip's first and last statistic lie those of other strips where panels have statistics of their own.
    const others = (width - lines) / members;
    return { tiles, base: g * statistics + column / members, statistics: statistics - others };
  });
}

/** A tile at a time of columns as they follow in memory: where statistics are given, nothing is to be read twice. */
function columnsInTurn(
  view: View,
  { panels, groups, statistics }: Cut,
  { columnCapacity, maxLines, maxParameters }: Limits,
  room: number,
): Groups {
  const { length, width } = view, columns = columnsOf(view, Math.min(columnCapacity, maxLines));
  const rows = elementsOf(view, columns, columns === width ? room : columnCapacity, maxParameters);
  const strips = Math.ceil(width / columns), parts = Math.ceil(length / rows);
  return new Groups(groups * panels * parts * strips, (index) => {
    const column = index % strips * columns, at = Math.floor(index / strips), panel = Math.floor(at / parts);
    const from = at % parts * rows, lines = Math.min(columns, width - column);
    const tile = columnTile(view, panel, column, lines, from, Math.min(rows, length - from));
    return { tiles: [tile], base: Math.floor(panel / panels) * statistics, statistics };
  });
}

/** So many columns at most of whole statistics. */
function columnsOf({ width, members }: View, most: number): number {
  return Math.max(Math.floor(Math.min(width, most) / members), 1) * members;
}

/** So many elements at most of each of so many lines across memory: what a tile holds, and a window of the parameters along them. */
function elementsOf({ length, along }: View, lines: number, capacity: number, maxParameters: number): number {
  return Math.min(length, Math.max(Math.floor(capacity / lines), 1), along ? maxParameters : Infinity);
}

/** Tiles of whole lines, or of parts of one line where it is longer than a tile. */
function rowTiles(first: number, last: number, length: number, capacity: number, maxLines: number): ViewTile[] {
  const tiles: ViewTile[] = [];
  const lines = Math.min(Math.max(Math.floor(capacity / length), 1), maxLines), part = Math.min(length, capacity);
  for (let line = first; line < last; line += lines) {
    const count = Math.min(lines, last - line);
    for (let from = 0; from < length; from += part) {
      const at = line * length + from;
      tiles.push({ at, lines: count, length: Math.min(part, length - from), pitch: 0, from, outer: line, column: 0 });
    }
  }
  return tiles;
}

/** Tiles of at most `rows` elements of the `lines` lines from `column` on, in each of some panels. */
function columnTiles(
  view: View,
  first: number,
  last: number,
  column: number,
  lines: number,
  rows: number,
): ViewTile[] {
  const tiles: ViewTile[] = [], { length } = view;
  for (let panel = first; panel < last; panel++) {
    for (let from = 0; from < length; from += rows) {
      tiles.push(columnTile(view, panel, column, lines, from, Math.min(rows, length - from)));
    }
  }
  return tiles;
}

/** So many elements, from one on, of so many neighbouring lines of a panel. */
function columnTile(
  view: View,
  panel: number,
  column: number,
  lines: number,
  from: number,
  length: number,
): ViewTile {
  const { width } = view, at = (panel * view.length + from) * width + column;
  return { at, lines, length, pitch: width, from, outer: panel, column };
}

/** Where `locate` is along each outer axis. */
const index: number[] = [];

/** An axis of one line. */
const one: Axis = { size: 1, statisticStride: 0, parameterStride: 0 };

/**
 * Writes, for each line of a tile, which statistic it has, counted from `base`, and which parameter: its own, or where
 * parameters vary along the line, that of its first element in the view.
 */
export function locate(view: View, tile: ViewTile, base: number, statistic: Uint32Array, parameter: Uint32Array): void {
  const { outer, layout, members } = view;
  let s = -base, p = 0;
  for (let d = outer.length - 1, rest = tile.outer; d >= 0; d--) {
    index[d] = rest % outer[d].size;
    rest = Math.floor(rest / outer[d].size);
    s += index[d] * outer[d].statisticStride;
    p += index[d] * outer[d].parameterStride;
  }
  if (layout === "columns") {
    for (let l = 0; l < tile.lines; l++) {
      statistic[l] = s + Math.floor((tile.column + l) / members);
      parameter[l] = p + (tile.column + l) * view.parameterStride;
    }
    return;
  }
  if (tile.step !== undefined) {
    const [{ size }, { parameterStride }] = outer;
    for (let l = 0; l < tile.lines; l += size, s++, p += parameterStride) {
      statistic.fill(s, l, l + size);
      parameter.fill(p, l, l + size);
    }
    return;
  }
  const last = outer.length - 1, { size, statisticStride, parameterStride } = last < 0 ? one : outer[last];
  for (let l = 0; l < tile.lines;) {
    const end = last < 0 ? tile.lines : Math.min(l + size - index[last], tile.lines);
    for (; l < end; l++, s += statisticStride, p += parameterStride) {
      statistic[l] = s;
      parameter[l] = p;
    }
    // On to the next along the axes further out.
    for (let d = last; d >= 0; d--) {
      index[d] = d === last ? size : index[d] + 1;
      if (d < last) {
        s += outer[d].statisticStride;
        p += outer[d].parameterStride;
      }
      if (index[d] < outer[d].size) break;
      index[d] = 0;
      s -= outer[d].size * outer[d].statisticStride;
      p -= outer[d].size * outer[d].parameterStride;
    }
  }
}
