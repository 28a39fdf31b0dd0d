/**
 * What is wrong with weights that come from elsewhere: a file that is broken, or that holds other tensors than a layer has.
 *
 * A class of its own, because a program must be able to tell a bad file from its own mistakes, which are `TypeError` and
 * `RangeError`.
 *
 * @example A file that is not one
 * ```ts
 * import { readSafetensors, WeightsError } from "@evenkeel/norm/layers";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => readSafetensors(new Uint8Array(4)), WeightsError);
 * ```
 */
export class WeightsError extends Error {
  /** Always `"WeightsError"`. */
  override readonly name = "WeightsError";
}
