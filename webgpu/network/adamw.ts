import { checkNumber } from "../../kernels/check.ts";
import { OptionNames } from "../../kernels/option_names.ts";
import type { AdamWInit } from "../../layers/training/adamw.ts";
import type { Gpu } from "../gpu.ts";
import type { GpuTensors } from "./layer.ts";
import { GpuOptimizer, type GpuParameterGroup, type GpuUpdate } from "./optimizer.ts";

/** How a {@linkcode GpuAdamW} is made: as `AdamW` of `@evenkeel/norm/layers`. */
export interface GpuAdamWInit extends Omit<AdamWInit, "groups"> {
  /** Parameters to be treated otherwise than the rest: not trained, slower, or with another decay. Default: none. */
  groups?: readonly GpuParameterGroup[];
}

const names = new OptionNames<GpuAdamWInit>({
  rate: true,
  beta1: true,
  beta2: true,
  epsilon: true,
  weightDecay: true,
  groups: true,
});

/**
 * Adam with decoupled weight decay on the device, as `AdamW` of `@evenkeel/norm/layers`: with t the number of the parameter's step,
 *
 *     m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2
 *     parameter -= rate * (weightDecay * parameter + (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon))
 *
 * A gradient below 1e-19 has no square in float32: it is as 0.
 *
 * @example
 * ```ts
 * import { GpuAdamW, openGpu } from "@evenkeel/norm/webgpu";
 * import { tensor } from "@evenkeel/norm";
 *
 * const gpu = await openGpu().catch((error) => console.log(error.message));
 * if (gpu) {
 *   const weight = gpu.upload(tensor([1])), optimizer = new GpuAdamW(gpu, { weight }, { rate: 0.1, weightDecay: 0 });
 *   optimizer.step({ weight: gpu.upload(tensor([5])) });
 *   console.log((await weight.read()).data); // 0.9
 *   await gpu.close();
 * }
 * ```
 */
export class GpuAdamW extends GpuOptimizer {
  /** The weight of the old mean of gradients. */
  readonly beta1: number;
  /** The weight of the old mean of their squares. */
  readonly beta2: number;
  /** What is added to the root of the mean square. */
  readonly epsilon: number;
  /** How many steps there were, beside the mean of gradients and that of their squares. */
  protected readonly countsSteps: boolean = true;

  /**
   * An optimizer of these parameters that has made no step.
   *
   * @throws {TypeError | RangeError} If an option is not a number of at least 0.
   */
  constructor(gpu: Gpu, parameters: GpuTensors, init: GpuAdamWInit = {}) {
    names.check("GpuAdamW", init);
    const { rate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0.01, groups } = init;
    for (const [name, value] of Object.entries({ beta1, beta2, epsilon })) checkNumber("GpuAdamW", name, value, 0);
    for (const [name, weight] of Object.entries({ beta1, beta2 })) {
      if (weight >= 1) {
        throw new RangeError(`GpuAdamW: ${name} is ${weight}; it is the weight of an old mean, below 1.`);
      }
    }
    super(gpu, parameters, { rate, weightDecay, groups, kinds: ["mean", "square"] });
    this.beta1 = beta1;
    this.beta2 = beta2;
    this.epsilon = epsilon;
  }

  /** The corrections are computed in float64. */
  protected update(step: number): GpuUpdate {
    const { beta1, beta2, epsilon } = this;
    return {
      reals: {
        beta1,
        rest1: 1 - beta1,
        beta2,
        rest2: 1 - beta2,
        epsilon,
        meanCorrection: 1 / (1 - beta1 ** step),
        squareCorrection: 1 / (1 - beta2 ** step),
      },
      text: `let m = u.beta1 * get_mean(i) + u.rest1 * g; set_mean(i, m);
  let v = u.beta2 * get_square(i) + u.rest2 * g * g; set_square(i, v);
  let direction = m * u.meanCorrection / (sqrt(v * u.squareCorrection) + u.epsilon);
  set_parameter(i, get_parameter(i) - u.rate * (u.weightDecay * get_parameter(i) + direction));`,
    };
  }
}
