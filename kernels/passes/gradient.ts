import type { Activation } from "../activation.ts";
import { type Engine, Slot } from "../engines/engine.ts";
import { engineFor } from "../engines/engines.ts";
import { shareMemory } from "../engines/simd/memory.ts";
import type { Data, Tile } from "../engines/tile.ts";
import { GradientSums } from "./gradient_sums.ts";
import { affineTable, measureGroup, Reader } from "./normalize.ts";
import { Parameters } from "./parameters.ts";
import { distribute, type Shares } from "../threads/pool.ts";
import { derivativeOf, floorOf, type Measure } from "../engines/measure.ts";
import { type Given, Statistics } from "./statistics.ts";
import { type Group, groupOfOne, groupsOf, rowsOfEach, type ViewTile } from "./tiles.ts";
import type { View } from "./view.ts";

/** What a backward pass reads, and the tensor that it writes. */
export interface Differentiation {
  view: View;
  measure: Measure;
  /** What was normalized. */
  x: Data;
  /** The gradient with respect to the result. */
  dy: Data;
  scale?: Data;
  bias?: Data;
  activation?: Activation;
  given?: Given;
  /** Whether the given statistics do not depend on x. */
  frozen?: boolean;
  /** A gradient to add to dx. */
  dSum?: Data;
  dx: Data;
}

/** The gradients of scale and bias that are wanted. */
interface AffineGradients {
  dScale?: Data;
  dBias?: Data;
}

/** The parts of them that shares come to, one after the other; both, if one of them is wanted. */
type AffineParts = { dScale: Float64Array; dBias: Float64Array };

const statistics = new Statistics(), sums = new GradientSums();

/** Runs a backward pass. The gradients of scale and bias are written to the arrays that are given for them. */
export function differentiate(pass: Differentiation, { dScale, dBias }: AffineGradients): void {
  const { view, x, dy, dx, dSum } = pass;
  const parts = () => new Float64Array(sharesOf(view) * view.parameters);
  const out: AffineParts | Record<string, never> = dScale || dBias ? { dScale: parts(), dBias: parts() } : {};
  distribute("differentiate", differentiateGroups, pass, out, [x, dy, dx, dSum]);
  addUp(out.dScale, dScale);
  addUp(out.dBias, dBias);
}

/**
 * Into how many shares a pass is cut that adds up gradients of parameters: so few that adding up their parts costs little beside the
 * pass, and that these parts are at most 4 MiB. It does not depend on who works on them, so the sums do not either.
 */
function sharesOf({ statistics, count, parameters }: View): number {
  return Math.floor(Math.min(32, statistics * count / parameters / 16, 2 ** 18 / parameters)) || 1;
}

/** Adds up the parts of all shares, in their order, and rounds once. */
function addUp(parts: Float64Array | undefined, to: Data | undefined): void {
  if (!parts || !to) return;
  const sum = new Float64Array(to.length);
  for (let first = 0; first < parts.length; first += sum.length) {
    for (let i = 0; i < sum.length; i++) sum[i] += parts[first + i];
  }
  to.set(sum);
}

/** What the functions below share while a pass is under way. */
interface Work {
  pass: Differentiation;
  engine: Engine;
  parameters: Parameters;
  /** Brings a tile of x and of h, before scale, into the engine, unless it is there. */
  read(tile: ViewTile): void;
}

/**
 * The gradients of y = z r(v) * scale + bias, where z is x less its mean (or x), v its variance (or mean square) and r one over
 * what is divided by. With h = dy * scale, n elements to a statistic and the sums over them,
 *
 *     dScale = sum(dy z r),  dBias = sum(dy),
 *     dx = h r - mean(h) r [where the mean is subtracted] + (2/n) r'(v) sum(h z) (x - mean),
 *
 * which for layer norm is the familiar r (h - mean(h) - y mean(h y)). As the forward pass: sums -> table -> apply.
 */
export function differentiateGroups(
  pass: Differentiation,
  out: AffineParts | Record<string, never>,
  shares: Shares,
): void {
  const { view, x, dy, scale, bias, frozen = false, activation, dSum, dx } = pass;
  const engine = engineFor([x, dy, dx, dSum]);
  const parameters = new Parameters(view, engine, scale, bias);
  const wanted = "dScale" in out;
  const possible = !frozen && activation === undefined && parameters.fits && engine.differentiate;
  const rows = possible ? rowsOfEach(view) : undefined;
  const whole = rows !== undefined && engine.holds?.(x, dy, dx, dSum) ? view.count : 0;
  const groups = groupsOf(view, Math.max(engine.capacity, whole), parameters.maxLines);
  const count = wanted ? sharesOf(view) : groups.count;
  for (const share of shares(count)) {
    const affine = wanted ? AffineGradient.ofShare(view, engine, out as AffineParts, share) : undefined;
    const [first, end] = [share, share + 1].map((part) => Math.floor(part * groups.count / count));
    for (const group of groups.between(first, end)) {
      if (rows !== undefined && group.tiles.length === 1) {
        differentiateAtOnce(pass, engine, parameters, group, rows, affine);
      } else differentiateInSteps(pass, engine, parameters, group, affine);
    }
    affine?.finish();
  }
}

