import { forEachTile } from "./passes/channel_tiles.ts";
import { checkAxis, checkInput } from "./check.ts";
import { engineFor } from "./engines/engines.ts";
import { findExactMoments } from "./engines/exact_moments.ts";
import { OptionNames } from "./option_names.ts";
import { Moments } from "./passes/moments.ts";
import { refusePreparation } from "./passes/perform.ts";
import { describe, type Tensor } from "./tensor.ts";

/** Options of {@linkcode momentsOf}. */
export interface MomentsOptions {
  /** The axis of the channels, 1 by default (NC, NCHW); -1 for channels last. */
  axis?: number;
  /** The moments that those of x are merged into. Without it they are new. */
  into?: Moments;
}

const names = new OptionNames<MomentsOptions>({ axis: true, into: true });

/**
 * The moments of each channel of x: how many values it has, their mean, and the sum of their squared deviations from it. They are
 * float64 sums, whatever the type of x, and right to about 1e-14 even where the mean is 1e8 deviations from 0.
 *
 * NaN is a missing value: it is left out, and `count` tells.
 *
 * @param x A tensor of rank 1 or more.
 * @returns The moments: `into` if it was given.
 * @throws {TypeError | RangeError} If an argument does not fit; nothing is merged then.
 *
 * @example A value is missing in the second channel
 * ```ts
 * import { momentsOf, tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const { count, mean } = momentsOf(tensor(new Float32Array([1, 10, 3, NaN]), [2, 2]));
 * assertEquals([...count], [2, 1]);
 * assertEquals([...mean], [2, 10]);
 * ```
 */
export function momentsOf(x: Tensor, options: MomentsOptions = {}): Moments {
  refusePreparation("momentsOf");
  names.check("momentsOf", options);
  checkInput("momentsOf", x, 1);
  const { axis = 1 } = options, channel = checkAxis("momentsOf", "axis", axis, x.dims), channels = x.dims[channel];
  const { into = new Moments(channels) } = options;
  checkMoments(into, channels, axis);
  const engine = engineFor([x.data]);
  forEachTile(engine, x, channel, (view, tile, channelOf) => {
    const { count, mean, compensation, m2 } = findExactMoments(engine, view, tile);
    for (let l = 0; l < tile.lines; l++) into.merge(channelOf(l), count[l], mean[l], m2[l], compensation[l]);
  });
  return into;
}

function checkMoments(into: Moments, channels: number, axis: number): void {
  if (!(into instanceof Moments)) {
    throw new TypeError(`momentsOf: into is ${describe(into)}; it must be Moments.`);
  }
  if (into.count.length !== channels) {
    throw new RangeError(
      `momentsOf: into has ${into.count.length} statistics, but x has ${channels} channels along axis ${axis}.`,
    );
  }
}
