import { describe, type DType, type TypedArrays, typeOf } from "../../kernels/tensor.ts";
import { checkCommunicator, type Communicator } from "./communicator.ts";

/**
 * Adds up the arrays of all ranks, in place and in one message: every rank is left with the sums, the same to the last bit. They are
 * float64 sums, whatever the types of the arrays.
 *
 * In data parallel training it makes the gradients of the whole batch from each rank's share of them; with a loss that is the mean
 * over the whole batch, that is all there is to it.
 *
 * @throws {TypeError} If an argument does not fit; nothing is changed then.
 *
 * @example
 * ```ts
 * import { alone, sumAcross } from "@evenkeel/norm/statistics";
 * import { Linear } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 *
 * const x = tensor(new Float32Array([1, 2]), [1, 2]), dy = tensor(new Float32Array([1]), [1, 1]);
 * const { gradients } = new Linear(2, 1).train(x).backward(dy);
 * sumAcross(alone, Object.values(gradients).map(({ data }) => data));
 * ```
 */
export function sumAcross(communicator: Communicator, arrays: readonly TypedArrays[DType][]): void {
  checkCommunicator("sumAcross", communicator);
  if (!Array.isArray(arrays)) {
    throw new TypeError(`sumAcross: arrays is ${describe(arrays)}; it must be a list of arrays, as in [x.data].`);
  }
  for (const array of arrays) {
    if (typeOf(array) !== undefined) continue;
    throw new TypeError(
      `sumAcross: an entry of arrays is ${describe(array)}; it must be the data of a tensor, such as a Float32Array.`,
    );
  }
  const message = new Float64Array(arrays.reduce((length, array) => length + array.length, 0));
  let at = 0;
  for (const array of arrays) {
    message.set(array, at);
    at += array.length;
  }
  communicator.allReduce(message);
  at = 0;
  for (const array of arrays) array.set(message.subarray(at, at += array.length));
}
