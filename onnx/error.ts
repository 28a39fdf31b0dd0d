/**
 * What is wrong with a model that was read, or with its file.
 *
 * A class of its own, where the rest of Evenkeel throws `TypeError` and `RangeError`: those say that a call is wrong, and the
 * caller mends the program. A model comes from elsewhere, so that a program must be able to tell a bad file from its own
 * mistakes, and go on to the next file.
 *
 * @example A file that is not a model
 * ```ts
 * import { ModelError, readModel } from "@evenkeel/norm/onnx";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => readModel(new TextEncoder().encode("not a model")), ModelError);
 * ```
 */
export class ModelError extends Error {
  /** Always `"ModelError"`. */
  override readonly name = "ModelError";
}
