import { checkNumber } from "../kernels/check.ts";
import { describe, type Tensor } from "../kernels/tensor.ts";
import type { Context, Tensors } from "./layer.ts";

/** How running statistics follow those of batches. */
export interface RunningInit {
  /**
   * The weight of the OLD running value, from 0 to 1, as in ONNX, Keras and Flax (PyTorch's is that of the new one); or
   * `"cumulative"`: all batches weigh the same. Default: 0.9.
   */
  momentum?: number | "cumulative";
  /**
   * Whether the running variance is the unbiased one, m2 / (n - 1), as in PyTorch. A batch is normalized by its population
   * variance either way. Default: false.
   */
  unbiased?: boolean;
}

/** The statistics of a batch, one entry a feature. */
export interface BatchStatistics {
  /** The mean. */
  mean: Tensor;
  /** The population variance. */
  variance: Tensor;
  /** How many values each entry is of. */
  count: number;
}

/** Throws unless the momentum is a weight. */
export function checkMomentum(operation: string, momentum: unknown): void {
  if (momentum === "cumulative") return;
  checkNumber(operation, "momentum", momentum as number, 0);
  if (momentum as number > 1) {
    throw new RangeError(
      `${operation}: momentum is ${momentum}; it is the weight of the old running value, from 0 to 1, or "cumulative".`,
    );
  }
}

/** Running statistics before any batch: mean 0 and variance 1, in float64 so that means far from 0 keep their digits. */
export function runningState(features: number, { momentum }: RunningInit): Tensors {
  const vector = (value: number): Tensor => ({
    type: "float64",
    dims: [features],
    data: new Float64Array(features).fill(value),
  });
  const state = { mean: vector(0), variance: vector(1) };
  return momentum === "cumulative" ? { ...state, batches: scalar(0) } : state;
}

/** The state after a batch: running = running * momentum + batch * (1 - momentum). A batch without values changes nothing. */
export function carryOn(
  state: Tensors,
  { mean, variance, count }: BatchStatistics,
  { momentum = 0.9, unbiased = false }: RunningInit,
  context: Context = {},
): Tensors {
  if (count === 0) return state;
  const batches = state.batches?.data[0] ?? 0;
  const old = context.momentum ?? (momentum === "cumulative" ? batches / (batches + 1) : momentum);
  const correction = unbiased ? count / Math.max(count - 1, 1) : 1;
  const next: Record<string, Tensor> = {
    ...state,
    mean: mixed(state.mean, old, mean, 1),
    variance: mixed(state.variance, old, variance, correction),
  };
  if (state.batches) next.batches = scalar(batches + 1);
  return next;
}

/** Throws unless the state is there: a layer with running statistics must not go on from its first ones unnoticed. */
export function checkState(operation: string, state: Tensors | undefined, { mean, variance }: Tensors): Tensors {
  if (mean === undefined) return state ?? {};
  if (state?.mean === undefined || state?.variance === undefined) {
    const given = state === undefined ? "missing" : `${describe(state)} without mean and variance`;
    throw new TypeError(
      `${operation}: state is ${given}. Give the state that the last train() returned; before the first, the layer's own \`state\`.`,
    );
  }
  for (const [name, tensor] of Object.entries({ mean: state.mean, variance: state.variance })) {
    if (tensor.data.length !== mean.data.length) {
      throw new RangeError(
        `${operation}: the state's ${name} has ${tensor.data.length} entries; it must have ${variance.data.length}, one a feature.`,
      );
    }
  }
  return state;
}

function mixed(old: Tensor, weight: number, batch: Tensor, factor: number): Tensor {
  const data = new Float64Array(old.data.length);
  for (let c = 0; c < data.length; c++) {
    const value = batch.data[c] * factor;
    data[c] = weight === 0 ? value : old.data[c] * weight + value * (1 - weight);
  }
  return { type: "float64", dims: old.dims, data };
}

function scalar(value: number): Tensor {
  return { type: "float64", dims: [], data: Float64Array.of(value) };
}
