import { zeros } from "../../kernels/tensor.ts";
import { checkLayer } from "../check_layer.ts";
import { checkFit, copyInto } from "./fit.ts";
import type { Layer, Tensors } from "../layer.ts";
import { readSafetensors, writeSafetensors } from "./safetensors.ts";
import { WeightsError } from "./weights_error.ts";

/**
 * A layer's parameters and state as a `.safetensors` file, by their own names.
 *
 * @param state The state that the last pass returned. Only layers that have none do without.
 * @param metadata Texts by name, to go with them.
 * @throws {WeightsError} If it is not the state of this layer.
 * @throws {TypeError} If a parameter and a part of the state have the same name.
 *
 * @example A model, saved and loaded
 * ```ts
 * import { BatchNorm, loadSafetensors, toSafetensors } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const trained = new BatchNorm(2);
 * const { state } = trained.train(tensor(new Float32Array([1, 2, 3, 4]), [2, 2]), trained.state);
 * const bytes = toSafetensors(trained, state);
 *
 * const layer = new BatchNorm(2);
 * assertEquals(loadSafetensors(layer, bytes), state);
 * ```
 */
export function toSafetensors(
  layer: Layer,
  state: Tensors = {},
  metadata?: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  checkLayer("toSafetensors", "the first argument", layer, "Its state comes second.");
  checkFit("toSafetensors, state", layer.state, state);
  return writeSafetensors(allOf("toSafetensors", layer.parameters, state), metadata);
}

/**
 * Copies the parameters of a file into those of a layer, and returns the state.
 *
 * @param layer A layer made as the one that was saved. Values are converted to the types of its tensors.
 * @param file What {@linkcode toSafetensors} gave.
 * @throws {WeightsError} If the file cannot be read, or its tensors are not those of the layer: it lists which are missing, unexpected or
 * of other dims. The layer is then as it was.
 *
 * @example What a file must be
 * ```ts
 * import { LayerNorm, Linear, loadSafetensors, toSafetensors, WeightsError } from "@evenkeel/norm/layers";
 * import { assertThrows } from "@std/assert";
 *
 * const file = toSafetensors(new LayerNorm(3));
 * assertThrows(() => loadSafetensors(new Linear(3, 3), file), WeightsError);
 * ```
 */
export function loadSafetensors(layer: Layer, file: Uint8Array | ArrayBuffer): Tensors {
  checkLayer("loadSafetensors", "the first argument", layer, "The file comes second.");
  const state = likeState(layer);
  const all = allOf("loadSafetensors", layer.parameters, state), { tensors, skipped } = readSafetensors(file);
  for (const [name, dtype] of Object.entries(skipped)) {
    throw new WeightsError(
      `loadSafetensors: ${name} is of type ${dtype}, which there is no array for. Convert it first.`,
    );
  }
  copyInto("loadSafetensors", all, { ...countersOf(state), ...tensors });
  return state;
}

/** Counters of batches at 0: like PyTorch, loading takes files that were saved without. */
function countersOf(state: Tensors): Tensors {
  return Object.fromEntries(Object.entries(state).filter(([name]) => /(^|\.)batches$/.test(name)));
}

/** Memory for a layer's state. */
function likeState({ state }: Layer): Tensors {
  return Object.fromEntries(Object.entries(state).map(([name, { type, dims }]) => [name, zeros(type, dims)]));
}

function allOf(operation: string, parameters: Tensors, state: Tensors): Tensors {
  for (const name of Object.keys(state)) {
    if (Object.hasOwn(parameters, name)) {
      throw new TypeError(
        `${operation}: ${JSON.stringify(name)} is a parameter and part of the state. Rename one of them.`,
      );
    }
  }
  return { ...parameters, ...state };
}
