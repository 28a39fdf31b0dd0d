/**
 * Reads and writes weights as numpy stores them: `.npy`, one array, and `.npz`, arrays by name. The functions take and return the
 * bytes of a file; reading it from a disk or network is yours. For `.safetensors` see `@evenkeel/norm/layers`.
 *
 * @example A layer of Keras, saved with `numpy.savez`
 * ```ts
 * import { readNpz, writeNpz } from "@evenkeel/norm/weights";
 * import { fromKeras } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 *
 * const file = writeNpz({ gamma: tensor(new Float32Array([1, 2])), beta: tensor(new Float32Array([0, 0])) });
 * const layer = fromKeras("LayerNormalization", readNpz(file));
 * ```
 *
 * @module
 */

export { WeightsError } from "./weights_error.ts";
export { readNpy, writeNpy } from "./npy.ts";
export { type NpzOptions, readNpz, type ReadNpzOptions, writeNpz } from "./npz.ts";
