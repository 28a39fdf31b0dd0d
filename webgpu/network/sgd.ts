import { checkNumber } from "../../kernels/check.ts";
import { OptionNames } from "../../kernels/option_names.ts";
import { callsOf, type Gpu } from "../gpu.ts";
import type { GpuTensor } from "../gpu_tensor.ts";
import { bindTensor, LANES } from "../passes/slabs.ts";
import type { GpuTensors } from "./layer.ts";

/** How a {@linkcode GpuSGD} is made. */
export interface GpuSGDInit {
  /** How far a step goes. Default: 0.01. */
  rate?: number;
  /** The weight of the old velocity. Default: 0. */
  momentum?: number;
}

const names = new OptionNames<GpuSGDInit>({ rate: true, momentum: true });

/**
 * Stochastic gradient descent on the device, as `SGD` of `@evenkeel/norm/layers`: velocity = momentum velocity + gradient,
 * parameter -= rate velocity.
 */
export class GpuSGD {
  /** How far a step goes; it may be changed between steps. */
  rate: number;
  /** The weight of the old velocity. */
  readonly momentum: number;
  readonly #gpu: Gpu;
  readonly #parameters: GpuTensors;
  readonly #velocities: GpuTensors;

  /**
   * An optimizer of these parameters.
   *
   * @throws {TypeError | RangeError} If an option is not a number of at least 0.
   */
  constructor(gpu: Gpu, parameters: GpuTensors, init: GpuSGDInit = {}) {
    names.check("GpuSGD", init);
    const { rate = 0.01, momentum = 0 } = init;
    checkNumber("GpuSGD", "rate", rate, 0);
    checkNumber("GpuSGD", "momentum", momentum, 0);
    this.rate = rate;
    this.momentum = momentum;
    this.#gpu = gpu;
    this.#parameters = parameters;
    this.#velocities = Object.fromEntries(
      Object.entries(parameters).map(([name, { dims }]) => [name, gpu.zeros("float32", dims)]),
    );
  }

  /**
   * Moves every parameter against its gradient.
   *
   * @throws {TypeError | RangeError} If a gradient is missing or of other dims; parameters before it in their order have moved then.
   */
  step(gradients: GpuTensors): void {
    for (const [name, parameter] of Object.entries(this.#parameters)) {
      const gradient = gradients[name];
      if (gradient === undefined) throw new TypeError(`GpuSGD: the gradient of ${name} is missing.`);
      if (gradient.dims.join() !== parameter.dims.join()) {
        throw new RangeError(
          `GpuSGD: the gradient of ${name} has dims [${gradient.dims}]; they must be [${parameter.dims}].`,
        );
      }
      this.#move(parameter, gradient, this.#velocities[name]);
    }
  }

  #move(parameter: GpuTensor, gradient: GpuTensor, velocity: GpuTensor): void {
    callsOf(this.#gpu).record("GpuSGD", { parameter, gradient, velocity }, (run, tensors) => {
      const elements = tensors.parameter.data.length;
      run.commands.dispatch({
        bindings: [
          bindTensor("gradient", tensors.gradient),
          bindTensor("velocity", tensors.velocity, 1, true),
          bindTensor("parameter", tensors.parameter, 1, true),
        ],
        counts: { elements },
        reals: { rate: this.rate, momentum: this.momentum },
        main: `
  let i = group * ${LANES}u + t;
  if (i >= u.elements) { return; }
  let velocity = u.momentum * get_velocity(i) + get_gradient(i);
  set_velocity(i, velocity);
  set_parameter(i, get_parameter(i) - u.rate * velocity);`,
        lanes: LANES,
        groups: Math.ceil(elements / LANES),
      });
    });
  }
}
