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
  readonly #image: Extent;
  readonly #places: Extent;
  readonly #movement: Movement;
  /** The image with its padding, so that no patch reaches beyond it. */
  readonly #padded: Extent;

  /** The patches of images of one size. */
  constructor([height, width]: Extent, movement: Movement) {
    const { padding } = movement;
    this.#image = [height, width];
    this.#places = placesOf([height, width], movement);
    this.#movement = movement;
    this.#padded = [height + 2 * padding[0], width + 2 * padding[1]];
  }

  /** Fills a matrix with the patches of an image. */
  gather(image: Tensor["data"], matrix: Tensor["data"]): void {
    const [rows, columns] = this.#places, padded = this.#withPadding(image, this.#channelsOf(matrix));
    const { kernel, stride, dilation } = this.#movement, [height, width] = this.#padded, step = stride[1];
    for (let to = 0, channel = 0; to < matrix.length; channel += height * width) {
      for (let k = 0; k < kernel[0] * kernel[1]; k++) {
        const i = Math.floor(k / kernel[1]), j = k % kernel[1];
        let line = channel + i * dilation[0] * width + j * dilation[1];
        for (let row = 0; row < rows; row++, line += stride[0] * width) {
          for (let from = line, end = to + columns; to < end; to++, from += step) matrix[to] = padded[from];
        }
      }
    }
  }

  /** Adds each element of a matrix to the element of an image that it is a copy of: the way back. */
  scatter(matrix: Tensor["data"], image: Tensor["data"]): void {
    const [rows, columns] = this.#places, padded = this.#withPadding(image, this.#channelsOf(matrix));
    const { kernel, stride, dilation } = this.#movement, [height, width] = this.#padded, step = stride[1];
    for (let from = 0, channel = 0; from < matrix.length; channel += height * width) {
      for (let k = 0; k < kernel[0] * kernel[1]; k++) {
        const i = Math.floor(k / kernel[1]), j = k % kernel[1];
        let line = channel + i * dilation[0] * width + j * dilation[1];
        for (let row = 0; row < rows; row++, line += stride[0] * width) {
          for (let to = line, end = from + columns; from < end; from++, to += step) padded[to] += matrix[from];
        }
      }
    }
    if (padded !== image) this.#withoutPadding(padded, image, this.#channelsOf(matrix));
  }

  #channelsOf(matrix: Tensor["data"]): number {
    const { kernel } = this.#movement, [rows, columns] = this.#places;
    return matrix.length / (kernel[0] * kernel[1] * rows * columns);
  }

  /** The channels of an image with zeros around each; the image itself where there is no padding. */
  #withPadding(image: Tensor["data"], channels: number): Tensor["data"] {
    const { padding } = this.#movement, [, width] = this.#image;
    if (padding[0] === 0 && padding[1] === 0) return image;
    const padded = new (image.constructor as Float32ArrayConstructor)(channels * this.#padded[0] * this.#padded[1]);
    this.#eachLine(channels, (at, from) => {
      for (let x = 0; x < width; x++) padded[at + x] = image[from + x];
    });
    return padded;
  }

  #withoutPadding(padded: Tensor["data"], image: Tensor["data"], channels: number): void {
    const [, width] = this.#image;
    this.#eachLine(channels, (from, at) => {
      for (let x = 0; x < width; x++) image[at + x] = padded[from + x];
    });
  }

  /** Calls `copy` for each line of each channel, with where it begins in the padded image and in the image. */
  #eachLine(channels: number, copy: (padded: number, image: number) => void): void {
    const { padding } = this.#movement, [height, width] = this.#image;
    for (let channel = 0; channel < channels; channel++) {
      for (let y = 0; y < height; y++) {
        const line = channel * this.#padded[0] + y + padding[0];
        copy(line * this.#padded[1] + padding[1], (channel * height + y) * width);
      }
    }
  }
}
