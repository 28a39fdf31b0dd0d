import { OptionNames } from "../../kernels/option_names.ts";
import { checkStateless, refuseMask } from "../check_pass.ts";
import { checkAlike, checkCount, checkNumber } from "../../kernels/check.ts";
import { sizeOf, type Tensor, zeros } from "../../kernels/tensor.ts";
import { type AffineInit, affineInitNames, affineParameters, affinePass } from "./affine.ts";
import { tensorLike } from "../gradients.ts";
import type { Context, Layer, Pass, Tensors } from "../layer.ts";
import { checkFeatures, checkWhole } from "../shape.ts";

/** How a {@linkcode GlobalResponseNorm} is made. `scale` and `bias` start at 0 unless they are given. */
export interface GlobalResponseNormInit extends AffineInit {
  /** The axis of the channels, 1 by default (NCHW), as in other layers; -1 for channels last, as in the paper. */
  axis?: number;
  /** Is added to the mean of the norms. Default: 1e-6. */
  epsilon?: number;
}

/** The sums over the positions of each channel of one sample. */
interface Sample {
  /** Calls back with each element's place and channel. */
  each(visit: (place: number, channel: number) => void): void;
}

const names = new OptionNames<GlobalResponseNormInit>({ ...affineInitNames, axis: true, epsilon: true });

/**
 * Global response normalization (Woo et al. 2023, ConvNeXt V2): channels compete by their norms over all positions of a sample,
 *
 *     g_c = |x_c|,  n_c = g_c / (mean(g) + epsilon),  y = scale * (x n) + bias + x
 *
 * Parameters `scale` and `bias` have one entry a channel and start at 0, so that the layer starts as the identity.
 *
 * @example
 * ```ts
 * import { GlobalResponseNorm } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 * import { assertEquals } from "@std/assert";
 *
 * const x = tensor(new Float32Array([1, 2, 3, 4]), [1, 2, 2]);
 * assertEquals([...new GlobalResponseNorm(2).evaluate(x).data], [1, 2, 3, 4]);
 * ```
 */
export class GlobalResponseNorm implements Layer {
  /** `scale` and `bias`, unless they were declined. */
  readonly parameters: Tensors;
  /** None. */
  readonly state: Tensors = {};
  /** How many channels there are. */
  readonly channels: number;
  /** The axis of the channels. */
  readonly axis: number;
  /** What is added to the mean of the norms. */
  readonly epsilon: number;

  /**
   * A layer that starts as the identity.
   *
   * @param channels How many channels there are.
   * @throws {TypeError | RangeError} If an option does not fit.
   */
  constructor(channels: number, init: GlobalResponseNormInit = {}) {
    names.check("GlobalResponseNorm", init);
    const { axis = 1, epsilon = 1e-6, scale = true } = init;
    checkWhole("GlobalResponseNorm", "axis", axis);
    checkCount("GlobalResponseNorm", "channels", channels);
    checkNumber("GlobalResponseNorm", "epsilon", epsilon, 0);
    this.parameters = affineParameters("GlobalResponseNorm", init, [channels]);
    if (scale === true) this.parameters.scale.data.fill(0);
    this.channels = channels;
    this.axis = axis;
    this.epsilon = epsilon;
  }

  /** Applies the formula. */
  evaluate(x: Tensor, state?: Tensors, context?: Context): Tensor {
    checkStateless("GlobalResponseNorm", state, context);
    refuseMask("GlobalResponseNorm", context);
    const samples = this.#samples("GlobalResponseNorm", x);
    const { scale, bias } = this.parameters, y = zeros(x.type, x.dims);
    for (const sample of samples) {
      const { response } = this.#responses(x, sample);
      sample.each((i, c) => {
        y.data[i] = x.data[i] * (1 + (scale?.data[c] ?? 1) * response[c]) + (bias?.data[c] ?? 0);
      });
    }
    return y;
  }

  /** Applies the formula; the way back goes through the norms too. */
  train(x: Tensor, state?: Tensors, context?: Context): Pass {
    return affinePass(this.evaluate(x, state, context), (dy) => this.#backward(x, dy));
  }

  /**
   * With s = mean(g) + epsilon, h = dy scale and dn_c = sum(h x) over positions:
   * dg_c = dn_c / s - sum_k(dn_k g_k) / (C s^2), and dx = dy + h n + dg x / g.
   */
  #backward(x: Tensor, dy: Tensor): { dx: Tensor; dScale?: Tensor; dBias?: Tensor } {
    checkAlike("GlobalResponseNorm.backward", "dy", dy, x);
    const { scale, bias } = this.parameters, { channels } = this, dx = zeros(x.type, x.dims);
    const dScale = new Float64Array(channels), dBias = new Float64Array(channels);
    for (const sample of this.#samples("GlobalResponseNorm", x)) {
      const { norm, response, divisor } = this.#responses(x, sample);
      const product = new Float64Array(channels), sum = new Float64Array(channels);
      sample.each((i, c) => {
        product[c] += dy.data[i] * x.data[i];
        sum[c] += dy.data[i];
      });
      const dResponse = product.map((p, c) => p * (scale?.data[c] ?? 1));
      const common = dResponse.reduce((total, d, c) => total + d * norm[c], 0) / (channels * divisor ** 2);
      sample.each((i, c) => {
        const through = norm[c] === 0 ? 0 : (dResponse[c] / divisor - common) * x.data[i] / norm[c];
        dx.data[i] = dy.data[i] * (1 + (scale?.data[c] ?? 1) * response[c]) + through;
      });
      for (let c = 0; c < channels; c++) {
        dScale[c] += product[c] * response[c];
        dBias[c] += sum[c];
      }
    }
    return { dx, ...scale && { dScale: tensorLike(scale, dScale) }, ...bias && { dBias: tensorLike(bias, dBias) } };
  }

  #responses(x: Tensor, sample: Sample): { norm: Float64Array; response: Float64Array; divisor: number } {
    const { channels } = this, square = new Float64Array(channels);
    sample.each((i, c) => square[c] += x.data[i] ** 2);
    const norm = square.map(Math.sqrt), divisor = norm.reduce((a, b) => a + b, 0) / channels + this.epsilon;
    return { norm, response: norm.map((g) => g / divisor), divisor };
  }

  #samples(operation: string, x: Tensor): Sample[] {
    const { channels } = this, axis = checkFeatures(operation, x, this.axis, channels);
    if (axis === 0) throw new RangeError(`${operation}: axis is ${this.axis}, which is that of the samples.`);
    const inner = sizeOf(x.dims.slice(axis + 1)), size = sizeOf(x.dims.slice(1));
    return Array.from({ length: x.dims[0] }, (_, n) => ({
      each(visit) {
        for (let i = n * size; i < (n + 1) * size; i++) visit(i, Math.floor(i / inner) % channels);
      },
    }));
  }
}
