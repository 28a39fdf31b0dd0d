import type { Activation } from "../../kernels/activation.ts";
import { checkActivation } from "../../kernels/check.ts";
import { OptionNames } from "../../kernels/option_names.ts";
import { sizeOf, type Tensor } from "../../kernels/tensor.ts";
import { BatchNorm } from "../../layers/norms/batch_norm.ts";
import { checkState } from "../../layers/check_pass.ts";
import { callsOf, type Gpu, type GpuBatchNormResult } from "../gpu.ts";
import { type GpuTensor, originalOf } from "../gpu_tensor.ts";
import { bindTensor, LANES, present } from "../passes/slabs.ts";
import type { GpuLayer, GpuPass, GpuTensors } from "./layer.ts";
import { gradientsOf, upload } from "./layers.ts";

/** Options of {@linkcode GpuBatchNorm} beside those of its layer. */
export interface GpuBatchNormOptions {
  /** Is applied to the result. Default: nothing. */
  activation?: Activation;
}

const names = new OptionNames<GpuBatchNormOptions>({ activation: true });

/**
 * Batch normalization with running statistics on the device, as `BatchNorm` of `@evenkeel/norm/layers`: the same options, formulas and
 * state, but of float32. The state goes into each pass and comes out of it; a pass makes a new one, and leaves the old.
 *
 * @example
 * ```ts
 * import { GpuBatchNorm, openGpu } from "@evenkeel/norm/webgpu";
 * import { BatchNorm } from "@evenkeel/norm/layers";
 * import { tensor } from "@evenkeel/norm";
 *
 * const gpu = await openGpu().catch((error) => console.log(error.message));
 * if (gpu) {
 *   const layer = new GpuBatchNorm(gpu, new BatchNorm(1, { momentum: "cumulative" }));
 *   let state = layer.state;
 *   for (const batch of [[[1], [3]], [[5], [7]]]) state = layer.train(gpu.upload(tensor(batch)), state).state;
 *   console.log((await state.mean.read()).data); // 4
 *   await gpu.close();
 * }
 * ```
 */
export class GpuBatchNorm implements GpuLayer {
  /** `scale` and `bias`, unless they were declined. */
  readonly parameters: GpuTensors;
  /** `mean` and `variance` before training, unless they were declined, and the number of `batches` of a cumulative average. */
  readonly state: GpuTensors;
  readonly #gpu: Gpu;
  readonly #layer: BatchNorm;
  readonly #activation: Activation | undefined;

  /**
   * A layer as one in memory is before its training, or after it: its parameters and its state are copied.
   *
   * @throws {TypeError | RangeError} If an argument does not fit: the layer is none, or another kind of batch norm.
   */
  constructor(gpu: Gpu, layer: BatchNorm, options: GpuBatchNormOptions = {}) {
    names.check("GpuBatchNorm", options);
    checkActivation("GpuBatchNorm", options.activation);
    if (layer === null || typeof layer !== "object" || Object.getPrototypeOf(layer) !== BatchNorm.prototype) {
      throw new TypeError(
        "GpuBatchNorm: the layer must be a BatchNorm of @evenkeel/norm/layers; its relatives are for the CPU only.",
      );
    }
    this.#gpu = gpu;
    this.#layer = layer;
    this.#activation = options.activation;
    this.parameters = upload("GpuBatchNorm", gpu, layer.parameters);
    this.state = upload(
      "GpuBatchNorm",
      gpu,
      Object.fromEntries(Object.entries(layer.state).map(([name, tensor]) => [name, inFloat32(tensor)])),
    );
  }

