import type { Activation } from "../activation.ts";
import { type Engine, type Lines, Slot } from "../engines/engine.ts";
import { engineFor } from "../engines/engines.ts";
import { floorOf, type Measure } from "../engines/measure.ts";
import type { Data, Tile } from "../engines/tile.ts";
import { Parameters } from "./parameters.ts";
import { distributed, type Planned } from "../threads/pool.ts";
import { type Given, Statistics, type StatisticsOutputs } from "./statistics.ts";
import {
  type Group,
  groupOfAll,
  groupOfOne,
  type Groups,
  groupsOf,
  linesOfEach,
  locate,
  rowsApart,
  type ViewTile,
} from "./tiles.ts";
import type { View } from "./view.ts";

/** What a forward pass reads, and the tensors that it writes. */
export interface Normalization {
  view: View;
  measure: Measure;
  x: Data;
  /** Added to x first; `sum` then receives what is normalized. */
  residual?: Data;
  sum?: Data;
  scale?: Data;
  bias?: Data;
  activation?: Activation;
  /** Statistics to use instead of those of x. */
  given?: Given;
  y: Data;
}

const statistics = new Statistics();

/** A function that runs a forward pass. Statistics are written to the arrays that are given for them. */
export function normalization(pass: Normalization, out: StatisticsOutputs): () => void {
  const { x, y, residual, sum } = pass;
  return distributed("normalize", planNormalization, pass, { ...out }, [x, y, residual, sum]);
}

/** What the functions below share while a pass is under way. */
interface Work {
  pass: Normalization;
  out: StatisticsOutputs;
  engine: Engine;
  parameters: Parameters;
  reader: Reader;
}

/**
 * moments -> table -> apply, group by group, each of which is a share: in one go where the engine can and a statistic's lines are
 * neighbours, in three steps otherwise.
 */
export function planNormalization(pass: Normalization, out: StatisticsOutputs): Planned {
  const { view, x, residual, sum, scale, bias, given, y } = pass;
  const engine = engineFor([x, y, residual, sum]), parameters = new Parameters(view, engine, scale, bias);
  const work = { pass, out, engine, parameters, reader: new Reader(view, engine) };
  const { groups, each } = groupsAtOnce(view, engine, parameters, {
    atOnce: given === undefined && parameters.fits && engine.normalize !== undefined,
    inPlace: engine.holds?.(x, y, residual, sum) ?? false,
    adds: residual !== undefined,
    given: given !== undefined,
  });
  const visit = (share: number) => {
    const group = groups.at(share);
    if (each !== undefined && group.tiles.length === 1) normalizeAtOnce(work, group, each);
    else normalizeInSteps(work, group);
  };
  return (shares) => {
    parameters.refresh();
    shares(groups.count, visit);
  };
}

/** How a pass goes about its tiles. */
interface Manner {
  /** At once, if the lines of a statistic lie so that it can. */
  atOnce: boolean;
  /** Where its arrays are: tiles of rows may be larger than the engine's own then. */
  inPlace: boolean;
  /** A residual is added first, for which a tile must be one run of the arrays. */
  adds?: boolean;
  /** With statistics that are given, and so in the order of memory. */
  given?: boolean;
  /** Adding up gradients of parameters that vary along lines, which costs as much for each tile. */
  ofParameters?: boolean;
}

/** The groups of a pass, and how many lines each statistic of a tile has if tiles can be worked on at once: undefined where they cannot. */
export function groupsAtOnce(
  view: View,
  engine: Engine,
  { maxLines }: Parameters,
  { atOnce, inPlace, adds = false, given = false, ofParameters = false }: Manner,
): { groups: Groups; each: number | undefined } {
  const { capacity, columnCapacity, maxParameters } = engine, stay = inPlace && !adds;
  const apart = atOnce ? rowsApart(view, { maxLines, columnCapacity }, stay) : undefined;
  if (apart) return { groups: apart, each: view.outer[0].size };
  const each = atOnce ? linesOfEach(view) : undefined, isRows = view.layout === "rows";
  const worthwhile = given || !isRows || each !== undefined;
  const least = given || !isRows ? 0 : ofParameters ? AMPLE_STATISTICS : 2;
  const circumstances = {
    given,
    inPlace: inPlace && worthwhile ? roomInPlace(view, least) : undefined,
    stay: each !== undefined && stay,
  };
  return { groups: groupsOf(view, { capacity, columnCapacity, maxLines, maxParameters }, circumstances), each };
}

/** Some shares for each of a few threads. */
const SHARES = 16;

/** What tiles are worth their own cost, in elements, and in statistics, whose gradients of parameters are added up tile by tile. */
const AMPLE = 1048576, AMPLE_STATISTICS = 16;

/** The elements of a tile, of so many statistics at least, that is worked on where it lies: the caches need not hold it as a whole. */
function roomInPlace({ count, statistics }: View, least: number): number {
  return Math.max(Math.min(AMPLE, Math.ceil(statistics * count / SHARES)), Math.min(least, statistics) * count);
}

