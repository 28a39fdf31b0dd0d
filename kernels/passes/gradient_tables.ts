import type { Activation } from "../activation.ts";
import { type Engine, type Gradients, Slot } from "../engines/engine.ts";
import { derivativeOf, type Measure } from "../engines/measure.ts";
import type { Data, Tile } from "../engines/tile.ts";
import type { GradientSums } from "./gradient_sums.ts";
import { affineTable } from "./normalize.ts";
import type { Parameters } from "./parameters.ts";
import type { Statistics } from "./statistics.ts";
import type { View } from "./view.ts";

/** DY = dy f'(z), where z is what the activation was given: the normalized and scaled x, computed again. */
export function throughActivation(
  view: View,
  engine: Engine,
  gradients: Gradients,
  tile: Tile,
  measure: Measure,
  parameters: Parameters,
  statistics: Statistics,
  activation: Activation,
): void {
  affineTable(engine, tile, statistics, measure, parameters);
  engine.apply(view, tile, Slot.Z);
  gradients.activationGradient(tile, activation);
  engine.alias(Slot.DY, Slot.Z);
}

/** The table of z r = (x - center) * slope: x normalized, before the affine map. */
export function normalizedTable(engine: Engine, tile: Tile, measure: Measure, statistics: Statistics): void {
  const { center, slope, offset, statistic } = engine.lines;
  for (let l = 0; l < tile.lines; l++) {
    center[l] = measure.subtractMean ? statistics.mean[statistic[l]] : 0;
    slope[l] = statistics.inverse[statistic[l]];
    offset[l] = 0;
  }
}

/** The table of dx = h' * gain + (x - center) * slope + offset, where h' is h less a constant. */
export function gradientTable(
  view: View,
  engine: Engine,
  tile: Tile,
  measure: Measure,
  parameters: Parameters,
  statistics: Statistics,
  sums: GradientSums,
): void {
  const { center, slope, offset, gain, constant, statistic, parameter } = engine.lines;
  const { mean, variance, inverse } = statistics, n = view.count;
  for (let l = 0; l < tile.lines; l++) {
    const s = statistic[l];
    center[l] = measure.aboutZero ? 0 : mean[s];
    slope[l] = 2 / n * derivativeOf(measure, inverse[s], variance?.[s]) * sums.product(s, n);
    offset[l] = measure.subtractMean ? inverse[s] * (constant[l] - sums.mean(s, n)) : 0;
    gain[l] = inverse[s] * parameters.scale(parameter[l]);
  }
}

/** Where statistics do not depend on x, dx = h r. */
export function frozenGradient(
  view: View,
  engine: Engine,
  tile: Tile,
  parameters: Parameters,
  statistics: Statistics,
  dx: Data,
): void {
  const { center, slope, offset, statistic, parameter } = engine.lines;
  for (let l = 0; l < tile.lines; l++) {
    center[l] = offset[l] = 0;
    slope[l] = statistics.inverse[statistic[l]] * parameters.scale(parameter[l]);
  }
  engine.alias(Slot.X, Slot.DY);
  engine.place(dx, tile);
  engine.apply(view, tile, Slot.OUT);
}
