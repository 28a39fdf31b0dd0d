import { checkAlike, checkDims, checkNumber } from "../../kernels/check.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Tensors } from "../../layers/layer.ts";
import { type ParameterGroup, type Treatment, treatmentsOf } from "../../layers/training/parameter_groups.ts";
import type { Run } from "../device/run.ts";
import { callsOf, checkGpu, type Gpu } from "../gpu.ts";
import { GpuTensor } from "../gpu_tensor.ts";
import { bindTensor, LANES } from "../passes/slabs.ts";
import { checkNamed } from "./check_named.ts";
import type { GpuTensors } from "./layer.ts";

/** Parameters that are treated alike, as `ParameterGroup` of `@evenkeel/norm/layers`. */
export interface GpuParameterGroup extends Omit<ParameterGroup, "has"> {
  /** Whether a parameter is of this group, by its name and itself. */
  has(name: string, parameter: GpuTensor): boolean;
}

/** The WGSL of a step of one parameter. */
export interface GpuUpdate {
  /** Uniforms that it knows as `u.name`, beside `rate` and `weightDecay`. */
  readonly reals: Readonly<Record<string, number>>;
  /** Changes element i, of `get_parameter` and `set_parameter`, with g its gradient and what is remembered by name. */
  readonly text: string;
}

/** Changes parameters on the device by their gradients: `Optimizer` of `@evenkeel/norm/layers` there, but what it remembers is float32. */
export abstract class GpuOptimizer {
  /** How far a step goes; it may be changed between steps. */
  rate: number;
  readonly #gpu: Gpu;
  readonly #parameters: GpuTensors;
  readonly #treatments: ReadonlyMap<string, Treatment>;
  readonly #kinds: readonly string[];
  #memory: Readonly<Record<string, GpuTensor>>;
  #steps: Record<string, number> = {};

  /**
   * An optimizer that has made no step, and remembers tensors of these kinds for each parameter.
   *
   * @throws {TypeError | RangeError} If a parameter is no tensor of the device or there twice, or an option does not fit.
   */
  protected constructor(
    gpu: Gpu,
    parameters: GpuTensors,
    { rate, weightDecay, groups = [], kinds }: {
      rate: number;
      weightDecay: number;
      groups?: readonly GpuParameterGroup[];
      kinds: readonly string[];
    },
  ) {
    const operation = this.constructor.name, seen = new Map<GpuTensor, string>();
    checkGpu(operation, gpu);
    checkNamed(operation, "parameters", parameters);
    for (const [name, parameter] of Object.entries(parameters)) {
      if (!(parameter instanceof GpuTensor)) {
        throw new TypeError(`${operation}: parameter ${name} is no tensor on the device. Use gpu.upload(${name}).`);
      }
      if (seen.has(parameter)) {
        throw new TypeError(`${operation}: ${seen.get(parameter)} and ${name} are one tensor; give it once.`);
      }
      seen.set(parameter, name);
    }
    checkNumber(operation, "rate", rate, 0);
    checkNumber(operation, "weightDecay", weightDecay, 0);
    this.rate = rate;
    this.#gpu = gpu;
    this.#parameters = parameters;
    this.#kinds = kinds;
    const like = groups as unknown as readonly ParameterGroup[];
    this.#treatments = treatmentsOf(operation, parameters as unknown as Tensors, weightDecay, like);
    this.#memory = this.#remembering({});
  }