/** Differentiates a tile of statistics, each of so many rows, at once; in steps what is left of those that are too much for that. */
function differentiateAtOnce(
  pass: Differentiation,
  engine: Engine,
  parameters: Parameters,
  group: Group,
  rows: number,
  affine: AffineGradient | undefined,
): void {
  const { view, measure, x, dy, given, dSum, dx } = pass, [tile] = group.tiles, { lines } = engine;
  if (given) {
    statistics.reset(group.statistics);
    statistics.take(given, group.base, measure);
    lines.mean.set(statistics.mean.subarray(0, group.statistics));
    lines.inverse.set(statistics.inverse.subarray(0, group.statistics));
  }
  new Reader(view, engine, group).read(tile, x);
  engine.load(Slot.DY, dy, tile);
  if (dSum) engine.load(Slot.Z, dSum, tile);
  parameters.move(tile);
  for (let l = 0; l < tile.lines; l++) {
    lines.slope[l] = parameters.scale(lines.parameter[l]);
    lines.level[l] = view.along && measure.subtractMean ? parameters.level(l, tile) : 0;
  }
  // What is not written is stored as it was: in the tile of the array that dx replaces.
  engine.place(dx, tile, isSame(dx, dy) ? Slot.DY : Slot.X);
  const ofParameters = affine !== undefined && view.along;
  const wants = { given: given !== undefined, ofParameters, sum: dSum !== undefined };
  const unfinished = engine.differentiate!(view, tile, rows, measure, floorOf(measure), wants);
  engine.store(dx, tile);
  affine?.addAtOnce(group.statistics, rows);
  if (unfinished === 0) return;
  affine?.finish();
  const wanting = [undefined, undefined, affine?.ofScale(), affine];
  lines.left.slice(0, group.statistics).forEach((state, s) => {
    if (state === 0) return;
    const one = groupOfOne(view, group.base + s, rows, engine.capacity, parameters.maxLines);
    differentiateInSteps(pass, engine, parameters, one, wanting[state]);
    wanting[state]?.finish();
  });
}

function isSame(a: Data, b: Data): boolean {
  return a.byteOffset === b.byteOffset && shareMemory(a, b);
}

function differentiateInSteps(
  pass: Differentiation,
  engine: Engine,
  parameters: Parameters,
  group: Group,
  affine: AffineGradient | undefined,
): void {
  const { view, measure, x, frozen = false } = pass, reader = new Reader(view, engine, group);
  measureGroup(statistics, pass, engine, group, (tile) => reader.read(tile, x));
  sums.reset(group.statistics, measure.subtractMean && !frozen);
  const work = { pass, engine, parameters, read: gradientReader(pass, engine, parameters, reader) };
  if (affine || !frozen) sumGradients(work, group, affine);
  applyGradients(work, group);
}

function gradientReader(
  { view, measure, x, dy, activation }: Differentiation,
  engine: Engine,
  parameters: Parameters,
  reader: Reader,
): Work["read"] {
  let current: ViewTile | undefined;
  return (tile) => {
    if (tile === current) return;
    reader.read(tile, x);
    engine.load(Slot.DY, dy, tile);
    parameters.move(tile);
    if (activation) throughActivation(view, engine, tile, measure, parameters, activation);
    current = tile;
  };
}

/** The sums over a group: of its statistics, and of parameters where they are wanted. Backwards: what was measured last is still in the cache. */
function sumGradients(
  { pass, engine, parameters, read }: Work,
  group: Group,
  affine: AffineGradient | undefined,
): void {
  const { view, measure } = pass, floor = floorOf(measure);
  for (const tile of group.tiles.toReversed()) {
    read(tile);
    normalizedTable(engine, tile, measure);
    sums.shift(view, engine, tile, parameters);
    engine.sums(view, tile, affine !== undefined && view.along, floor);
    affine?.add(tile, statistics, parameters);
    sums.add(engine, tile, parameters);
  }
}

/** Writes dx for a group whose sums are known. */
function applyGradients({ pass, engine, parameters, read }: Work, group: Group): void {
  const { view, measure, frozen, dSum, dx } = pass;
  for (const tile of group.tiles) {
    read(tile);
    if (frozen) frozenGradient(view, engine, tile, parameters, dx);
    else {
      sums.shift(view, engine, tile, parameters);
      gradientTable(view, engine, tile, measure, parameters);
      engine.place(dx, tile);
      engine.gradient(view, tile);
    }
    if (dSum) {
      engine.load(Slot.Z, dSum, tile);
      engine.add(tile, Slot.OUT);
    }
    engine.store(dx, tile);
  }
}