/** Normalizes a tile of statistics, each of so many lines, at once; in three steps those that are too much for that. */
function normalizeAtOnce(work: Work, group: Group, each: number): void {
  const { pass, out, engine, parameters, reader } = work, { view, measure, x, residual, sum, activation, y } = pass;
  const tile = group.tiles[0], { lines } = engine;
  reader.turnTo(group);
  reader.read(tile, x);
  if (residual) addResidual(engine, tile, residual, sum!);
  parameters.move(tile);
  if (!view.along) {
    for (let l = 0; l < tile.lines; l++) {
      lines.slope[l] = parameters.scale(lines.parameter[l]);
      lines.offset[l] = parameters.bias(lines.parameter[l]);
    }
  }
  engine.place(y, tile);
  const left = engine.normalize!(view, tile, each, measure, floorOf(measure), activation);
  if (left === 0 || view.layout === "rows") {
    engine.store(y, tile);
    copyStatistics(lines, group, view.count, out);
    if (left === 0) return;
  }
  // What is normalized is the sum by now, which may stand where x was.
  const rest = { ...work, pass: { ...pass, x: sum ?? x, residual: undefined } };
  if (view.layout === "columns") return normalizeInSteps(rest, groupOfAll(tile, group));
  const states = lines.left.slice(0, group.statistics);
  for (let s = 0; s < group.statistics; s++) {
    if (states[s] === 0) continue;
    normalizeInSteps(rest, groupOfOne(view, tile, group, s, each, engine.capacity));
  }
}

/** Writes the statistics that were found at once to their places in the given arrays. */
function copyStatistics({ mean, m2, inverse }: Lines, { base, statistics }: Group, n: number, out: StatisticsOutputs) {
  for (let s = 0; s < statistics; s++) {
    if (out.mean) out.mean[base + s] = mean[s];
    if (out.variance) out.variance[base + s] = m2[s] / n;
    if (out.invStdDev) out.invStdDev[base + s] = inverse[s];
  }
}

/**
 * A group of one tile is read once; of more tiles, once for moments and once to apply, backwards, so that what was read last and is
 * still in the cache comes first.
 */
function normalizeInSteps({ pass, out, engine, parameters, reader }: Work, group: Group): void {
  const { view, measure, x, sum, activation, y } = pass, { tiles } = group;
  measureGroup(statistics, pass, engine, group, reader);
  statistics.copyTo(out, group.base);
  for (let t = tiles.length - 1; t >= 0; t--) {
    const tile = tiles[t];
    reader.read(tile, sum ?? x);
    parameters.move(tile);
    affineTable(engine, tile, statistics, measure, parameters);
    engine.place(y, tile);
    engine.apply(view, tile, Slot.OUT);
    if (activation) engine.activate(tile, activation);
    engine.store(y, tile);
  }
}

/** The statistics of a group: those given, or from the moments of its tiles, to which a residual is added first. */
export function measureGroup(
  statistics: Statistics,
  { view, measure, given, x, residual, sum }: {
    view: View;
    measure: Measure;
    given?: Given;
    x: Data;
    residual?: Data;
    sum?: Data;
  },
  engine: Engine,
  group: Group,
  reader: Reader,
): void {
  reader.turnTo(group);
  statistics.reset(group.statistics);
  if (given) return statistics.take(given, group.base, measure);
  const floor = floorOf(measure);
  for (const tile of group.tiles) {
    reader.read(tile, x);
    if (residual) addResidual(engine, tile, residual, sum!);
    engine.moments(view, tile, measure.aboutZero, floor);
    statistics.merge(engine.lines, tile);
  }
  statistics.finish(measure);
}

/** Brings the tiles of a group into an engine, and knows which one is there. */
export class Reader {
  readonly #view: View;
  readonly #engine: Engine;
  #base = 0;
  #current: ViewTile | undefined;

  /** A reader for an engine. */
  constructor(view: View, engine: Engine) {
    this.#view = view;
    this.#engine = engine;
  }

  /** Begins with a group, of which nothing is there yet. */
  turnTo(group: Group): void {
    this.#base = group.base;
    this.#current = undefined;
  }

  /** Loads X, unless it is there, and looks up which statistic and which parameter its lines have. */
  read(tile: ViewTile, x: Data): void {
    if (tile === this.#current) return;
    const { statistic, parameter } = this.#engine.lines;
    locate(this.#view, tile, this.#base, statistic, parameter);
    this.#engine.load(Slot.X, x, tile);
    this.#current = tile;
  }
}

/** Adds the residual, and reads the sum as it was stored: what is normalized is what goes on along the residual connection. */
function addResidual(engine: Engine, tile: Tile, residual: Data, sum: Data): void {
  engine.load(Slot.Z, residual, tile);
  engine.place(sum, tile);
  engine.add(tile, Slot.X);
  engine.store(sum, tile);
  engine.load(Slot.X, sum, tile);
}

/** The table of y = (x - center) * slope + offset for each line, with the affine map in it where a line has one scale and bias. */
export function affineTable(
  engine: Engine,
  tile: Tile,
  { mean, inverse }: Statistics,
  measure: Measure,
  affine: Parameters,
): void {
  const { center, slope, offset, statistic, parameter } = engine.lines;
  for (let l = 0; l < tile.lines; l++) {
    const s = statistic[l];
    center[l] = measure.subtractMean ? mean[s] : 0;
    slope[l] = inverse[s] * affine.scale(parameter[l]);
    offset[l] = affine.bias(parameter[l]);
  }
}
