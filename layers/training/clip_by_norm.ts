import { checkNumber } from "../../kernels/check.ts";
import { checkTensor } from "../../kernels/tensor.ts";
import { checkRecord } from "../check_record.ts";
import { scaled } from "../gradients.ts";
import type { Tensors } from "../layer.ts";

/** What {@linkcode clipByNorm} returns. */
export interface ClippedGradients {
  /** The gradients, scaled if they were too long. */
  gradients: Tensors;
  /** The length that they had. */
  norm: number;
}

/**
 * Gradients that together are no longer than a limit (Pascanu, Mikolov and Bengio 2013): where the root of the sum of all squares is
 * more, each is multiplied by limit / norm, so that their direction stays.
 *
 * @param limit The greatest length.
 * @throws {TypeError | RangeError} If a gradient is no tensor, or the limit no number of at least 0.
 *
 * @example
 * ```ts
 * import { clipByNorm } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const { gradients, norm } = clipByNorm({ a: tensor([3]), b: tensor([4]) }, 2.5);
 * assertEquals(norm, 5);
 * assertEquals([...gradients.a.data, ...gradients.b.data], [1.5, 2]);
 * ```
 */
export function clipByNorm(gradients: Tensors, limit: number): ClippedGradients {
  checkRecord("clipByNorm", "gradients", gradients);
  for (const [name, gradient] of Object.entries(gradients)) {
    checkTensor("clipByNorm", `the gradient of ${name}`, gradient);
  }
  checkNumber("clipByNorm", "limit", limit, 0);
  let squares = 0;
  for (const { data } of Object.values(gradients)) {
    for (let i = 0; i < data.length; i++) squares += data[i] * data[i];
  }
  const norm = Math.sqrt(squares);
  if (!(norm > limit)) return { gradients, norm };
  const factor = limit / norm;
  return {
    gradients: Object.fromEntries(
      Object.entries(gradients).map(([name, gradient]) => [name, scaled(gradient, factor)]),
    ),
    norm,
  };
}
