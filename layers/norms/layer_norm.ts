import { OptionNames } from "../../kernels/option_names.ts";
import { checkStateless, refuseMask } from "../check_pass.ts";
import { checkActivation, checkNumber } from "../../kernels/check.ts";
import { layerNorm, layerNormBackward } from "../../kernels/layer_norm.ts";
import type { Activation } from "../../kernels/activation.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import { type AffineInit, affineInitNames, affineParameters, affinePass } from "./affine.ts";
import type { Context, Layer, Pass, Tensors } from "../layer.ts";
import { savedStatistics } from "./saved_statistics.ts";
import { checkSizes, checkWholes, shapeOf } from "../shape.ts";

/** How a {@linkcode LayerNorm} is made. */
export interface LayerNormInit extends AffineInit {
  /** The axes to normalize over, one for each entry of the shape. Default: the last ones. */
  axes?: readonly number[];
  /** Is added to the variance. Default: 1e-5. */
  epsilon?: number;
  /** Whether the mean is subtracted; Restormer's BiasFree form does not. Default: true. */
  subtractMean?: boolean;
  /** Is applied to the result. Default: nothing. */
  activation?: Activation;
}

const names = new OptionNames<LayerNormInit>({
  ...affineInitNames,
  axes: true,
  epsilon: true,
  subtractMean: "flag",
  activation: true,
});

/**
 * Layer normalization (Ba, Kiros and Hinton 2016): each sample, over its features,
 *
 *     y = activation((x - mean) / sqrt(variance + epsilon) * scale + bias)
 *
 * Training and evaluation are the same. Parameters `scale` and `bias` have the layer's shape.
 *
 * @example
 * ```ts
 * import { LayerNorm } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const layer = new LayerNorm(5);
 * const y = layer.evaluate(tensor(new Float32Array([2, 3, 5, 1, 4]), [1, 5]));
 * assertAlmostEquals(y.data[2], Math.SQRT2, 1e-5);
 * ```
 */
export class LayerNorm implements Layer {
  /** `scale` and `bias`, unless they were declined. */
  readonly parameters: Tensors;
  /** None. */
  readonly state: Tensors = {};
  /** The axes that are normalized over. */
  readonly axes: readonly number[];
  /** Their sizes, those of the parameters. */
  readonly shape: readonly number[];
  /** What is added to the variance. */
  readonly epsilon: number;
  /** Whether the mean is subtracted. */
  readonly subtractMean: boolean;
  /** What is applied to the result. */
  readonly activation: Activation | undefined;

  /**
   * A layer before its training.
   *
   * @param shape The sizes of the normalized axes, or the one size.
   * @throws {TypeError | RangeError} If an option does not fit.
   */
  constructor(shape: number | readonly number[], init: LayerNormInit = {}) {
    names.check("LayerNorm", init);
    const sizes = shapeOf("LayerNorm", shape);
    const { axes = lastAxes(sizes), epsilon = 1e-5, subtractMean = true, activation } = init;
    this.parameters = affineParameters("LayerNorm", init, sizes);
    checkNumber("LayerNorm", "epsilon", epsilon, 0);
    checkActivation("LayerNorm", activation);
    checkWholes("LayerNorm", axes);
    this.shape = sizes;
    this.axes = axes;
    this.epsilon = epsilon;
    this.subtractMean = subtractMean;
    this.activation = activation;
  }

  /** A mask says nothing to statistics of one axis, which are those of each position alone. */
  #check(pass: string, state: Tensors | undefined, context: Context | undefined): void {
    checkStateless(`LayerNorm.${pass}`, state, context);
    if (this.shape.length > 1) refuseMask(`LayerNorm.${pass}`, context);
  }

  /** What the kernels take. */
  get #options() {
    const { axes, epsilon, subtractMean, activation } = this;
    return { ...this.parameters, axes, epsilon, subtractMean, activation };
  }

  /** Normalizes, and keeps the statistics for the way back. */
  train(x: Tensor, state?: Tensors, context?: Context): Pass {
    this.#check("train", state, context);
    const axes = checkSizes("LayerNorm.train", x, this.axes, this.shape), options = this.#options;
    const saved = savedStatistics(x.dims.map((size, d) => axes.includes(d) ? 1 : size));
    const y = layerNorm(x, { ...options, out: saved });
    return affinePass(y, (dy) => layerNormBackward(x, dy, { ...options, ...saved }));
  }

  /** Normalizes. */
  evaluate(x: Tensor, state?: Tensors, context?: Context): Tensor {
    this.#check("evaluate", state, context);
    checkSizes("LayerNorm.evaluate", x, this.axes, this.shape);
    return layerNorm(x, this.#options);
  }
}

/** The last axes, as many as there are sizes, counted from the end. */
export function lastAxes(sizes: readonly number[]): number[] {
  return sizes.map((_, i) => i - sizes.length);
}

/**
 * Restormer's layer norms (Zamir et al. 2022) by their names there: over the channels of NCHW images, without a transpose.
 * `"WithBias"` is layer norm; `"BiasFree"` divides x, its mean left in, by the deviation about the mean, and has no bias.
 *
 * @param channels How many channels there are.
 * @throws {RangeError} If the name is another.
 *
 * @example
 * ```ts
 * import { restormerLayerNorm } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 *
 * const layer = restormerLayerNorm(2, "BiasFree");
 * const y = layer.evaluate(tensor(new Float32Array(8).fill(1), [1, 2, 2, 2]));
 * ```
 */
export function restormerLayerNorm(channels: number, name: "BiasFree" | "WithBias"): LayerNorm {
  if (name !== "BiasFree" && name !== "WithBias") {
    throw new RangeError(`restormerLayerNorm: name is ${JSON.stringify(name)}; it must be "BiasFree" or "WithBias".`);
  }
  const withBias = name === "WithBias";
  return new LayerNorm(channels, { axes: [1], subtractMean: withBias, bias: withBias });
}
