/**
 * SyncBatchNorm on ranks against BatchNorm on the whole batch.
 *
 * @module
 */
import type { DType, Tensor } from "../../kernels/tensor.ts";
import { BatchNorm, type BatchNormInit } from "../../layers/norms/batch_norm.ts";
import type { Context } from "../../layers/layer.ts";
import { SyncBatchNorm } from "../../layers/norms/sync_batch_norm.ts";
import type { Communicator } from "../../statistics/ranks/communicator.ts";
import { sumAcross } from "../../statistics/ranks/sum_across.ts";
import { noise } from "../judge/noise.ts";
import { bitsApart, type Claim, largestDifference, magnitude } from "./judge.ts";
import { type Split, splits } from "./shares.ts";

interface Case {
  name: string;
  dims: readonly number[];
  type?: DType;
  init?: BatchNormInit;
  /** Whether some positions are padding. */
  masked?: boolean;
}

const cases: readonly Case[] = [
  { name: "[32, 48]", dims: [32, 48] },
  { name: "[12, 16, 7, 5], far from 0", dims: [12, 16, 7, 5] },
  {
    name: "channels last [6, 9, 5, 24]",
    dims: [6, 9, 5, 24],
    init: { axis: -1, momentum: "cumulative", unbiased: true },
  },
  { name: "[9, 600, 4], float64, no affine", dims: [9, 600, 4], type: "float64", init: { scale: false, bias: false } },
  { name: "[8, 12, 10], padded", dims: [8, 12, 10], masked: true },
  { name: "[3, 4], fewer rows than ranks", dims: [3, 4] },
];

/** A claim for each case and split. */
export const syncBatchNorm: readonly Claim[] = cases.flatMap((specimen) =>
  Object.entries(splits).map(([name, split]) => ({
    name: `SyncBatchNorm, ${specimen.name}, ${name}`,
    allowed: 1e-6,
    measure: (communicator: Communicator) => compare(communicator, specimen, split),
  }))
);

/** The largest difference in output, gradients and running statistics, over two steps. */
function compare(
  communicator: Communicator,
  { dims, type = "float32", init = {}, masked }: Case,
  split: Split,
): number {
  const axis = init.axis === -1 ? dims.length - 1 : 1, features = dims[axis];
  const parameters = () => ({
    ...init,
    scale: init.scale ?? noise([features], { mean: 1, deviation: 0.2, seed: 7, type }),
    bias: init.bias ?? noise([features], { seed: 8, type }),
  });
  const synced = new SyncBatchNorm(features, communicator, parameters()), layer = new BatchNorm(features, parameters());
  let state = synced.state, whole = layer.state, error = 0;
  const hold = (given: Tensor, right: Tensor, unit = 1) =>
    error = Math.max(error, largestDifference(given.data, right.data, unit));
  for (const step of [1, 2]) {
    const x = noise(dims, { type, mean: 100 * step, deviation: 2, seed: step });
    const dy = noise(dims, { type, seed: 10 + step });
    const mask = masked ? maskOf(dims.toSpliced(axis, 1)) : undefined;
    const context = (mask?: Tensor): Context => mask ? { mask } : {};
    const right = layer.train(x, whole, context(mask)), rightBack = right.backward(dy);
    const pass = synced.train(split(x, communicator), state, context(mask && split(mask, communicator)));
    const back = pass.backward(split(dy, communicator));
    sumAcross(communicator, Object.values(back.gradients).map(({ data }) => data));
    hold(pass.y, split(right.y, communicator));
    hold(back.dx, split(rightBack.dx, communicator));
    for (const [name, right] of Object.entries(rightBack.gradients)) {
      hold(back.gradients[name], right, magnitude(right.data)); // sums, some of which cancel
    }
    for (const [name, statistic] of Object.entries(right.state)) {
      hold(pass.state[name], statistic);
      error = Math.max(error, bitsApart(communicator, pass.state[name].data as Float64Array));
    }
    [state, whole] = [pass.state, right.state];
  }
  return error;
}

function maskOf(dims: readonly number[]): Tensor {
  const mask = noise(dims, { seed: 3 });
  mask.data.forEach((value, i) => mask.data[i] = +(value > -0.5));
  return mask;
}
