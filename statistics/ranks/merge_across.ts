import { Moments } from "../../kernels/passes/moments.ts";
import { describe } from "../../kernels/tensor.ts";
import { checkClass } from "../kind.ts";
import { checkCommunicator, type Communicator, MOMENT } from "./communicator.ts";

/**
 * Merges the moments of all ranks: leaves every rank with those of all the data, in place and the same to the last bit. It is one
 * message of four float64 for each statistic. A rank that has seen nothing merges without effect.
 *
 * @throws {TypeError} If an argument does not fit.
 *
 * @example
 * ```ts
 * import { alone, mergeMomentsAcross } from "@evenkeel/norm/statistics";
 * import { Moments } from "@evenkeel/norm/kernels";
 * import { assertEquals } from "@std/assert";
 *
 * const moments = new Moments(1);
 * moments.merge(0, 2, 1.5, 0.5); // of [1, 2], the share of this rank
 * mergeMomentsAcross(alone, moments);
 * assertEquals(moments.variance(0), 0.25);
 * ```
 */
export function mergeMomentsAcross(communicator: Communicator, moments: Moments): void {
  checkCommunicator("mergeMomentsAcross", communicator);
  checkClass("mergeMomentsAcross", "moments", moments, Moments);
  const { count, mean, compensation, m2 } = moments;
  const fields = [count, mean, compensation, m2], message = new Float64Array(MOMENT * count.length);
  fields.forEach((field, f) => {
    for (let s = 0; s < field.length; s++) message[MOMENT * s + f] = field[s];
  });
  communicator.allReduce(message, "moments");
  fields.forEach((field, f) => {
    for (let s = 0; s < field.length; s++) field[s] = message[MOMENT * s + f];
  });
}

/**
 * What was fitted on the data of all ranks: the estimators of the ranks, gathered by their JSON and merged in the order of ranks,
 * so that every rank gets the same to the last bit. The given one stays as it is.
 *
 * @param estimator What this rank has fitted on its share: a scaler, a PCA, running moments.
 * @param type Its class.
 * @throws {TypeError} If an argument does not fit, or what a rank gives is no state of that class, or cannot be merged with those before it.
 *
 * @example
 * ```ts
 * import { alone, mergeAcross, StandardScaler } from "@evenkeel/norm/statistics";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const share = new StandardScaler().partialFit(tensor(new Float32Array([1, 3]), [2, 1]));
 * const scaler = mergeAcross(alone, share, StandardScaler);
 * assertEquals(scaler.toJSON(), share.toJSON());
 * ```
 */
export function mergeAcross<S, E extends { toJSON(): S; merge(other: E): unknown }>(
  communicator: Communicator,
  estimator: E,
  type: { fromJSON(state: S): E },
): E {
  checkCommunicator("mergeAcross", communicator);
  if (typeof estimator?.toJSON !== "function" || typeof estimator.merge !== "function") {
    throw new TypeError(
      `mergeAcross: estimator is ${describe(estimator)}; it must have toJSON and merge, as a StandardScaler has.`,
    );
  }
  if (typeof type?.fromJSON !== "function") {
    throw new TypeError(
      `mergeAcross: type is ${
        describe(type)
      }; it must be the estimator's class, which has fromJSON: StandardScaler for one.`,
    );
  }
  const bytes = new TextEncoder().encode(JSON.stringify(estimator));
  let all: E | undefined;
  for (const [rank, state] of communicator.allGather(bytes).entries()) {
    try {
      const one = type.fromJSON(JSON.parse(new TextDecoder().decode(state)));
      if (all === undefined) all = one;
      else all.merge(one);
    } catch (cause) {
      throw new TypeError(`mergeAcross: what rank ${rank} gives cannot be merged: ${(cause as Error).message}`, {
        cause,
      });
    }
  }
  return all!;
}
