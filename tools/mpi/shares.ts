/**
 * How data is split over ranks in what is checked.
 *
 * @module
 */
import { sizeOf, type Tensor } from "../../kernels/tensor.ts";
import { shareOf } from "../../statistics/ranks/share.ts";

/** Which rows of a tensor a rank has. */
export type Split = (x: Tensor, place: { rank: number; size: number }) => Tensor;

/** The last rank has three quarters of the rows, the first the rest, those between none. */
function lopsided(x: Tensor, { rank, size }: { rank: number; size: number }): Tensor {
  const [rows, ...inner] = x.dims, cut = size === 1 ? 0 : Math.floor(rows / 4);
  const from = rank === 0 ? 0 : rank === size - 1 ? cut : rows;
  const to = rank === size - 1 ? rows : rank === 0 ? cut : rows;
  return { type: x.type, dims: [to - from, ...inner], data: x.data.subarray(from * sizeOf(inner), to * sizeOf(inner)) };
}

/** All ways. */
export const splits: Readonly<Record<string, Split>> = {
  "equal shares": shareOf,
  "unequal and empty shares": lopsided,
};
