import { describe, type Tensor } from "../../kernels/tensor.ts";
import { checkContext } from "../check_pass.ts";
import type { Context, Layer, Tensors } from "../layer.ts";

/**
 * Running statistics computed again from data, in all layers of a model that keep any: the average over the batches, each of the same
 * weight, as PyTorch's `update_bn` gives it. It mends statistics that lag behind the weights, such as after weights were averaged
 * (Izmailov et al. 2018). Parameters stay as they are.
 *
 * @param state The state to start from; its running statistics are forgotten. Without any batch it is returned as it is.
 * @param batches Inputs of the model, best all of one size.
 * @returns The state with the new statistics.
 *
 * @example
 * ```ts
 * import { BatchNorm, recalibrate } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const layer = new BatchNorm(1);
 * const batches = [[1, 3], [5, 7]].map((values) => tensor(new Float32Array(values), [2, 1]));
 * const state = recalibrate(layer, layer.state, batches);
 * assertEquals(state.mean.data[0], 4);
 * ```
 */
export function recalibrate(
  model: Layer,
  state: Tensors,
  batches: Iterable<Tensor>,
  context: Context | Iterable<Context> = {},
): Tensors {
  if (typeof batches?.[Symbol.iterator] !== "function") {
    throw new TypeError(
      `recalibrate: batches is ${describe(batches)}; it must be a list of tensors, after the model and its state.`,
    );
  }
  const contexts = isIterable(context) ? context[Symbol.iterator]() : undefined;
  if (contexts === undefined) checkContext("recalibrate", context as Context);
  let seen = 0, count = 0;
  for (const batch of batches) {
    const next = contexts?.next();
    if (next?.done) {
      throw new RangeError(`recalibrate: there are ${count} contexts, and more batches; give one for each.`);
    }
    state = model.train(batch, state, { ...next?.value ?? context, momentum: seen / (seen + 1) }).state;
    if (batch.data.length > 0) seen++; // an empty one has left the statistics as they were
    count++;
  }
  if (contexts && !contexts.next().done) {
    throw new RangeError(`recalibrate: there are ${count} batches, and more contexts; give one for each batch.`);
  }
  return state;
}

function isIterable<T>(value: object | Iterable<T>): value is Iterable<T> {
  return typeof (value as Iterable<T>)?.[Symbol.iterator] === "function";
}
