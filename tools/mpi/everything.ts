/**
 * All that is claimed of several ranks, as a program of ranks.
 *
 * @module
 */
import type { Communicator } from "../../statistics/ranks/communicator.ts";
import { type Cost, costs } from "./costs.ts";
import { fittedFromFiles } from "./files.ts";
import { judge, type Verdict } from "./judge.ts";
import { mergedMoments } from "./moments.ts";
import { syncBatchNorm } from "./sync_batch_norm.ts";

/** What came of it, the same on every rank but for times. */
export interface Outcome {
  /** How many ranks there were. */
  size: number;
  /** The claims, all of which hold. */
  verdicts: Verdict[];
  /** Times, where they were asked for. */
  costs: Cost[];
}

/** Judges all claims; throws if one does not hold. */
export async function everything(communicator: Communicator, timed = false): Promise<Outcome> {
  const verdicts = await judge(communicator, [...mergedMoments, ...syncBatchNorm, ...fittedFromFiles]);
  return { size: communicator.size, verdicts, costs: timed ? costs(communicator) : [] };
}
