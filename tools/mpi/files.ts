/**
 * Estimators fitted by ranks that have a file each, against the same fitted on everything.
 *
 * @module
 */
import type { Tensor } from "../../kernels/tensor.ts";
import type { Communicator } from "../../statistics/ranks/communicator.ts";
import { mergeAcross } from "../../statistics/ranks/merge_across.ts";
import { IncrementalPca } from "../../statistics/pca/mod.ts";
import { shareOf } from "../../statistics/ranks/share.ts";
import { openSink, openSource } from "../../statistics/sources/mod.ts";
import { StandardScaler } from "../../statistics/scalers/standard_scaler.ts";
import { noise } from "../judge/noise.ts";
import { bitsApart, type Claim, largestDifference } from "./judge.ts";

const FEATURES = 12;

/** An estimator that can be sent to other ranks. */
interface Estimator {
  partialFit(x: Tensor): unknown;
  transform(x: Tensor): Tensor;
  merge(other: this): unknown;
  toJSON(): unknown;
}

/** The class of one. */
interface EstimatorClass<E extends Estimator> {
  new (): E;
  fromJSON(state: unknown): E;
}

/** A claim for each estimator. */
export const fittedFromFiles: readonly Claim[] = [
  claim("StandardScaler", StandardScaler),
  claim("PCA", IncrementalPca),
];

function claim<E extends Estimator>(name: string, type: EstimatorClass<E>): Claim {
  return {
    name: `${name} over a file per rank`,
    allowed: 1e-9,
    measure: (communicator) => compare(communicator, type),
  };
}

/** The largest difference in what the merged estimator and that of everything make of the same rows. */
async function compare<E extends Estimator>(communicator: Communicator, type: EstimatorClass<E>): Promise<number> {
  const x = correlated(3000), estimator = new type(), whole = new type();
  await withFile(shareOf(x, communicator), async (file) => {
    for await (const chunk of await openSource(file, { chunkRows: 100 })) estimator.partialFit(chunk);
  });
  whole.partialFit(x);
  const given = mergeAcross(communicator, estimator, type).transform(x), right = whole.transform(x);
  const { data } = given as Tensor<"float64">;
  return Math.max(largestDifference(data, right.data), bitsApart(communicator, data));
}

/** Rows of features at different offsets and scales, each with something of the one before. */
function correlated(rows: number): Tensor<"float64"> {
  const x = noise([rows, FEATURES], { type: "float64", seed: 6 });
  for (let i = 0; i < x.data.length; i++) {
    const feature = i % FEATURES;
    x.data[i] = (x.data[i] + (feature > 0 ? 0.5 * x.data[i - 1] : 0)) * (1 + feature / 4) + 10 * feature;
  }
  return x;
}

/** Lends a file of these rows. */
async function withFile(x: Tensor, use: (file: string) => Promise<void>): Promise<void> {
  const file = await Deno.makeTempFile({ suffix: ".npy" });
  try {
    await ReadableStream.from([x]).pipeTo(await openSink(file));
    await use(file);
  } finally {
    await Deno.remove(file);
  }
}
