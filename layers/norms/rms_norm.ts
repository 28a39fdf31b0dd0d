import { OptionNames } from "../../kernels/option_names.ts";
import { checkStateless, refuseMask } from "../check_pass.ts";
import type { Activation } from "../../kernels/activation.ts";
import { checkActivation, checkNumber } from "../../kernels/check.ts";
import { rmsNorm, rmsNormBackward } from "../../kernels/rms_norm.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import { type AffineInit, affineInitNames, affineParameters, affinePass } from "./affine.ts";
import type { Context, Layer, Pass, Tensors } from "../layer.ts";
import { lastAxes } from "./layer_norm.ts";
import { savedStatistics } from "./saved_statistics.ts";
import { checkSizes, checkWholes, shapeOf } from "../shape.ts";

/** How an {@linkcode RMSNorm} is made. It has no bias unless one is asked for. */
export interface RMSNormInit extends AffineInit {
  /** The axes to normalize over, one for each entry of the shape. Default: the last ones. */
  axes?: readonly number[];
  /** Is added to the mean square. Default: 1e-5. */
  epsilon?: number;
  /** Is applied to the result. Default: nothing. */
  activation?: Activation;
}

const names = new OptionNames<RMSNormInit>({ ...affineInitNames, axes: true, epsilon: true, activation: true });

/**
 * Root mean square normalization (Zhang and Sennrich 2019): each sample, over its features,
 *
 *     y = activation(x / sqrt(mean(x^2) + epsilon) * scale + bias)
 *
 * Training and evaluation are the same. Parameter `scale`, and `bias` if asked for, have the layer's shape.
 *
 * @example
 * ```ts
 * import { RMSNorm } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const y = new RMSNorm(2).evaluate(tensor(new Float32Array([3, 4]), [1, 2]));
 * assertAlmostEquals(y.data[0], 3 / Math.sqrt(12.5), 1e-5);
 * ```
 */
export class RMSNorm implements Layer {
  /** `scale`, and `bias` if it was asked for. */
  readonly parameters: Tensors;
  /** None. */
  readonly state: Tensors = {};
  /** The axes that are normalized over. */
  readonly axes: readonly number[];
  /** Their sizes, those of the parameters. */
  readonly shape: readonly number[];
  /** What is added to the mean square. */
  readonly epsilon: number;
  /** What is applied to the result. */
  readonly activation: Activation | undefined;

  /**
   * A layer before its training.
   *
   * @param shape The sizes of the normalized axes, or the one size.
   * @throws {TypeError | RangeError} If an option does not fit.
   */
  constructor(shape: number | readonly number[], init: RMSNormInit = {}) {
    names.check("RMSNorm", init);
    const sizes = shapeOf("RMSNorm", shape), { axes = lastAxes(sizes), epsilon = 1e-5, activation } = init;
    this.parameters = affineParameters("RMSNorm", { bias: false, ...init }, sizes);
    checkNumber("RMSNorm", "epsilon", epsilon, 0);
    checkActivation("RMSNorm", activation);
    checkWholes("RMSNorm", axes);
    this.shape = sizes;
    this.axes = axes;
    this.epsilon = epsilon;
    this.activation = activation;
  }

  /** A mask says nothing to statistics of one axis, which are those of each position alone. */
  #check(pass: string, state: Tensors | undefined, context: Context | undefined): void {
    checkStateless(`RMSNorm.${pass}`, state, context);
    if (this.shape.length > 1) refuseMask(`RMSNorm.${pass}`, context);
  }

  /** What the kernels take. */
  get #options() {
    const { axes, epsilon, activation } = this;
    return { ...this.parameters, axes, epsilon, activation };
  }

  /** Normalizes, and keeps the statistics for the way back. */
  train(x: Tensor, state?: Tensors, context?: Context): Pass {
    this.#check("train", state, context);
    const axes = checkSizes("RMSNorm.train", x, this.axes, this.shape), options = this.#options;
    const { invStdDev } = savedStatistics(x.dims.map((size, d) => axes.includes(d) ? 1 : size));
    const y = rmsNorm(x, { ...options, out: { invStdDev } });
    return affinePass(y, (dy) => rmsNormBackward(x, dy, { ...options, invStdDev }));
  }

  /** Normalizes. */
  evaluate(x: Tensor, state?: Tensors, context?: Context): Tensor {
    this.#check("evaluate", state, context);
    checkSizes("RMSNorm.evaluate", x, this.axes, this.shape);
    return rmsNorm(x, this.#options);
  }
}
