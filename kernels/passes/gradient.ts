import type { Activation } from "../activation.ts";
import { addUp, AffineGradient, type AffineParts, sharesOf } from "./affine_gradient.ts";
import { type Engine, type Gradients, Left, Slot } from "../engines/engine.ts";
import { engineFor } from "../engines/engines.ts";
import { gradientsOf } from "../engines/gradients.ts";
import { shareMemory } from "../engines/simd/memory.ts";
import type { Data } from "../engines/tile.ts";
import { findDeviations, GradientSums } from "./gradient_sums.ts";
import { frozenGradient, gradientTable, normalizedTable, throughActivation } from "./gradient_tables.ts";
import { groupsAtOnce, measureGroup, Reader } from "./normalize.ts";
import { Parameters } from "./parameters.ts";
import { distributed, type Planned } from "../threads/pool.ts";
import { floorOf, type Measure } from "../engines/measure.ts";
import { type Given, Statistics } from "./statistics.ts";
import { type Group, groupOfAll, groupOfOne, type ViewTile } from "./tiles.ts";
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

// Without these marks a bundle with forward passes alone would keep them.
const statistics = /* @__PURE__ */ new Statistics(), sums = /* @__PURE__ */ new GradientSums();

/** A function that runs a backward pass. The gradients of scale and bias are written to the arrays that are given for them. */
export function differentiation(pass: Differentiation, { dScale, dBias }: AffineGradients): () => void {
  const { view, x, dy, dx, dSum } = pass, tensors = [x, dy, dx, dSum];
  if (dScale === undefined && dBias === undefined) {
    return distributed("differentiate", planDifferentiation, pass, {}, tensors);
  }
  const parts = () => new Float64Array(sharesOf(view) * view.parameters), sum = new Float64Array(view.parameters);
  const out = { dScale: parts(), dBias: parts() };
  const run = distributed("differentiate", planDifferentiation, pass, out, tensors);
  return () => {
    run();
    if (dScale) addUp(out.dScale, sum, dScale);
    if (dBias) addUp(out.dBias, sum, dBias);
  };
}

