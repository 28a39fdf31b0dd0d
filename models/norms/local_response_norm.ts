import { OptionNames } from "../../kernels/option_names.ts";
import { checkCount, checkNumber } from "../../kernels/check.ts";
import { axisOf, checkForm, checkSymbolic, refuseFused } from "../check.ts";
import type { Form } from "../form.ts";
import { type SymbolicTensor, widened } from "../symbolic_tensor.ts";

/** Options of {@linkcode localResponseNorm}. */
export interface LocalResponseNormOptions {
  /** How many channels a window has. */
  size: number;
  /** What the mean of the squares is multiplied by. Default: 1e-4. */
  alpha?: number;
  /** The exponent. Default: 0.75. */
  beta?: number;
  /** What is added to the mean. Default: 1. */
  bias?: number;
  /** The axis of the channels, 1 by default. */
  axis?: number;
  /** How it is written. Default: `"fused"`; for float64, even sizes and other axes `"decomposed"`. */
  form?: Form;
}

const localResponseNormOptions = new OptionNames<LocalResponseNormOptions>({
  size: true,
  alpha: true,
  beta: true,
  bias: true,
  axis: true,
  form: true,
});

/**
 * Local response normalization (Krizhevsky, Sutskever and Hinton 2012), as ONNX LRN: `y = x / (bias + alpha / size * sum)^beta`,
 * with the sum of squares over the channels `c - floor((size - 1) / 2)` to `c + ceil((size - 1) / 2)`.
 *
 * The default is the fused form where it can be had: nothing is subtracted, and it is right on both backends (5e-7 of the
 * result). WebGPU has no kernel for it, so that x goes to the CPU and back; the decomposed form, which stays, took 4 times as
 * long on a software device. The fused one has its channels on axis 1, and no float64: those are decomposed. Robust is decomposed here.
 *
 * @param x A tensor of rank 2 or more.
 * @returns y, of x's type and dims, in x's graph.
 * @throws {TypeError | RangeError} If an argument does not fit, or the fused form cannot do what is asked.
 *
 * @example
 * ```ts
 * import { localResponseNorm, modelOf } from "@evenkeel/norm/models";
 *
 * const model = modelOf((x) => localResponseNorm(x, { size: 5 }), { x: ["N", 96, "H", "W"] });
 * ```
 */
export function localResponseNorm(x: SymbolicTensor, options: LocalResponseNormOptions): SymbolicTensor {
  localResponseNormOptions.check("localResponseNorm", options);
  const operation = "localResponseNorm";
  checkSymbolic(operation, "x", x, 2);
  const { size, alpha = 1e-4, beta = 0.75, bias = 1, axis = 1 } = options ?? {};
  checkCount(operation, "size", size);
  for (const [name, number] of Object.entries({ alpha, beta, bias })) checkNumber(operation, name, number);
  const channel = axisOf(operation, axis, x);
  const fits = x.type !== "float64" && channel === 1 && size % 2 === 1;
  const form = options.form ?? (fits ? "fused" : "decomposed");
  checkForm(operation, form);
  const wide = widened(x);
  if (form === "fused") {
    refuseFused(operation, channel !== 1 && "has its channels on axis 1");
    refuseFused(operation, size % 2 === 0 && `of size ${size} runs on no provider of onnxruntime: sizes are odd there`);
    return wide.op("LRN", [], { size: BigInt(size), alpha, beta, bias }).cast(x.type);
  }
  const sum = windowSum(wide.times(wide), channel, size);
  const denominator = sum.times(alpha / size).plus(bias);
  return wide.over(denominator.op("Pow", [wide.scalar(beta)])).cast(x.type);
}

/** The sums over windows of neighbouring channels: the channels between zeros, once from each place of the window. */
function windowSum(squares: SymbolicTensor, channel: number, size: number): SymbolicTensor {
  const { graph, dims } = squares, before = Math.floor((size - 1) / 2);
  const pads = new Array<number>(2 * dims.length).fill(0);
  pads[channel] = before;
  pads[dims.length + channel] = size - 1 - before;
  const padded = squares.op("Pad", [graph.int64(pads)]), axis = graph.int64([channel]);
  const places = Array.from({ length: size }, (_, i) => {
    // The last place goes on to the end, and -1 is one before the end.
    const end = i === size - 1 ? Number.MAX_SAFE_INTEGER : i - size + 1;
    return squares.of(graph.op("Slice", [padded.value, graph.int64([i]), graph.int64([end]), axis]));
  });
  return places.reduce((sum, place) => sum.plus(place));
}
