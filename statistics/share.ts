import { checkInput } from "../kernels/check.ts";
import { type DType, sizeOf, type Tensor } from "../kernels/tensor.ts";
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
  checkInput("shareOf", x, 1, {});
  const [rows, ...inner] = x.dims, row = sizeOf(inner);
  const from = Math.floor(rows * rank / size), to = Math.floor(rows * (rank + 1) / size);
  return {
    type: x.type,
    dims: [to - from, ...inner],
    data: x.data.subarray(from * row, to * row) as Tensor<T>["data"],
  };
}