  /**
   * Normalizes by the statistics of the batch, and carries the running ones on, unless they are fixed.
   *
   * @throws {TypeError | RangeError} If x does not fit, or the state is missing.
   */
  train(x: GpuTensor, state: GpuTensors = {}): GpuPass {
    this.#check("train", state);
    const gpu = this.#gpu, options = this.#options;
    if (this.#layer.fixedStatistics) {
      const { mean, variance } = state, fixed = { ...options, mean, variance };
      return {
        y: gpu.batchNorm(x, fixed),
        state,
        backward: (dy) => gradientsOf(gpu.batchNormBackward(x, dy, fixed)),
      };
    }
    const { y, ...statistics } = gpu.batchNormTraining(x, options);
    return {
      y,
      state: this.#carryOn(state, statistics, sizeOf(x.dims) / this.#layer.features),
      backward: (dy) => gradientsOf(gpu.batchNormTrainingBackward(x, dy, options)),
    };
  }

  /** Normalizes by the running statistics; without any, by those of the batch. */
  evaluate(x: GpuTensor, state: GpuTensors = {}): GpuTensor {
    this.#check("evaluate", state);
    const { mean, variance } = state;
    if (mean === undefined) return this.#gpu.batchNormTraining(x, this.#options).y;
    return this.#gpu.batchNorm(x, { ...this.#options, mean, variance });
  }

  get #options() {
    const { axis, epsilon } = this.#layer, activation = this.#activation;
    return { ...this.parameters, axis, epsilon, ...(activation && { activation }) };
  }

  #check(pass: string, state: GpuTensors): void {
    const operation = `GpuBatchNorm.${pass}`;
    callsOf(operation, this.#gpu).record(
      operation,
      state,
      (_, tensors) => checkState(operation, tensors, this.#layer.state),
    );
  }

  /** running = running * momentum + batch * (1 - momentum), as layers/norms/running.ts has it. */
  #carryOn(
    state: GpuTensors,
    { mean, variance }: Omit<GpuBatchNormResult, "y">,
    count: number,
  ): GpuTensors {
    const { running: { momentum, unbiased }, features } = this.#layer;
    if (count === 0 || state.mean === undefined) return state;
    const cumulative = momentum === "cumulative";
    return callsOf("GpuBatchNorm.train", this.#gpu).record(
      "GpuBatchNorm.train",
      { ...state, m: mean, v: variance },
      (run, given, create) => {
        const next = { mean: create([features]), variance: create([features]) };
        const batches = cumulative ? create([]) : undefined;
        run.commands.dispatch({
          bindings: present(
            bindTensor("mean", given.mean),
            bindTensor("variance", given.variance),
            cumulative && bindTensor("batches", given.batches),
            bindTensor("m", given.m),
            bindTensor("v", given.v),
            bindTensor("nextMean", next.mean, 1, true),
            bindTensor("nextVariance", next.variance, 1, true),
            batches && bindTensor("nextBatches", batches, 1, true),
          ),
          counts: { features },
          reals: {
            momentum: cumulative ? 0 : momentum,
            correction: unbiased ? count / Math.max(count - 1, 1) : 1,
          },
          main: `
  let c = group * ${LANES}u + t;
  if (c >= u.features) { return; }
  let old = ${cumulative ? "get_batches(0u) / (get_batches(0u) + 1.0)" : "u.momentum"};
  let own = get_m(c); let ownVariance = get_v(c) * u.correction;
  // What a weight of 0 forgets may be infinite.
  set_nextMean(c, select(get_mean(c) * old + own * (1.0 - old), own, old == 0.0));
  set_nextVariance(c, select(get_variance(c) * old + ownVariance * (1.0 - old), ownVariance, old == 0.0));
  ${cumulative ? "if (c == 0u) { set_nextBatches(0u, get_batches(0u) + 1.0); }" : ""}`,
          lanes: LANES,
          groups: Math.ceil(features / LANES),
        });
        const { mean, variance } = next, carried = { mean: originalOf(mean), variance: originalOf(variance) };
        return batches ? { ...carried, batches: originalOf(batches) } : carried;
      },
    );
  }
}

function inFloat32({ dims, data }: Tensor): Tensor {
  return { type: "float32", dims, data: Float32Array.from(data) };
}
