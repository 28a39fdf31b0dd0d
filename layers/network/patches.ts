import { describe, type Tensor } from "../../kernels/tensor.ts";

/** Sizes along height and width. */
export type Extent = readonly [height: number, width: number];

/** How a kernel moves over an image. */
export interface Movement {
  /** The size of the kernel. */
  kernel: Extent;
  /** How far it moves from one place to the next. */
  stride: Extent;
  /** How many zeros are put before and behind the image. */
  padding: Extent;
  /** How far the elements under it are apart. */
  dilation: Extent;
}

/** What lies beyond the image. */
export const OUTSIDE = -1;

/** A size for each axis of the image, from one number or two. */
export function extentOf(operation: string, name: string, given: number | Extent, least: number): Extent {
  const extent = typeof given === "number" ? [given, given] : given;
  if (!Array.isArray(extent) || extent.length !== 2) {
    throw new TypeError(
      `${operation}: ${name} is ${describe(given)}; it must be a number, or two, as in [height, width].`,
    );
  }
  for (const size of extent) {
    if (!Number.isInteger(size) || size < least) {
      throw new RangeError(`${operation}: ${name} is [${extent}]; each must be a whole number, at least ${least}.`);
    }
  }
  return [extent[0], extent[1]];
}

/** A size along the one axis of a sequence, which is an image of height 1. */
export function lengthOf(operation: string, name: string, given: number, least: number): number {
  if (Number.isInteger(given) && given >= least) return given;
  const shown = typeof given === "number" ? given : describe(given);
  throw new RangeError(`${operation}: ${name} is ${shown}; it must be a whole number, at least ${least}.`);
}

/** In how many places a kernel fits along each axis; less than one where it does not fit. */
export function placesOf(image: Extent, { kernel, stride, padding, dilation }: Movement): Extent {
  const along = (d: 0 | 1) =>
    Math.floor((image[d] + 2 * padding[d] - dilation[d] * (kernel[d] - 1) - 1) / stride[d]) + 1;
  return [along(0), along(1)];
}

/** Where the elements under a kernel are in an image, for each element of the kernel and each place: [kernel, places]. */
export function patchIndex([height, width]: Extent, movement: Movement): Int32Array {
  const { kernel, stride, padding, dilation } = movement, [rows, columns] = placesOf([height, width], movement);
  const index = new Int32Array(kernel[0] * kernel[1] * rows * columns);
  let next = 0;
  for (let i = 0; i < kernel[0]; i++) {
    for (let j = 0; j < kernel[1]; j++) {
      for (let row = 0; row < rows; row++) {
        const y = row * stride[0] - padding[0] + i * dilation[0], inside = y >= 0 && y < height;
        for (let column = 0; column < columns; column++) {
          const x = column * stride[1] - padding[1] + j * dilation[1];
          index[next++] = inside && x >= 0 && x < width ? y * width + x : OUTSIDE;
        }
      }
    }
  }
  return index;
}

/**
 * The patches of an image under a kernel in all its places, as a matrix [channels * kernel, places] ("im2col"), so that a convolution is
 * a product of matrices (Chellapilla, Puri and Simard 2006).
 */
export class Patches {
  /** For each element of the matrix of one channel, where it is in the channel. */
  readonly #index: Int32Array;
  readonly #channel: number;

  /** The patches of images of one size. */
  constructor([height, width]: Extent, movement: Movement) {
    this.#channel = height * width;
    this.#index = patchIndex([height, width], movement);
  }

  /** Fills a matrix with the patches of an image. */
  gather(image: Tensor["data"], matrix: Tensor["data"]): void {
    const index = this.#index, size = index.length;
    for (let at = 0, channel = 0; at < matrix.length; at += size, channel += this.#channel) {
      for (let i = 0; i < size; i++) matrix[at + i] = index[i] === OUTSIDE ? 0 : image[channel + index[i]];
    }
  }

  /** Adds each element of a matrix to the element of an image that it is a copy of: the way back. */
  scatter(matrix: Tensor["data"], image: Tensor["data"]): void {
    const index = this.#index, size = index.length;
    for (let at = 0, channel = 0; at < matrix.length; at += size, channel += this.#channel) {
      for (let i = 0; i < size; i++) if (index[i] !== OUTSIDE) image[channel + index[i]] += matrix[at + i];
    }
  }
}
