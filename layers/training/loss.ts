import { checkDims } from "../../kernels/check.ts";
import type { NameList } from "../../kernels/option_names.ts";
import type { Tensor } from "../../kernels/tensor.ts";

/** What a loss function returns. */
export interface Loss {
  /** The mean over what counts; 0 if nothing does. */
  loss: number;
  /** Its gradient with respect to the first argument; 0 where a position does not count. */
  dx: Tensor;
}

/** Which positions count. */
export interface LossOptions {
  /** 0 where a position does not count, such as padding; of x's dims without the last axis, as the mask of a pass. Default: all count. */
  mask?: Tensor;
}

/** Their names. */
export const lossNames: NameList<LossOptions> = { mask: true };

/** Whether a position counts, by the mask, once it is found fit. */
export function countedBy(operation: string, x: Tensor, { mask }: LossOptions): (position: number) => boolean {
  if (mask === undefined) return () => true;
  checkDims(operation, "mask", mask, x.dims.slice(0, -1), "those of the first argument without the last axis");
  return (position) => mask.data[position] !== 0;
}
