import { zipSync } from "fflate";
import { checkNumber } from "../../kernels/check.ts";
import { OptionNames } from "../../kernels/option_names.ts";
import { bytesOf } from "./elements.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Tensors } from "../layer.ts";
import { checkTensors } from "./fit.ts";
import { WeightsError } from "./weights_error.ts";
import { readNpyWithin, writeNpy } from "./npy.ts";
import { unzip } from "./zip.ts";

/** Options of {@linkcode readNpz}. */
export interface ReadNpzOptions {
  /**
   * How many bytes all arrays may have together, unpacked and as tensors: deflate makes a thousand bytes of one, and of whole numbers of one
   * byte the tensor has eight. Default: 1 GiB, or eight times the size of the file if that is more.
   */
  maxBytes?: number;
}

/** Options of {@linkcode writeNpz}. */
export interface NpzOptions {
  /** Whether the arrays are deflated, as by `numpy.savez_compressed`. Default: false. */
  compress?: boolean;
}

const readNames = new OptionNames<ReadNpzOptions>({ maxBytes: true });
const writeNames = new OptionNames<NpzOptions>({ compress: "flag" });

/**
 * Reads a `.npz` file, numpy's zip archive of arrays by name. See {@linkcode readNpy} for what becomes of their types.
 *
 * @throws {WeightsError} If it is broken, or holds something else than arrays of numbers, or more than `maxBytes`.
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
export function readNpz(file: Uint8Array | ArrayBuffer, options: ReadNpzOptions = {}): Tensors {
  readNames.check("readNpz", options);
  const bytes = bytesOf("readNpz", file), { maxBytes = Math.max(2 ** 30, 8 * bytes.length) } = options;
  checkNumber("readNpz", "maxBytes", maxBytes, 0);
  const tensors: [string, Tensor][] = [];
  let left = maxBytes;
  for (const [path, content] of unzip(bytes, maxBytes)) {
    if (!path.endsWith(".npy")) {
      throw new WeightsError(`The npz file holds ${JSON.stringify(path)}, which is not an array.`);
    }
    const name = path.slice(0, -".npy".length);
    try {
      const tensor = readNpyWithin(content, left);
      left -= tensor.data.byteLength;
      tensors.push([name, tensor]);
    } catch (error) {
      throw new WeightsError(`In the npz file, ${JSON.stringify(name)}: ${(error as Error).message}`, { cause: error });
    }
  }
  return Object.fromEntries(tensors);
}

/**
 * The bytes of a `.npz` file of tensors by name. The same tensors give the same bytes.
 *
 * @throws {TypeError | RangeError} If one is not a tensor.
 *
 * @example
 * ```ts
 * import { readNpz, writeNpz } from "@evenkeel/norm/weights";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const tensors = { scale: tensor([1, 2]), bias: tensor([0, 0]) };
 * assertEquals(readNpz(writeNpz(tensors, { compress: true })), tensors);
 * ```
 */
export function writeNpz(tensors: Tensors, options: NpzOptions = {}): Uint8Array<ArrayBuffer> {
  writeNames.check("writeNpz", options);
  checkTensors("writeNpz", tensors);
  const { compress = false } = options;
  const files = Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [`${name}.npy`, writeNpy(tensor)]));
  // Zip files hold local times; the first one they know says nothing about the writer.
  return zipSync(files, { level: compress ? 6 : 0, mtime: new Date(1980, 0, 1) });
}
