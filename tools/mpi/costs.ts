/**
 * What messages cost, and what SyncBatchNorm costs beside BatchNorm.
 *
 * @module
 */
import { allocate, type ResidentTensor } from "../../kernels/engines/simd/memory.ts";
import { tensor } from "../../kernels/tensor.ts";
import { BatchNorm } from "../../layers/norms/batch_norm.ts";
import { SyncBatchNorm } from "../../layers/norms/sync_batch_norm.ts";
import { alone, type Communicator, type Reduction } from "../../statistics/ranks/communicator.ts";
import { mergeAcross } from "../../statistics/ranks/merge_across.ts";
import { shareOf } from "../../statistics/ranks/share.ts";
import { StandardScaler } from "../../statistics/scalers/standard_scaler.ts";
import { noise } from "../judge/noise.ts";

/** A time, in milliseconds. */
export interface Cost {
  /** What was timed. */
  name: string;
  /** The median of what this rank measured. */
  milliseconds: number;
}

/** Times all; every rank must call it. */
export function costs(communicator: Communicator): Cost[] {
  const messages = [1e2, 1e3, 1e4, 1e5, 1e6].flatMap((bytes) =>
    (["sum", "moments"] as const).map((operation) => message(communicator, bytes, operation))
  );
  return [...messages, ...step(communicator, [32, 64, 56, 56]), ...step(communicator, [128, 256]), fit(communicator)];
}

function message(communicator: Communicator, bytes: number, operation: Reduction): Cost {
  const values = new Float64Array(4 * Math.round(bytes / 32));
  return {
    name: `allReduce, ${operation}, ${values.byteLength} bytes`,
    milliseconds: medians([() => communicator.allReduce(values, operation)], bytes > 1e5 ? 100 : 400)[0],
  };
}

/** A training step forward and backward over a share of these dims, by one layer after the other. */
function step(communicator: Communicator, dims: readonly number[]): Cost[] {
  const x = resident(dims, 1), dy = resident(dims, 2), features = dims[1];
  const layers = {
    "BatchNorm, every rank for itself": new BatchNorm(features),
    "SyncBatchNorm, every rank for itself": new SyncBatchNorm(features, alone),
    [`SyncBatchNorm, ranks together`]: new SyncBatchNorm(features, communicator),
  };
  const times = medians(
    Object.values(layers).map((layer) => () => {
      communicator.allReduce(new Float64Array(1)); // start together
      layer.train(x, layer.state).backward(dy);
    }),
    40,
  );
  return Object.keys(layers).map((name, i) => ({
    name: `${name}, a step over [${dims.join(", ")}] a rank`,
    milliseconds: times[i],
  }));
}

/** A scaler of rows that the ranks share. */
function fit(communicator: Communicator): Cost {
  const rows = 2 ** 18, x = resident(shareOf(tensor(new Float32Array(rows)), communicator).dims.concat(64), 1);
  return {
    name: `StandardScaler of [${rows}, 64], shared by ${communicator.size} ranks`,
    milliseconds: medians([() => mergeAcross(communicator, new StandardScaler().partialFit(x), StandardScaler)], 10)[0],
  };
}

function resident(dims: readonly number[], seed: number): ResidentTensor {
  const x = allocate("float32", dims);
  x.data.set(noise(dims, { seed }).data);
  return x;
}

/** The median time of each of some runs, which take turns, so that whatever else the machine does burdens all of them. */
function medians(runs: readonly (() => void)[], times: number): number[] {
  const measured: number[][] = runs.map(() => []), warmUp = Math.min(times / 2, 20);
  for (let i = 0; i < warmUp + times; i++) {
    runs.forEach((run, r) => {
      const start = performance.now();
      run();
      if (i >= warmUp) measured[r].push(performance.now() - start);
    });
  }
  return measured.map((times) => times.sort((a, b) => a - b)[Math.floor(times.length / 2)]);
}
