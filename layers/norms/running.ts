import type { NameList } from "../../kernels/option_names.ts";
import { checkMomentum } from "../check_pass.ts";
import { checkDims } from "../../kernels/check.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Context, Tensors } from "../layer.ts";

/** How running statistics follow those of batches. */
export interface RunningRule {
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

/** Running statistics, and what they start from. */
export interface RunningInit extends RunningRule {
  /** The running mean to start from. Default: all 0. */
  mean?: Tensor;
  /** The running variance to start from. Default: all 1. */
  variance?: Tensor;
}

/** The names of {@linkcode RunningInit}. */
export const runningNames: NameList<RunningInit> = { momentum: true, unbiased: "flag", mean: true, variance: true };

/** The statistics of a batch, one entry a feature. */
export interface BatchStatistics {
  /** The mean. */
  mean: Tensor;
  /** The population variance. */
  variance: Tensor;
  /** How many values each entry is of. */
  count: number;
}

/** The rule of some options, once they are found fit. */
export function runningRule(
  operation: string,
  { momentum = 0.9, unbiased = false }: RunningRule,
): Required<RunningRule> {
  if (momentum !== "cumulative") {
    checkMomentum(operation, "momentum", momentum, ', or "cumulative"');
  }
  return { momentum, unbiased };
}

/** Running statistics before any batch, in float64 so that means far from 0 keep their digits; none if they are not kept. */
export function runningState(operation: string, features: number, init: RunningInit, kept: boolean): Tensors {
  const { momentum, mean, variance } = init;
  if (!kept) {
    const given = (["mean", "variance"] as const).find((name) => init[name] !== undefined);
    if (given === undefined) return {};
    throw new TypeError(
      `${operation}: ${given} is given, and the layer keeps no running statistics. Set trackStatistics, or leave ${given} out.`,
    );
  }
  const start = (name: string, given: Tensor | undefined, value: number): Tensor => {
    const data = new Float64Array(features).fill(value);
    if (given !== undefined) {
      checkDims(operation, name, given, [features], "one for each feature");
      data.set(given.data);
    }
    return { type: "float64", dims: [features], data };
  };
  const state = { mean: start("mean", mean, 0), variance: start("variance", variance, 1) };
  return momentum === "cumulative" ? { ...state, batches: scalar(0) } : state;
}

/** The state after a batch: running = running * momentum + batch * (1 - momentum). A batch without values changes nothing. */
export function carryOn(
  state: Tensors,
  { mean, variance, count }: BatchStatistics,
  { momentum, unbiased }: Required<RunningRule>,
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
  // A weight of 0 forgets all batches before.
  if (state.batches) next.batches = scalar(old === 0 ? 1 : batches + 1);
  return next;
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
