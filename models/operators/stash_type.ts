import { ModelError } from "../../onnx/mod.ts";

/** FLOAT, FLOAT16, DOUBLE and BFLOAT16 in ONNX's numbering of types. */
const floatingPoint = [1, 10, 11, 16];

/**
 * Throws unless an attribute `stash_type` is a type of floating point numbers: that which statistics are computed in. The
 * kernels choose their own, float32 or float64, in which their sums are compensated.
 */
export function checkStashType(stashType: number): void {
  if (!floatingPoint.includes(stashType)) {
    throw new ModelError(
      `its stash_type is ${stashType}, which is no floating point type. They are ${
        floatingPoint.join(", ")
      }; 1 is float32.`,
    );
  }
}
