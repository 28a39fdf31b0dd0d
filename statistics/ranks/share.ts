import { checkInput } from "../../kernels/check.ts";
import { between } from "../../kernels/passes/slices.ts";
import type { DType, Tensor } from "../../kernels/tensor.ts";
import type { Communicator } from "./communicator.ts";

/**
 * This rank's share of the rows of a tensor (of its first axis), a view of the same memory: neighbouring rows, as many for each rank
 * as can be, which may be none.
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
export function shareOf<T extends DType>(x: Tensor<T>, { rank, size }: Pick<Communicator, "rank" | "size">): Tensor<T> {
  checkInput("shareOf", x, 1);
  const [rows] = x.dims;
  return between(x, Math.floor(rows * rank / size), Math.floor(rows * (rank + 1) / size));
}
