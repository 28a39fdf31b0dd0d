import { checkCount, checkInput } from "../../kernels/check.ts";
import { between } from "../../kernels/passes/slices.ts";
import { describe, type DType, type Tensor } from "../../kernels/tensor.ts";
import type { Communicator } from "./communicator.ts";

/**
 * This rank's share of the rows of a tensor (of its first axis), a view of the same memory: neighbouring rows, as many for each rank
 * as can be, which may be none.
 *
 * @throws {TypeError | RangeError} If x has no rows to share, or the rank is none of so many.
 *
 * @example
 * ```ts
 * import { shareOf } from "@evenkeel/norm/statistics";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const x = tensor(new Float32Array([1, 2, 3, 4, 5, 6]), [3, 2]);
 * assertEquals(shareOf(x, { rank: 1, size: 2 }), tensor(new Float32Array([3, 4, 5, 6]), [2, 2]));
 * ```
 */
export function shareOf<T extends DType>(x: Tensor<T>, communicator: Pick<Communicator, "rank" | "size">): Tensor<T> {
  checkInput("shareOf", x, 1);
  if (typeof communicator !== "object" || communicator === null) {
    throw new TypeError(
      `shareOf: the communicator is ${
        describe(communicator)
      }; it must have a rank and a size, as in { rank: 0, size: 2 }.`,
    );
  }
  const { rank, size } = communicator;
  checkCount("shareOf", "size", size);
  if (!Number.isInteger(rank) || rank < 0 || rank >= size) {
    throw new RangeError(`shareOf: rank is ${String(rank)}; it must be a whole number from 0 to ${size - 1}.`);
  }
  const [rows] = x.dims;
  return between(x, Math.floor(rows * rank / size), Math.floor(rows * (rank + 1) / size));
}
