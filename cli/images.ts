import { convertIndexedToRgb, decode as decodePng } from "fast-png";
import jpeg from "jpeg-js";
import { extname } from "node:path";

/** How pixels become numbers: `(low + (high - low) pixel / largest pixel - mean) / deviation`, each channel by its own. */
export interface Scaling {
  /** What black and white become. */
  readonly pixels: readonly [low: number, high: number];
  /** What is subtracted from each channel. Default: 0. */
  readonly mean?: readonly number[];
  /** What each channel is divided by after that. Default: 1. */
  readonly deviation?: readonly number[];
}

/** A picture: pixel by pixel, row by row, the channels of each side by side, 0 to 1. */
interface Picture {
  readonly width: number;
  readonly height: number;
  /** 1 for shades of gray, 3 for red, green and blue. */
  readonly channels: number;
  readonly data: Float32Array;
}

/** What of a file's decoding is needed. */
interface Decoded {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly depth: number;
  readonly data: ArrayLike<number>;
}

function decoded(file: string, bytes: Uint8Array): Decoded {
  if (extname(file).toLowerCase() !== ".png") {
    return { ...jpeg.decode(bytes, { useTArray: true }), channels: 4, depth: 8 };
  }
  const png = decodePng(bytes), { palette } = png;
  if (palette) return { ...png, data: convertIndexedToRgb(png), channels: palette[0].length, depth: 8 };
  if (png.depth < 8) throw new TypeError(`it has ${png.depth} bits a pixel; save it with 8 or 16`);
  return png;
}

/** A PNG or a JPEG, of which transparency is left out. */
function readPicture(file: string, bytes: Uint8Array): Picture {
  const { width, height, channels: stored, depth, data } = decoded(file, bytes), channels = stored < 3 ? 1 : 3;
  const largest = 2 ** depth - 1, values = new Float32Array(width * height * channels);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < channels; c++) values[i * channels + c] = data[i * stored + c] / largest;
  }
  return { width, height, channels, data: values };
}

/** Luminance by ITU-R BT.601, as Pillow's "L" is. */
const luminance = [0.299, 0.587, 0.114];

/** A picture with as many channels as a model wants: gray is repeated, and colours become gray by their luminance. */
function withChannels({ data, channels, width, height }: Picture, wanted: number): Picture {
  const values = new Float32Array(width * height * wanted);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < wanted; c++) {
      values[i * wanted + c] = channels === wanted
        ? data[i * channels + c]
        : channels === 1
        ? data[i]
        : luminance.reduce((sum, share, c) => sum + share * data[i * 3 + c], 0);
    }
  }
  return { width, height, channels: wanted, data: values };
}

/** What a model wants of pictures: where the channels are, and the sizes that it says. */
export interface PictureLayout {
  readonly channels: number;
  readonly channelsFirst: boolean;
  readonly height?: number;
  readonly width?: number;
}

/** The layout for a model's input of four dims: [N, C, H, W] or [N, H, W, C], whichever has 1 or 3 channels. */
export function pictureLayout(dims: readonly unknown[]): PictureLayout {
  const size = (dim: unknown) => typeof dim === "number" ? dim : undefined, [, second, third, fourth] = dims;
  for (
    const [channels, channelsFirst, height, width] of [[second, true, third, fourth], [fourth, false, second, third]]
  ) {
    if (dims.length !== 4 || (channels !== 1 && channels !== 3)) continue;
    return { channels, channelsFirst: channelsFirst === true, height: size(height), width: size(width) };
  }
  throw new TypeError(
    `pictures are for an input [N, C, H, W] or [N, H, W, C] of 1 or 3 channels; the model's is [${
      dims.map((dim) => dim ?? "?").join(", ")
    }]`,
  );
}

/** A file's pixels as numbers, laid as a model wants them. */
export function imageValues(
  file: string,
  bytes: Uint8Array,
  { channels, channelsFirst, ...wanted }: PictureLayout,
  { pixels: [low, high], mean = [0], deviation = [1] }: Scaling,
): { readonly dims: readonly [number, number, number]; readonly data: Float32Array } {
  const { width, height, data } = withChannels(readPicture(file, bytes), channels);
  if (width !== (wanted.width ?? width) || height !== (wanted.height ?? height)) {
    throw new RangeError(
      `it is ${width} x ${height}, and the model wants ${wanted.width ?? "any"} x ${
        wanted.height ?? "any"
      }: resize it as ` +
        "pictures were in training",
    );
  }
  for (const list of [mean, deviation]) {
    if (list.length !== 1 && list.length !== channels) {
      throw new RangeError(`--mean and --std are of ${list.length} channels, and the model's input has ${channels}`);
    }
  }
  const values = new Float32Array(data.length),
    size = width * height,
    of = (list: readonly number[], c: number) => list[list.length === 1 ? 0 : c];
  for (let i = 0; i < size; i++) {
    for (let c = 0; c < channels; c++) {
      const pixel = low + (high - low) * data[i * channels + c];
      values[channelsFirst ? c * size + i : i * channels + c] = (pixel - of(mean, c)) / of(deviation, c);
    }
  }
  return { dims: channelsFirst ? [channels, height, width] : [height, width, channels], data: values };
}
