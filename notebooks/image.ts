import { encode } from "fast-png";
import type { Tensor } from "../kernels/tensor.ts";
import { card, escape, type Figure, grid, type Part, textWidth } from "./figure.ts";

/** A picture for {@linkcode images}. */
export interface Image {
  /** The pixels: [height, width] or [1, height, width] for grey, [3, height, width] for red, green and blue. */
  pixels: Tensor;
  /** What stands above it. */
  title?: string;
  /** The values that are black and white, or no light and full light of a colour. Default: [0, 1]. What lies outside is cut. */
  range?: readonly [number, number];
}

/** Options of {@linkcode images}. */
export interface ImagesOptions {
  /** What the pictures show together. */
  title?: string;
  /** How many stand side by side. Default: as many as there are. */
  columns?: number;
  /** How many pixels of the screen a side of a pixel takes. Default: 1. */
  scale?: number;
}

/**
 * Pictures of tensors as one figure, side by side, each pixel a sharp square.
 *
 * @throws {RangeError} If a tensor has other dims than those of a picture.
 *
 * @example A gradient from black to white
 * ```ts
 * import { images } from "@evenkeel/norm/notebook";
 * import { tensor } from "@evenkeel/norm";
 *
 * const pixels = tensor(Float32Array.from({ length: 64 }, (_, i) => i / 63), [8, 8]);
 * images([{ title: "64 greys", pixels }], { scale: 8 });
 * ```
 */
export function images(
  pictures: readonly Image[],
  { title, columns = pictures.length, scale = 1 }: ImagesOptions = {},
): Figure {
  return card(grid(pictures.map((picture) => drawn(picture, scale)), columns), title);
}

function drawn({ pixels, title = "", range = [0, 1] }: Image, scale: number): Part {
  const { dims } = pixels, [height, width] = dims.slice(-2), channels = dims.length === 2 ? 1 : dims[0];
  if (dims.length < 2 || dims.length > 3 || (channels !== 1 && channels !== 3)) {
    throw new RangeError(
      `images: the dims of a picture are [${dims}]; they must be [height, width], [1, height, width] or [3, height, width].`,
    );
  }
  const png = encode({ width, height, channels, depth: 8, data: interleaved(pixels, channels, range) });
  const heading = title === "" ? 0 : 22, w = width * scale, h = height * scale;
  return {
    svg: `<text y="12">${escape(title)}</text>` +
      `<image y="${heading}" width="${w}" height="${h}" preserveAspectRatio="none" style="image-rendering:pixelated" ` +
      `href="data:image/png;base64,${png.toBase64()}"/>`,
    width: Math.max(w, Math.ceil(textWidth(title))),
    height: h + heading,
  };
}

/** Bytes of 0 to 255, the channels of a pixel next to each other. */
function interleaved({ data }: Tensor, channels: number, [low, high]: readonly [number, number]): Uint8ClampedArray {
  const size = data.length / channels, bytes = new Uint8ClampedArray(data.length);
  for (let i = 0; i < data.length; i++) {
    bytes[(i % size) * channels + Math.floor(i / size)] = 255 * (data[i] - low) / (high - low);
  }
  return bytes;
}
