import { forEachTile } from "./passes/channel_tiles.ts";
import { checkAlike, outputLike } from "./check.ts";
import { type Gradients, type Lines, Slot } from "./engines/engine.ts";
import { engineFor } from "./engines/engines.ts";
import { gradientsOf } from "./engines/gradients.ts";
import type { Layout, Tile } from "./engines/tile.ts";
import { findDeviations } from "./passes/gradient_sums.ts";
import { Moments } from "./passes/moments.ts";
import { floorOf } from "./engines/measure.ts";
import { standardDeviation } from "./passes/statistics.ts";
import type { DType, Tensor } from "./tensor.ts";

/*
 * Batch normalization of a batch that is spread over workers or machines. Whoever has a part of it computes the moments of that
 * part; once they are merged across, `batchNorm` normalizes with them. Likewise backward: sums, merged, then the gradient. PyTorch's
 * SyncBatchNorm has the same stages (batch_norm_stats, batch_norm_elemt, batch_norm_backward_reduce, batch_norm_backward_elemt).
 */

/** What the parts of a batch have in common. */
export interface PartOptions {
  /** The axis of the channels, counted from the front. */
  axis: number;
  /** Is added to the variance. */
  epsilon: number;
}

/** The moments of each channel of x. */
export function partialMoments(x: Tensor, { axis, epsilon }: PartOptions): Moments {
  const moments = new Moments(x.dims[axis]), floor = floorOf(standardDeviation(epsilon)), engine = engineFor([x.data]);
  forEachTile(engine, x, axis, (view, tile, channelOf) => {
    engine.moments(view, tile, false, floor);
    const { mean, m2 } = engine.lines;
    for (let l = 0; l < tile.lines; l++) moments.merge(channelOf(l), tile.length, mean[l], m2[l]);
  });
  return moments;
}

/** Finds a number near the mean of each line's dy, which is subtracted before anything is multiplied. */
function shift(gradients: Gradients, { shift }: Lines, view: Layout, tile: Tile): void {
  gradients.shifts(view, tile);
  for (let l = 0; l < tile.lines; l++) if (!Number.isFinite(shift[l])) shift[l] = 0;
}

/** Sums over the elements of each channel. */
export interface GradientSums {
  /** sum(dy). */
  sum: Float64Array;
  /** sum(dy (x - mean)). */
  product: Float64Array;
}

/** What the gradient of a whole batch needs to know of a part of it. */
export function partialGradientSums(
  x: Tensor,
  dy: Tensor,
  { axis, epsilon, mean }: PartOptions & { mean: Float64Array },
): GradientSums {
  checkAlike("partialGradientSums", "dy", dy, x);
  const sum = new Float64Array(mean.length), product = new Float64Array(mean.length);
  const floor = floorOf(standardDeviation(epsilon)), engine = engineFor([x.data, dy.data]);
  const gradients = gradientsOf(engine), { lines } = engine;
  forEachTile(engine, x, axis, (view, tile, channelOf) => {
    engine.load(Slot.DY, dy.data, tile);
    shift(gradients, lines, view, tile);
    for (let l = 0; l < tile.lines; l++) lines.center[l] = mean[channelOf(l)];
    gradients.sums(view, tile, false, floor);
    findDeviations(engine, view, tile, floor);
    for (let l = 0; l < tile.lines; l++) {
      sum[channelOf(l)] += lines.sum[l] + lines.shift[l] * tile.length;
      product[channelOf(l)] += lines.product[l] + lines.shift[l] * lines.deviations[l];
    }
  });
  return { sum, product };
}

/** The whole batch, as the gradient of a part of it needs to know it. */
export interface WholeBatch extends PartOptions {
  mean: Float64Array;
  variance: Float64Array;
  /** The elements of each channel. */
  count: number;
  sums: GradientSums;
  scale?: Tensor;
}

/**
 * The gradient with respect to a part of a batch: with r = (variance + epsilon)^(-1/2) and n elements to a channel of the whole batch,
 *
 *     dx = scale r (dy - sum / n - (x - mean) r^2 product / n)
 */
export function partialGradient<T extends DType>(x: Tensor<T>, dy: Tensor<T>, batch: WholeBatch): Tensor<T> {
  checkAlike("partialGradient", "dy", dy, x);
  const { axis, mean, count, sums: { sum, product } } = batch;
  const dx = outputLike("partialGradient", "dx", undefined, x),
    r = batch.variance.map((v) => 1 / Math.sqrt(v + batch.epsilon));
  const gain = r.map((r, c) => r * (batch.scale?.data[c] ?? 1));
  const slope = gain.map((gain, c) => -gain * r[c] * r[c] * product[c] / count);
  const offset = gain.map((gain, c) => -gain * sum[c] / count);
  const engine = engineFor([x.data, dy.data, dx.data]), gradients = gradientsOf(engine), { lines } = engine;
  forEachTile(engine, x, axis, (view, tile, channelOf) => {
    engine.load(Slot.DY, dy.data, tile);
    shift(gradients, lines, view, tile);
    for (let l = 0; l < tile.lines; l++) {
      const c = channelOf(l);
      lines.center[l] = mean[c];
      lines.slope[l] = slope[c];
      lines.offset[l] = offset[c] + gain[c] * lines.shift[l];
      lines.gain[l] = gain[c];
    }
    engine.place(dx.data, tile);
    gradients.gradient(view, tile);
    engine.store(dx.data, tile);
  });
  return dx;
}