  /** What is remembered of each parameter that is trained, zeros where nothing is given. Not made in a step: its scope would end it. */
  #remembering(given: Tensors): Record<string, GpuTensor> {
    const trained = Object.entries(this.#parameters).filter(([name]) => this.#treatments.get(name)!.rateFactor > 0);
    return Object.fromEntries(trained.flatMap(([name, { dims }]) =>
      this.#kinds.map((kind) => {
        const own = `${kind}.${name}`, tensor = given[own];
        return [own, tensor ? this.#gpu.upload(tensor) : this.#gpu.zeros("float32", dims)];
      })
    ));
  }

  /**
   * Changes every parameter that has a gradient. Those without one stay as they are.
   *
   * @throws {TypeError | RangeError} If a gradient has no parameter, or not its type and dims; nothing is changed then.
   */
  step(gradients: GpuTensors): void {
    const operation = `${this.constructor.name}.step`, calls = callsOf(operation, this.#gpu);
    checkNamed(operation, "gradients", gradients);
    for (const [name, gradient] of Object.entries(gradients)) {
      const parameter = this.#parameters[name];
      if (parameter === undefined) {
        throw new RangeError(
          `${operation}: there is a gradient of ${JSON.stringify(name)}, but no such parameter; ` +
            `there are ${Object.keys(this.#parameters).join(", ")}.`,
        );
      }
      calls.record(operation, { parameter, gradient }, (_, tensors) => {
        checkAlike(operation, `the gradient of ${name}`, tensors.gradient, tensors.parameter);
      });
    }
    for (const [name, gradient] of Object.entries(gradients)) {
      const { rateFactor, weightDecay } = this.#treatments.get(name)!, parameter = this.#parameters[name];
      if (rateFactor === 0) continue;
      const steps = this.#steps[name] = (this.#steps[name] ?? 0) + 1;
      const memory = Object.fromEntries(this.#kinds.map((kind) => [kind, this.#memory[`${kind}.${name}`]]));
      const { reals, text } = this.update(steps), rate = this.rate * rateFactor;
      calls.record(operation, { parameter, gradient, ...memory }, (run, tensors) => {
        move(run, tensors, text, { ...reals, rate, weightDecay });
      });
    }
  }

  /** What it remembers of the steps so far, by the names that the optimizers of `@evenkeel/norm/layers` have for it. */
  async save(): Promise<Tensors> {
    const read = async ([name, tensor]: [string, GpuTensor]) => {
      const { dims, data } = await tensor.read();
      return [name, { type: "float64", dims, data: Float64Array.from(data) }] as const;
    };
    const counts = this.countsSteps
      ? Object.entries(this.#steps).map(([name, steps]) =>
        [`steps.${name}`, { type: "float64", dims: [], data: Float64Array.of(steps) }] as const
      )
      : [];
    const stepped = Object.entries(this.#memory).filter(([name]) => this.#steps[name.slice(name.indexOf(".") + 1)] > 0);
    return Object.fromEntries([...counts, ...await Promise.all(stepped.map(read))]);
  }

  /**
   * Goes on from what an optimizer of the same kind saved, here or in memory, over the same parameters. The values are copied.
   *
   * @throws {TypeError | RangeError} If something in it belongs to no parameter, or has not its dims; nothing is changed then.
   */
  resume(state: Tensors): void {
    const operation = `${this.constructor.name}.resume`, steps: Record<string, number> = {};
    const memory: Record<string, Tensor> = {};
    checkNamed(operation, "state", state);
    for (const [name, tensor] of Object.entries(state)) {
      const dot = name.indexOf("."), kind = name.slice(0, dot), own = name.slice(dot + 1);
      const parameter = this.#parameters[own], counts = kind === "steps" && this.countsSteps;
      if (parameter === undefined || !counts && !this.#kinds.includes(kind)) {
        throw new RangeError(
          `${operation}: the state has ${
            JSON.stringify(name)
          }, which this optimizer does not remember. Give the state of one of ` +
            "the same kind, over the same parameters.",
        );
      }
      checkDims(operation, name, tensor, counts ? [] : parameter.dims, "as this optimizer remembers it");
      if (counts) steps[own] = tensor.data[0];
      else {
        memory[name] = { type: "float32", dims: tensor.dims, data: Float32Array.from(tensor.data) };
        steps[own] ??= 1; // there was one at least
      }
    }
    for (const tensor of Object.values(this.#memory)) tensor.destroy();
    this.#steps = steps;
    this.#memory = this.#remembering(memory);
  }

  /** Whether the number of steps is part of what it remembers. */
  protected abstract readonly countsSteps: boolean;

  /** What becomes of a parameter in its step of this number, from 1 on. */
  protected abstract update(step: number): GpuUpdate;
}

/** Changes one parameter, and what is remembered of it. */
function move(run: Run, tensors: Record<string, Tensor>, text: string, reals: Record<string, number>): void {
  const { gradient, ...written } = tensors, elements = gradient.data.length;
  run.commands.dispatch({
    bindings: [
      bindTensor("gradient", gradient),
      ...Object.entries(written).map(([name, tensor]) => bindTensor(name, tensor, 1, true)),
    ],
    counts: { elements },
    reals,
    main: `
  let i = group * ${LANES}u + t;
  if (i >= u.elements) { return; }
  let g = get_gradient(i);
  ${text}`,
    lanes: LANES,
    groups: Math.ceil(elements / LANES),
  });
}
