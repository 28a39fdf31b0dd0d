import { affineNames } from "../affine.ts";
import { checkSymbolic } from "../check.ts";
import { OptionNames } from "../../kernels/option_names.ts";
import { layerNorm, type LayerNormOptions } from "../norms/layer_norm.ts";
import type { SymbolicTensor } from "../symbolic_tensor.ts";

/**
 * Images as sequences of pixels: `b c h w -> b (h w) c`.
 *
 * @throws {RangeError} If x has not four dimensions.
 *
 * @example There and back
 * ```ts
 * import { modelOf, to3d, to4d } from "@evenkeel/norm/models";
 *
 * const model = modelOf((x) => to4d(to3d(x), x), { x: ["N", 48, "H", "W"] });
 * ```
 */
export function to3d(x: SymbolicTensor): SymbolicTensor {
  checkSymbolic("to3d", "x", x, 0);
  const [samples, channels, height, width] = x.dims;
  if (x.dims.length !== 4) {
    throw new RangeError(
      `to3d: x has ${x.dims.length} dimensions; it must have 4, [samples, channels, height, width].`,
    );
  }
  const pixels = typeof height === "number" && typeof width === "number" ? height * width : undefined;
  // Where the number of channels is not known, -1 can only stand for the pixels, and 0 keeps the channels.
  const rows = x.reshape([0, 0, pixels ?? -1], [samples, channels, pixels]);
  const y = rows.op("Transpose", [], { perm: [0n, 2n, 1n] });
  return y.of(y.value, { dims: [samples, pixels, channels] });
}

/**
 * Sequences of pixels as images again: `b (h w) c -> b c h w`.
 *
 * @param image The image whose sizes it takes.
 * @throws {RangeError} If y has not three dimensions at least, or image not four.
 *
 * @example See {@linkcode to3d}
 * ```ts
 * import { modelOf, to3d, to4d } from "@evenkeel/norm/models";
 *
 * const model = modelOf((x) => to4d(to3d(x).op("Relu"), x), { x: ["N", 48, "H", "W"] });
 * ```
 */
export function to4d(y: SymbolicTensor, image: SymbolicTensor): SymbolicTensor {
  checkSymbolic("to4d", "y", y, 3);
  checkSymbolic("to4d", "image", image, 4);
  return y.op("Transpose", [], { perm: [0n, 2n, 1n] }).reshapeLike(image);
}

/** Options of {@linkcode restormerLayerNorm}. */
export interface RestormerLayerNormOptions extends Omit<LayerNormOptions, "axes" | "subtractMean"> {
  /** Which of Restormer's two: `"WithBias"` is layer norm, `"BiasFree"` divides x by its deviation without subtracting the mean. */
  kind: "WithBias" | "BiasFree";
}

const restormerLayerNormOptions = new OptionNames<RestormerLayerNormOptions>({
  ...affineNames,
  kind: true,
  epsilon: true,
  form: true,
});

/**
 * Restormer's layer norms (Zamir et al. 2022) of images [N, C, H, W], over the channels of each pixel: to sequences of pixels,
 * normalized, and back to images.
 *
 * `layerNorm(x, { axes: [1] })` gives the same without moving a pixel.
 *
 * @throws {RangeError} If x has not four dimensions, or a bias is given to the BiasFree one.
 *
 * @example
 * ```ts
 * import { modelOf, restormerLayerNorm } from "@evenkeel/norm/models";
 *
 * const model = modelOf((x) => restormerLayerNorm(x, { kind: "BiasFree", scale: "weight" }), { x: ["N", 48, "H", "W"] });
 * ```
 */
export function restormerLayerNorm(x: SymbolicTensor, options: RestormerLayerNormOptions): SymbolicTensor {
  restormerLayerNormOptions.check("restormerLayerNorm", options);
  const { kind, ...rest }: Partial<RestormerLayerNormOptions> = options ?? {};
  if (kind !== "WithBias" && kind !== "BiasFree") {
    throw new RangeError(`restormerLayerNorm: kind is ${JSON.stringify(kind)}; it must be "WithBias" or "BiasFree".`);
  }
  if (kind === "BiasFree" && rest.bias !== undefined) {
    throw new RangeError(
      `restormerLayerNorm: bias is given, and "BiasFree" has none. Leave it out, or take "WithBias".`,
    );
  }
  return to4d(layerNorm(to3d(x), { ...rest, subtractMean: kind === "WithBias" }), x);
}