/** A share's part of the gradients of scale and bias, while it adds up in float64. */
class AffineGradient {
  readonly #view: View;
  readonly #engine: Engine;
  readonly #dScale: Float64Array;
  readonly #dBias: Float64Array | undefined;

  constructor(view: View, engine: Engine, dScale: Float64Array, dBias: Float64Array | undefined) {
    this.#view = view;
    this.#engine = engine;
    this.#dScale = dScale;
    this.#dBias = dBias;
  }

  /** The part of a share in those of all. */
  static ofShare(view: View, engine: Engine, parts: AffineParts, share: number): AffineGradient {
    const first = share * view.parameters, end = first + view.parameters;
    return new AffineGradient(view, engine, parts.dScale.subarray(first, end), parts.dBias.subarray(first, end));
  }

  /** The same without that of bias, which is added up already. */
  ofScale(): AffineGradient {
    return new AffineGradient(this.#view, this.#engine, this.#dScale, undefined);
  }

  /** Adds a tile's sums, from those of each line; where parameters vary along lines, the engine has them. */
  add(tile: Tile, { inverse }: Statistics, parameters: Parameters): void {
    if (this.#view.along) {
      if (!parameters.fits) this.finish();
      return;
    }
    const { sum, product, deviations, shift, statistic, parameter } = this.#engine.lines;
    for (let l = 0; l < tile.lines; l++) {
      if (this.#dBias) this.#dBias[parameter[l]] += sum[l] + shift[l] * tile.length;
      this.#dScale[parameter[l]] += (product[l] + shift[l] * deviations[l]) * inverse[statistic[l]];
    }
  }

  /** Adds the sums of lines, so many to a statistic, that were differentiated at once. Those that overflowed are left, too. */
  addAtOnce(statistics: number, rows: number): void {
    if (this.#view.along) return;
    const { sum, product, inverse, left, parameter } = this.#engine.lines;
    for (let s = 0; s < statistics; s++) {
      const first = s * rows, end = first + rows;
      if (left[s] === 2 && !sum.subarray(first, end).every(Number.isFinite)) left[s] = 3;
      if (left[s] === 3) continue;
      for (let l = first; l < end; l++) {
        this.#dBias![parameter[l]] += sum[l];
        if (left[s] === 0) this.#dScale[parameter[l]] += product[l] * inverse[s];
      }
    }
  }

  /** Adds what the engine still has. */
  finish(): void {
    if (this.#view.along) this.#engine.window.take(this.#dScale, this.#dBias);
  }
}

/** DY = dy f'(z), where z is what the activation was given: the normalized and scaled x, computed again. */
function throughActivation(
  view: View,
  engine: Engine,
  tile: Tile,
  measure: Measure,
  parameters: Parameters,
  activation: Activation,
): void {
  affineTable(engine, tile, statistics, measure, parameters);
  engine.apply(view, tile, Slot.Z);
  engine.activationGradient(tile, activation);
  engine.alias(Slot.DY, Slot.Z);
}

/** The table of z r = (x - center) * slope: x normalized, before the affine map. */
function normalizedTable(engine: Engine, tile: Tile, measure: Measure): void {
  const { center, slope, offset, statistic } = engine.lines;
  for (let l = 0; l < tile.lines; l++) {
    center[l] = measure.subtractMean ? statistics.mean[statistic[l]] : 0;
    slope[l] = statistics.inverse[statistic[l]];
    offset[l] = 0;
  }
}

/** The table of dx = h' * gain + (x - center) * slope + offset, where h' is h less the shift times the level of scale. */
function gradientTable(view: View, engine: Engine, tile: Tile, measure: Measure, parameters: Parameters): void {
  const { center, slope, offset, gain, shift, level, statistic, parameter } = engine.lines;
  const { mean, variance, inverse } = statistics, n = view.count;
  for (let l = 0; l < tile.lines; l++) {
    const s = statistic[l], constant = shift[l] === 0 ? 0 : shift[l] * level[l];
    center[l] = measure.aboutZero ? 0 : mean[s];
    slope[l] = 2 / n * derivativeOf(measure, inverse[s], variance?.[s]) * sums.product(s, n);
    offset[l] = measure.subtractMean ? inverse[s] * (constant - sums.mean(s, n)) : 0;
    gain[l] = inverse[s] * parameters.scale(parameter[l]);
  }
}

/** Where statistics do not depend on x, dx = h r. */
function frozenGradient(view: View, engine: Engine, tile: Tile, parameters: Parameters, dx: Data): void {
  const { center, slope, offset, statistic, parameter } = engine.lines;
  for (let l = 0; l < tile.lines; l++) {
    center[l] = offset[l] = 0;
    slope[l] = statistics.inverse[statistic[l]] * parameters.scale(parameter[l]);
  }
  engine.alias(Slot.X, Slot.DY);
  engine.place(dx, tile);
  engine.apply(view, tile, Slot.OUT);
}
