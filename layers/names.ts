import type { Tensor } from "../kernels/tensor.ts";
import { checkRecord } from "./check_record.ts";

/**
 * Tensors with the name of their part in front: `weight` of part `0` is `0.weight`.
 *
 * @example
 * ```ts
 * import { prefixed } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Object.keys(prefixed("encoder", { weight: tensor([1]) })), ["encoder.weight"]);
 * ```
 */
export function prefixed<T = Tensor>(part: string, tensors: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  checkRecord("prefixed", "the second argument", tensors);
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [`${part}.${name}`, tensor]));
}

/**
 * The tensors of one part, by the names it has for them: the inverse of {@linkcode prefixed}.
 *
 * @example
 * ```ts
 * import { partOf } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const tensors = { "0.weight": tensor([1]), "1.weight": tensor([2]) };
 * assertEquals(partOf("1", tensors), { weight: tensor([2]) });
 * ```
 */
export function partOf<T = Tensor>(part: string, tensors: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  checkRecord("partOf", "the second argument", tensors);
  const prefix = `${part}.`;
  return Object.fromEntries(
    Object.entries(tensors).flatMap(([name, tensor]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), tensor]] : []
    ),
  );
}
