import { zipSync } from "fflate";
import { bytesOf } from "./elements.ts";
import type { Tensors } from "../layer.ts";
import { WeightsError } from "./weights_error.ts";
import { readNpy, writeNpy } from "./npy.ts";
import { unzip } from "./zip.ts";

/** Options of {@linkcode writeNpz}. */
export interface NpzOptions {
  /** Whether the arrays are deflated, as by `numpy.savez_compressed`. Default: false. */
  compress?: boolean;
}

/**
 * Reads a `.npz` file, numpy's zip archive of arrays by name. See {@linkcode readNpy} for what becomes of their types.
 *
 * @throws {WeightsError} If it is broken, or holds something else than arrays of numbers.
 *
 * @example
 * ```ts
 * import { readNpz, writeNpz } from "@evenkeel/norm/weights";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = writeNpz({ gamma: tensor(new Float32Array([1, 2])) });
 * assertEquals([...readNpz(bytes).gamma.data], [1, 2]);
 * ```
 */
export function readNpz(file: Uint8Array | ArrayBuffer): Tensors {
  return Object.fromEntries([...unzip(bytesOf(file))].map(([path, bytes]) => {
    if (!path.endsWith(".npy")) {
      throw new WeightsError(`The npz file holds ${JSON.stringify(path)}, which is not an array.`);
    }
    const name = path.slice(0, -".npy".length);
    try {
      return [name, readNpy(bytes)];
    } catch (error) {
      throw new WeightsError(`In the npz file, ${JSON.stringify(name)}: ${(error as Error).message}`, { cause: error });
    }
  }));
}

/**
 * The bytes of a `.npz` file of tensors by name. The same tensors give the same bytes.
 *
 * @throws {TypeError | RangeError} If one is not a tensor.
 */
export function writeNpz(tensors: Tensors, { compress = false }: NpzOptions = {}): Uint8Array<ArrayBuffer> {
  const files = Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [`${name}.npy`, writeNpy(tensor)]));
  // Zip files hold local times; the first one they know says nothing about the writer.
  return zipSync(files, { level: compress ? 6 : 0, mtime: new Date(1980, 0, 1) });
}
