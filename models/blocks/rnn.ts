import { affineOf } from "../affine.ts";
import { layerNorm, type LayerNormOptions } from "../layer_norm.ts";
import { optionalParameter, type Parameter, parameter } from "../parameter.ts";
import { SymbolicTensor } from "../symbolic_tensor.ts";

/** Options of {@linkcode layerNormRnn}; `scale` and `bias` have one entry a hidden unit. */
export interface LayerNormRnnOptions extends Omit<LayerNormOptions, "axes" | "subtractMean" | "activation"> {
  /** From the inputs to the hidden units, [inputs, hidden]. */
  inputWeight: Parameter;
  /** From the hidden units to themselves, [hidden, hidden]. */
  hiddenWeight: Parameter;
  /** The hidden units before the first step, [N, hidden]. Default: 0. */
  initial?: Parameter;
  /** How many hidden units, where no weight says. */
  hidden?: number;
}

/** What {@linkcode layerNormRnn} gives. */
export interface LayerNormRnnResult {
  /** The hidden units after each step, [T, N, hidden]. */
  y: SymbolicTensor;
  /** Those after the last step, [N, hidden]. */
  last: SymbolicTensor;
}

/**
 * A layer-normalized recurrent network (Ba, Kiros and Hinton 2016, equation 4), as a Scan over the steps of a sequence:
 *
 *     a = x[t] @ inputWeight + h @ hiddenWeight,  h = tanh((a - mean) / sqrt(variance + epsilon) * scale + bias)
 *
 * with the mean and the variance over the hidden units of one sample at one step.
 *
 * @param x The sequence, [T, N, inputs].
 * @throws {TypeError | RangeError} If a parameter does not fit.
 *
 * @example
 * ```ts
 * import { layerNormRnn, modelOf } from "@evenkeel/norm/models";
 *
 * const weights = { inputWeight: "w_xh", hiddenWeight: "w_hh", hidden: 16 };
 * const model = modelOf((x) => ({ ...layerNormRnn(x, weights) }), { x: ["T", "N", 8] });
 * ```
 */
export function layerNormRnn(x: SymbolicTensor, options: LayerNormRnnOptions): LayerNormRnnResult {
  const operation = "layerNormRnn", [steps, samples, inputs] = x.dims;
  if (x.dims.length !== 3) {
    throw new RangeError(`${operation}: x has ${x.dims.length} dimensions; it must have 3, [steps, samples, inputs].`);
  }
  const { hidden = hiddenOf(options) } = options, dims = [samples, hidden];
  const inputWeight = parameter(operation, x, "inputWeight", options.inputWeight, [inputs, hidden], options);
  const hiddenWeight = parameter(operation, x, "hiddenWeight", options.hiddenWeight, [hidden, hidden], options);
  const initial = optionalParameter(operation, x, "initial", options.initial, dims, options) ?? zeros(x, dims);
  const affine = affineOf(operation, x.of(x.value, { dims }), [1], options);

  const body = x.graph.subgraph("step"), ofBody = { type: x.type, opset: x.opset };
  const before = new SymbolicTensor(body.input("h_before", x.type, dims), { ...ofBody, dims });
  const now = new SymbolicTensor(body.input("x_t", x.type, [samples, inputs]), { ...ofBody, dims });
  const a = now.op("MatMul", [inputWeight]).plus(before.op("MatMul", [hiddenWeight]));
  const h = layerNorm(a, { epsilon: options.epsilon, form: options.form, ...affine }).op("Tanh");
  body.output("h_after", h.value, x.type, dims);
  body.output("h_t", h.value, x.type, dims);

  const [last, y] = x.graph.ops("Scan", [initial.value, x.value], { body, num_scan_inputs: 1n }, 2);
  return { y: x.of(y, { dims: [steps, ...dims] }), last: x.of(last, { dims }) };
}

function hiddenOf({ inputWeight, hiddenWeight }: LayerNormRnnOptions) {
  for (const weight of [inputWeight, hiddenWeight]) if (typeof weight === "object") return weight.dims[1];
  return undefined;
}

/** Zeros for as many samples as x has. */
function zeros(x: SymbolicTensor, dims: LayerNormRnnResult["last"]["dims"]): SymbolicTensor {
  const { graph } = x, hidden = dims[1];
  if (typeof hidden !== "number") {
    throw new RangeError("layerNormRnn: how many hidden units there are is not known. Give hidden, or initial.");
  }
  const samples = graph.op("Shape", [x.value], { start: 1n, end: 2n });
  const shape = graph.op("Concat", [samples, graph.int64([hidden])], { axis: 0n });
  const zero = graph.op("Expand", [x.scalar(0), shape]);
  return x.of(zero, { dims });
}
