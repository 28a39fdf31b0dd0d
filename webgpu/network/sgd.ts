import { checkNumber } from "../../kernels/check.ts";
import { OptionNames } from "../../kernels/option_names.ts";
import type { SGDInit } from "../../layers/training/sgd.ts";
import type { Gpu } from "../gpu.ts";
import type { GpuTensors } from "./layer.ts";
import { GpuOptimizer, type GpuParameterGroup, type GpuUpdate } from "./optimizer.ts";

/** How a {@linkcode GpuSGD} is made: as `SGD` of `@evenkeel/norm/layers`. */
export interface GpuSGDInit extends Omit<SGDInit, "groups"> {
  /** Parameters to be treated otherwise than the rest: not trained, slower, or with another decay. Default: none. */
  groups?: readonly GpuParameterGroup[];
}

const names = new OptionNames<GpuSGDInit>({
  rate: true,
  momentum: true,
  nesterov: "flag",
  weightDecay: true,
  groups: true,
});

/**
 * Stochastic gradient descent on the device, as `SGD` of `@evenkeel/norm/layers`:
 *
 *     g += weightDecay parameter,  velocity = momentum velocity + g
 *     parameter -= rate velocity,  or rate (g + momentum velocity) with `nesterov`.
 */
export class GpuSGD extends GpuOptimizer {
  /** The weight of the old velocity. */
  readonly momentum: number;
  /** Whether the gradient is looked up where the velocity leads. */
  readonly nesterov: boolean;
  /** Only the velocity is remembered. */
  protected readonly countsSteps: boolean = false;

  /**
   * An optimizer of these parameters.
   *
   * @throws {TypeError | RangeError} If an option is not a number of at least 0.
   */
  constructor(gpu: Gpu, parameters: GpuTensors, init: GpuSGDInit) {
    names.check("GpuSGD", init);
    const { rate, momentum = 0, nesterov = false, weightDecay = 0, groups } = init ?? {};
    checkNumber("GpuSGD", "momentum", momentum, 0);
    super(gpu, parameters, { rate, weightDecay, groups, kinds: momentum === 0 ? [] : ["velocity"] });
    this.momentum = momentum;
    this.nesterov = nesterov;
  }

  /** Moves by the velocity, or where there is no momentum by the gradient. */
  protected update(): GpuUpdate {
    const velocity = "let v = u.momentum * get_velocity(i) + d; set_velocity(i, v);";
    const direction = this.momentum === 0 ? "d" : this.nesterov ? "(d + u.momentum * v)" : "v";
    return {
      reals: { momentum: this.momentum },
      text: `let d = g + u.weightDecay * get_parameter(i);
  ${this.momentum === 0 ? "" : velocity}
  set_parameter(i, get_parameter(i) - u.rate * ${direction});`,
    };
  }
}