/** What the functions below share while a pass is under way. */
interface Work {
  pass: Differentiation;
  engine: Engine;
  gradients: Gradients;
  parameters: Parameters;
  reader: Reader;
  /** What an engine that differentiates at once is to do. */
  wants: { given: boolean; ofParameters: boolean; sum: boolean };
  /** The tile of x and of h, before scale, that is in the engine. */
  current: ViewTile | undefined;
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
export function planDifferentiation(pass: Differentiation, out: AffineParts | Record<string, never>): Planned {
  const { view, x, dy, scale, bias, frozen = false, activation, dSum, dx } = pass;
  const engine = engineFor([x, dy, dx, dSum]), gradients = gradientsOf(engine);
  const parameters = new Parameters(view, engine, scale, bias);
  const parts: AffineParts | undefined = "dScale" in out ? out as AffineParts : undefined;
  const ofParameters = parts !== undefined && view.along;
  const wants = { given: pass.given !== undefined, ofParameters, sum: dSum !== undefined };
  const { groups, each } = groupsAtOnce(view, engine, parameters, {
    atOnce: !frozen && activation === undefined && parameters.fits && gradients.differentiate !== undefined,
    // What goes through an activation backwards is made in a tile of the engine.
    inPlace: activation === undefined && (engine.holds?.(x, dy, dx, dSum) ?? false),
    ofParameters,
  });
  const reader = new Reader(view, engine);
  const work: Work = { pass, engine, gradients, parameters, reader, wants, current: undefined };
  const count = parts ? sharesOf(view) : groups.count, affine: AffineGradient[] = [];
  const visit = (share: number) => {
    const ofShare = parts && (affine[share] ??= AffineGradient.ofShare(view, engine, parts, share));
    ofShare?.reset();
    const end = Math.floor((share + 1) * groups.count / count);
    for (let g = Math.floor(share * groups.count / count); g < end; g++) {
      const group = groups.at(g);
      if (each !== undefined && group.tiles.length === 1) differentiateAtOnce(work, group, each, ofShare);
      else differentiateInSteps(work, group, ofShare);
    }
    ofShare?.finish();
  };
  return (shares) => {
    parameters.refresh();
    shares(count, visit);
  };
}

/** Differentiates a tile of statistics, each of so many lines, at once; in steps what is left of those that are too much for that. */
function differentiateAtOnce(work: Work, group: Group, each: number, affine: AffineGradient | undefined): void {
  const { pass, engine, gradients, parameters, reader } = work, { view, measure, x, dy, given, dSum, dx } = pass;
  const tile = group.tiles[0], { lines } = engine;
  if (given) {
    statistics.reset(group.statistics);
    statistics.take(given, group.base, measure);
    lines.mean.set(statistics.mean.subarray(0, group.statistics));
    lines.inverse.set(statistics.inverse.subarray(0, group.statistics));
  }
  reader.turnTo(group);
  reader.read(tile, x);
  engine.load(Slot.DY, dy, tile);
  if (dSum) engine.load(Slot.Z, dSum, tile);
  parameters.move(tile);
  for (let l = 0; l < tile.lines; l++) {
    if (!view.along) lines.slope[l] = parameters.scale(lines.parameter[l]);
    else if (measure.subtractMean) lines.level[l] = parameters.level(l, tile);
  }
  // What is not written is stored as it was: in the tile of the array that dx replaces.
  engine.place(dx, tile, isSame(dx, dy) ? Slot.DY : Slot.X);
  const unfinished = gradients.differentiate!(view, tile, each, measure, floorOf(measure), work.wants);
  if (unfinished === 0 || view.layout === "rows") engine.store(dx, tile);
  affine?.addAtOnce(group.statistics, each);
  if (unfinished === 0) return;
  affine?.finish();
  const wanting = { [Left.DX]: undefined, [Left.DX_AND_SCALE]: affine?.ofScale(), [Left.ALL]: affine };
  const finish = (group: Group, state: Exclude<Left, 0>) => {
    differentiateInSteps(work, group, wanting[state]);
    wanting[state]?.finish();
  };
  if (view.layout === "columns") return finish(groupOfAll(tile, group), lines.left[0] as Exclude<Left, 0>);
  lines.left.slice(0, group.statistics).forEach((state, s) => {
    if (state !== Left.NOTHING) {
      finish(groupOfOne(view, tile, group, s, each, engine.capacity), state as Exclude<Left, 0>);
    }
  });
}

function isSame(a: Data, b: Data): boolean {
  return a.byteOffset === b.byteOffset && shareMemory(a, b);
}

function differentiateInSteps(work: Work, group: Group, affine: AffineGradient | undefined): void {
  const { pass, engine, reader } = work, { view, measure, given, frozen = false } = pass;
  measureGroup(statistics, pass, engine, group, reader);
  const shifted = measure.subtractMean && !frozen, byLine = hasSeveralConstants(view, group);
  sums.reset(group.statistics, shifted, byLine);
  work.current = undefined;
  const deviate = shifted && (byLine || (given !== undefined && !view.along));
  if (affine || !frozen) sumGradients(work, group, affine, deviate);
  applyGradients(work, group);
}

/** Brings a tile of x and of h, before scale, into the engine, unless it is there. */
function read(work: Work, tile: ViewTile): void {
  if (tile === work.current) return;
  const { pass: { view, measure, x, dy, activation }, engine, gradients, parameters, reader } = work;
  reader.read(tile, x);
  engine.load(Slot.DY, dy, tile);
  parameters.move(tile);
  if (activation) throughActivation(view, engine, gradients, tile, measure, parameters, statistics, activation);
  work.current = tile;
}

/** The sums over a group: of its statistics, those of z if they are to be found, and of parameters where they are wanted. Backwards: what was measured last is still in the cache. */
function sumGradients(work: Work, group: Group, affine: AffineGradient | undefined, deviate: boolean): void {
  const { pass, engine, gradients, parameters } = work, { view, measure } = pass, { tiles } = group;
  const floor = floorOf(measure), { lines } = engine;
  for (let t = tiles.length - 1; t >= 0; t--) {
    const tile = tiles[t];
    read(work, tile);
    normalizedTable(engine, tile, measure, statistics);
    sums.shift(view, engine, gradients, tile, parameters);
    gradients.sums(view, tile, affine !== undefined && view.along, floor);
    if (deviate) findDeviations(engine, view, tile, floor);
    else lines.deviations.fill(0, 0, tile.lines);
    affine?.add(tile, statistics, parameters);
    sums.add(engine, tile, parameters);
  }
}

/** Whether the lines of a statistic, or their parts, may have levels of scale that differ. */
function hasSeveralConstants(view: View, { tiles }: Group): boolean {
  const isPart = view.along && tiles.some(({ length }) => length < view.length);
  return isPart || view.members > 1 ||
    view.outer.some(({ statisticStride, parameterStride }) => statisticStride === 0 && parameterStride !== 0);
}

/** Writes dx for a group whose sums are known. */
function applyGradients(work: Work, group: Group): void {
  const { pass, engine, gradients, parameters } = work, { view, measure, frozen, dSum, dx } = pass;
  for (const tile of group.tiles) {
    read(work, tile);
    if (frozen) frozenGradient(view, engine, tile, parameters, statistics, dx);
    else {
      sums.shift(view, engine, gradients, tile, parameters);
      gradientTable(view, engine, tile, measure, parameters, statistics, sums);
      engine.place(dx, tile);
      gradients.gradient(view, tile);
    }
    if (dSum) {
      engine.load(Slot.Z, dSum, tile);
      engine.add(tile, Slot.OUT);
    }
    engine.store(dx, tile);
  }
}
