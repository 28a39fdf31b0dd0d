import type { NameList } from "../../kernels/option_names.ts";
import { checkCount, checkDims } from "../../kernels/check.ts";
import { panelsOf } from "../../kernels/passes/panels.ts";
import { checkTensor, describe, type DType, sizeOf, type Tensor, zeros } from "../../kernels/tensor.ts";
import { tensorLike } from "../gradients.ts";
import type { Tensors } from "../layer.ts";
import { checkRandom, shared } from "./random.ts";

/** What a layer that multiplies by a weight starts from. */
export interface WeightedInit {
  /** The weight, which becomes the layer's own, and gives the layer its type. Default: drawn at random. */
  weight?: Tensor;
  /** Whether there is a bias, drawn at random; or the bias, which becomes the layer's own. Default: true. */
  bias?: boolean | Tensor;
  /** The type of what is drawn. Default: that of the weight given, else `"float32"`. */
  type?: "float32" | "float64";
  /**
   * What draws uniform numbers in [0, 1), such as `random(seed)`. Default: one generator for all layers, with a fixed seed, so
   * that a program which makes the same layers in the same order starts from the same weights.
   */
  random?: () => number;
}

/** Checks the sizes of a convolution: its channels are cut into groups without a remainder. */
export function checkChannels(operation: string, channels: Record<string, number>, groups: number): void {
  for (const [name, count] of Object.entries({ ...channels, groups })) checkCount(operation, name, count);
  for (const [name, count] of Object.entries(channels)) {
    if (count % groups !== 0) {
      throw new RangeError(`${operation}: ${name} is ${count}, which is no multiple of groups, ${groups}.`);
    }
  }
}

/** The names of {@linkcode WeightedInit}. */
export const weightedNames: NameList<WeightedInit> = { weight: true, bias: true, type: true, random: true };

/**
 * The parameters `weight`, of the given dims, and `bias`, one for each output. Those that are drawn are uniform between
 * -1 / sqrt(n) and 1 / sqrt(n), where each output is a sum of n products: PyTorch's default.
 */
export function weightedParameters(
  operation: string,
  init: WeightedInit,
  dims: readonly number[],
  outputs: number = dims[0],
): Tensors {
  const {
    weight: givenWeight,
    bias: givenBias = true,
    type = givenWeight?.type ?? "float32",
    random: uniform = shared,
  } = init;
  checkRandom(operation, uniform);
  const limit = 1 / Math.sqrt(sizeOf(dims.slice(1)));
  const draw = (type: DType, dims: readonly number[]) => {
    const drawn = zeros(type, dims);
    for (let i = 0; i < drawn.data.length; i++) drawn.data[i] = (2 * uniform() - 1) * limit;
    return drawn;
  };
  if (givenWeight !== undefined) checkDims(operation, "weight", givenWeight, dims, "what the layer's sizes ask for");
  checkFloat(operation, type);
  if (givenWeight !== undefined && givenWeight.type !== type) {
    throw new TypeError(`${operation}: weight is ${givenWeight.type}, and type is "${type}". Convert one of them.`);
  }
  const weight = givenWeight ?? draw(type, dims);
  if (givenBias === false) return { weight };
  if (givenBias === true) return { weight, bias: draw(weight.type, [outputs]) };
  if (typeof givenBias !== "object") {
    throw new TypeError(`${operation}: bias is ${describe(givenBias)}; it must be true, false or a tensor.`);
  }
  checkDims(operation, "bias", givenBias, [outputs], "one for each output");
  checkType(operation, "bias", givenBias, weight);
  return { weight, bias: givenBias };
}

function checkFloat(operation: string, type: DType): void {
  if (type === "float32" || type === "float64") return;
  throw new TypeError(
    `${operation}: type is ${describe(type)}; a layer is of "float32" or "float64". Convert its weight.`,
  );
}

/** Throws unless a tensor is of the weight's type. */
export function checkType(operation: string, name: string, given: Tensor, weight: Tensor): void {
  checkTensor(operation, name, given);
  if (given.type !== weight.type) {
    throw new TypeError(
      `${operation}: ${name} is ${given.type}, but the layer's weight is ${weight.type}. Convert ${name}, or make the layer with ` +
        `type ${JSON.stringify(given.type)}.`,
    );
  }
}

/** Throws unless dy fits the result that it is the gradient of. */
export function checkResultGradient(operation: string, dy: Tensor, dims: readonly number[], weight: Tensor): void {
  checkDims(operation, "dy", dy, dims, "those of the result");
  checkType(operation, "dy", dy, weight);
}

/** The gradients of the parameters: `bias` sums dy over all axes but that of the outputs. */
export function weightedGradients(dWeight: Tensor, bias: Tensor | undefined, dy: Tensor, axis: number): Tensors {
  if (bias === undefined) return { weight: dWeight };
  const { outer, length, width } = panelsOf(dy.dims, axis), sums = new Float64Array(length);
  for (let o = 0, at = 0; o < outer; o++) {
    for (let c = 0; c < length; c++) {
      let sum = sums[c];
      for (const end = at + width; at < end; at++) sum += dy.data[at];
      sums[c] = sum;
    }
  }
  return { weight: dWeight, bias: tensorLike(bias, sums) };
}
