import type { Activation } from "./activation.ts";
import { type Data, type Engine, Slot } from "./engine.ts";
import { engineFor } from "./engines.ts";
import { affineTable, measureGroup, Reader } from "./normalize.ts";
import { Parameters } from "./parameters.ts";
import { floorOf, type Given, type Measure, Statistics } from "./statistics.ts";
import { groupsOf, type Tile } from "./tiles.ts";
import type { View } from "./view.ts";

/** Everything that a backward pass reads and writes. */
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
  dScale?: Data;
  dBias?: Data;
}

const statistics = new Statistics();

/**
 * The gradients of y = z r(v) * scale + bias, where z is x less its mean (or x), v its variance (or mean square) and r one over
 * what is divided by. With h = dy * scale, n elements to a statistic and the sums over them,
 *
 *     dScale = sum(dy z r),  dBias = sum(dy),
 *     dx = h r - mean(h) r [where the mean is subtracted] + (2/n) r'(v) sum(h z) (x - mean),
 *
 * which for layer norm is the familiar r (h - mean(h) - y mean(h y)). As the forward pass: sums -> table -> apply.
 */
export function differentiate(pass: Differentiation): void {
  const { view, measure, x, dy, scale, bias, activation, frozen = false, dSum, dx } = pass;
  const engine = engineFor([x, dy, dx, dSum]);
  const parameters = new Parameters(view, engine, scale, bias);
  const wanted = pass.dScale !== undefined || pass.dBias !== undefined;
  const affine = new AffineGradient(view, engine, wanted);
  const floor = floorOf(measure);
  for (const group of groupsOf(view, engine.capacity, parameters.maxLines)) {
    const reader = new Reader(view, engine, group);
    measureGroup(statistics, pass, engine, group, (tile) => reader.read(tile, x));
    let current: Tile | undefined;
    const readGradient = (tile: Tile) => {
      if (tile === current) return;
      reader.read(tile, x);
      engine.load(Slot.DY, dy, tile);
      parameters.move(tile);
      if (activation) throughActivation(view, engine, tile, measure, parameters, activation);
      current = tile;
    };
    for (const tile of wanted || !frozen ? group.tiles.reverse() : []) {
      readGradient(tile);
      normalizedTable(engine, tile, measure);
      engine.sums(view, tile, wanted && view.along, floor);
      affine.add(tile, statistics, parameters);
      collectSums(engine, tile, parameters);
    }
    for (const tile of group.tiles.reverse()) {
      readGradient(tile);
      if (frozen) frozenGradient(view, engine, tile, parameters, dx);
      else {
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
  affine.copyTo(pass.dScale, pass.dBias);
}

/** The gradients of scale and bias while they add up, in float64. */
class AffineGradient {
  readonly #view: View;
  readonly #engine: Engine;
  readonly #dScale: Float64Array;
  readonly #dBias: Float64Array;

  constructor(view: View, engine: Engine, wanted: boolean) {
    this.#view = view;
    this.#engine = engine;
    this.#dScale = new Float64Array(wanted ? view.parameters : 0);
    this.#dBias = new Float64Array(wanted ? view.parameters : 0);
  }

  /** Adds a tile's share, from the sums of each line; where parameters vary along lines, the engine has it. */
  add(tile: Tile, { inverse }: Statistics, parameters: Parameters): void {
    if (this.#dScale.length === 0) return;
    if (this.#view.along) {
      if (!parameters.fits) this.#engine.window.take(this.#dScale, this.#dBias);
      return;
    }
    const { sum, product, statistic, parameter } = this.#engine.lines;
    for (let l = 0; l < tile.lines; l++) {
      this.#dBias[parameter[l]] += sum[l];
      this.#dScale[parameter[l]] += product[l] * inverse[statistic[l]];
    }
  }

  /** Writes them out, rounded once. */
  copyTo(dScale: Data | undefined, dBias: Data | undefined): void {
    if (this.#dScale.length === 0) return;
    if (this.#view.along) this.#engine.window.take(this.#dScale, this.#dBias);
    dScale?.set(this.#dScale);
    dBias?.set(this.#dBias);
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

/** Adds the sums of lines to those of their statistics. */
function collectSums(engine: Engine, tile: Tile, parameters: Parameters): void {
  const { sum, product, statistic, parameter } = engine.lines;
  for (let l = 0; l < tile.lines; l++) {
    const scale = parameters.scale(parameter[l]);
    statistics.sum[statistic[l]] += scale * sum[l];
    statistics.product[statistic[l]] += scale * product[l];
  }
}

/** The table of dx = h * gain + (x - center) * slope + offset. */
function gradientTable(view: View, engine: Engine, tile: Tile, measure: Measure, parameters: Parameters): void {
  const { center, slope, offset, gain, statistic, parameter } = engine.lines;
  const { mean, variance, inverse, sum, product } = statistics, n = view.count;
  for (let l = 0; l < tile.lines; l++) {
    const s = statistic[l];
    center[l] = measure.aboutZero ? 0 : mean[s];
    slope[l] = 2 / n * measure.derivative(inverse[s], variance[s]) * product[s];
    offset[l] = measure.subtractMean ? -inverse[s] * sum[s] / n : 0;
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
