import { checkDims } from "../../kernels/check.ts";
import { describe, type DType, type Tensor, zeros } from "../../kernels/tensor.ts";
import { checkRecord } from "../check_record.ts";
import type { Tensors } from "../layer.ts";
import { checkRandom, shared } from "../network/random.ts";

/** How the parameters of a recurrent network begin. */
export interface RecurrentParametersInit {
  /** Whether there are biases. Default: true. */
  bias?: boolean;
  /** Tensors to start from, by the names of the parameters; each becomes the layer's own. Default: drawn. */
  parameters?: Tensors;
  /**
   * What draws uniform numbers in [0, 1), such as `random(seed)`. Default: one generator for all layers, with a fixed seed,
   * so that a program which makes the same layers in the same order starts from the same weights.
   */
  random?: () => number;
  /** The type of what is drawn. Default: that of the parameters given, else `"float32"`. */
  type?: "float32" | "float64";
}

/** The dims of a parameter and what it starts from: a number, or uniform draws from -bound to bound. */
export interface ParameterPlan {
  dims: readonly number[];
  start: number | { bound: number };
}

/**
 * The plan of the two projections of a network. As in PyTorch, weights and biases are drawn from -1/sqrt(hidden) to 1/sqrt(hidden);
 * where there are scales, these start from 1 and biases from 0.
 *
 * @param gates How many outputs there are for each hidden unit.
 */
export function projectionPlans(
  { inputs, hidden, gates, scales, biases }: {
    inputs: number;
    hidden: number;
    gates: number;
    scales: boolean;
    biases: boolean;
  },
): Record<string, ParameterPlan> {
  const drawn = { bound: 1 / Math.sqrt(hidden) }, outputs = gates * hidden;
  return {
    inputWeight: { dims: [outputs, inputs], start: drawn },
    hiddenWeight: { dims: [outputs, hidden], start: drawn },
    ...scales && { inputScale: { dims: [outputs], start: 1 }, hiddenScale: { dims: [outputs], start: 1 } },
    ...biases && {
      inputBias: { dims: [outputs], start: scales ? 0 : drawn },
      hiddenBias: { dims: [outputs], start: scales ? 0 : drawn },
    },
  };
}

/** The parameters of a plan: given, drawn or filled. */
export function startParameters(
  operation: string,
  plans: Readonly<Record<string, ParameterPlan>>,
  init: RecurrentParametersInit,
): Tensors {
  const { parameters: given = {}, random: uniform = shared } = init;
  checkRandom(operation, uniform);
  checkRecord(operation, "parameters", given);
  const { type = Object.values(given)[0]?.type ?? "float32" } = init;
  if (type !== "float32" && type !== "float64") {
    throw new TypeError(`${operation}: type is ${describe(type)}; a layer is of "float32" or "float64".`);
  }
  for (const name of Object.keys(given)) {
    if (name in plans) continue;
    throw new RangeError(
      `${operation}: parameters has ${JSON.stringify(name)}; this layer's are ${Object.keys(plans).join(", ")}.`,
    );
  }
  return Object.fromEntries(
    Object.entries(plans).map(([name, plan]) => [
      name,
      given[name] === undefined ? startOf(plan, type, uniform) : checked(operation, name, given[name], plan, type),
    ]),
  );
}

function startOf({ dims, start }: ParameterPlan, type: DType, uniform: () => number): Tensor {
  const tensor = zeros(type, dims), { data } = tensor;
  if (typeof start === "number") data.fill(start);
  else for (let i = 0; i < data.length; i++) data[i] = (2 * uniform() - 1) * start.bound;
  return tensor;
}

function checked(operation: string, name: string, given: Tensor, { dims }: ParameterPlan, type: DType): Tensor {
  checkDims(operation, name, given, dims, "those of this layer");
  if (given.type === type) return given;
  throw new TypeError(`${operation}: ${name} is ${given.type}, and type is ${describe(type)}. Convert one of them.`);
}
