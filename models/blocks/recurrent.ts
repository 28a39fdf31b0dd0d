import type { NameList } from "../../kernels/option_names.ts";
import { checkNumber } from "../../kernels/check.ts";
import type { Attribute, Dim } from "../../onnx/mod.ts";
import { checkSymbolic, show } from "../check.ts";
import type { Form } from "../form.ts";
import { layerNorm } from "../norms/layer_norm.ts";
import { checkNeeded, filled, type NamedOptions, optionalParameter, type Parameter, parameter } from "../parameter.ts";
import { checkComputable, type SymbolicTensor } from "../symbolic_tensor.ts";

/** What recurrent networks have in common. Parameters have the names and dims that they have in the layers, which are PyTorch's. */
export interface RecurrentOptions extends NamedOptions {
  /** From the inputs to the gates, [gates * hidden, inputs]. */
  inputWeight: Parameter;
  /** From the hidden units to the gates, [gates * hidden, hidden]. */
  hiddenWeight: Parameter;
  /** Is added to the projection of x, [gates * hidden]. Default: none. */
  inputBias?: Parameter;
  /** Is added to the projection of the hidden units, [gates * hidden]. Default: none. */
  hiddenBias?: Parameter;
  /** `"layer"` normalizes as Ba, Kiros and Hinton (2016) do, `"none"` is the plain network: ONNX's operator. Default: `"none"`. */
  norm?: "layer" | "none";
  /** Is added to variances. Default: 1e-5. */
  epsilon?: number;
  /** How layer norms are written. Default: `"robust"`. */
  form?: Form;
  /** How many hidden units, where no weight says. */
  hidden?: number;
  /** What is carried into the first step, [N, hidden]. Default: 0. */
  initial?: { hidden?: Parameter };
  /** `"reverse"` begins at the last step and ends at the first; y stays in the order of x. Default: `"forward"`. */
  direction?: "forward" | "reverse";
}

/** The names of {@linkcode RecurrentOptions}. */
export const recurrentNames: NameList<RecurrentOptions> = {
  inputWeight: true,
  hiddenWeight: true,
  inputBias: true,
  hiddenBias: true,
  norm: true,
  epsilon: true,
  form: true,
  hidden: true,
  initial: true,
  direction: true,
  name: true,
};

/** What {@linkcode rnn} and {@linkcode gru} give. */
export interface RecurrentOutputs {
  /** The hidden units after each step, [T, N, hidden]. */
  y: SymbolicTensor;
  /** Those after the last step, [N, hidden]; in reverse, that is the first in time. */
  hidden: SymbolicTensor;
}

/** Options, checked, and how many outputs the projections have for each hidden unit. */
export class RecurrentGraph {
  /** The function that was called, for messages. */
  readonly operation: string;
  readonly x: SymbolicTensor;
  readonly options: RecurrentOptions;
  readonly gates: number;
  readonly hidden: number;
  readonly direction: "forward" | "reverse";

  constructor(operation: string, x: SymbolicTensor, options: RecurrentOptions, gates: number) {
    checkSymbolic(operation, "x", x, 3);
    checkNeeded(operation, options, ["inputWeight", "hiddenWeight"]);
    const { norm = "none", epsilon = 1e-5, hidden = hiddenOf(options), direction = "forward" } = options;
    if (x.dims.length !== 3) {
      throw new RangeError(`${operation}: x has dims ${show(x.dims)}; they must be 3, [steps, samples, inputs].`);
    }
    if (norm !== "layer" && norm !== "none") {
      throw new RangeError(`${operation}: norm is ${JSON.stringify(norm)}; it must be "layer" or "none".`);
    }
    if (direction !== "forward" && direction !== "reverse") {
      throw new RangeError(
        `${operation}: direction is ${JSON.stringify(direction)}; it must be "forward" or "reverse".`,
      );
    }
    if (hidden === undefined) {
      throw new RangeError(`${operation}: how many hidden units there are is not known. Give hidden.`);
    }
    checkNumber(operation, "epsilon", epsilon, 0);
    this.operation = operation;
    this.x = x;
    this.options = options;
    this.gates = gates;
    this.hidden = hidden;
    this.direction = direction;
  }

  /** Whether it is ONNX's operator, without a norm. */
  get plain(): boolean {
    return (this.options.norm ?? "none") === "none";
  }

  /** The dims of what is carried from step to step. */
  get carriedDims(): Dim[] {
    return [this.x.dims[1], this.hidden];
  }

  /** A weight of the projections as it is given: [gates * hidden, columns]. */
  weight(name: "inputWeight" | "hiddenWeight"): SymbolicTensor {
    const { operation, x, options } = this, columns = name === "inputWeight" ? x.dims[2] : this.hidden;
    const dims = [this.gates * this.hidden, columns];
    return parameter(operation, x, name, options[name], dims, options).cast(x.type);
  }

  /** A parameter that may be left out. */
  optional(name: string, given: Parameter | undefined, dims: readonly Dim[]): SymbolicTensor | undefined {
    return optionalParameter(this.operation, this.x, name, given, dims, this.options)?.cast(this.x.type);
  }

  /** A parameter of the projections, [gates * hidden]. */
  vector(name: string, given: Parameter | undefined): SymbolicTensor | undefined {
    return this.optional(name, given, [this.gates * this.hidden]);
  }

  /** Throws if a parameter is given that the network does not have. */
  refuse(parameters: Readonly<Record<string, Parameter | undefined>>): void {
    const norm = this.options.norm ?? "none";
    for (const [name, given] of Object.entries(parameters)) {
      if (given === undefined) continue;
      throw new RangeError(`${this.operation}: ${name} is given, and with norm "${norm}" there is none. Leave it out.`);
    }
  }

  /** Layer norm over the last axis. */
  norm(a: SymbolicTensor, scale?: SymbolicTensor, bias?: SymbolicTensor): SymbolicTensor {
    const { epsilon, form } = this.options;
    return layerNorm(a, { scale, bias, epsilon, form });
  }
}

function hiddenOf({ hiddenWeight }: RecurrentOptions): number | undefined {
  const columns = typeof hiddenWeight === "object" ? hiddenWeight.dims[1] : undefined;
  return typeof columns === "number" ? columns : undefined;
}

/**
 * A plain network as ONNX's own operator.
 *
 * @param order Where each of the operator's gates is among ours.
 * @returns y, and what is carried after the last step.
 */
export function operator(
  network: RecurrentGraph,
  opType: "RNN" | "LSTM" | "GRU",
  order: readonly number[],
  initial: readonly (SymbolicTensor | undefined)[],
  attributes: Readonly<Record<string, Attribute>> = {},
): SymbolicTensor[] {
  const { x, hidden, carriedDims, direction } = network, { graph } = x;
  const weights = (["inputWeight", "hiddenWeight"] as const).map((name) =>
    reordered(network, network.weight(name), order, [1, network.gates * hidden, -1])
  );
  const inputs = [
    x,
    ...weights,
    biasOf(network, order),
    undefined,
    ...initial.map((carried) => carried?.unsqueeze([0])),
  ];
  checkComputable(opType, x.type);
  const [y, ...final] = graph.ops(
    opType,
    inputs.map((input) => input?.value),
    { hidden_size: BigInt(hidden), direction, ...attributes },
    1 + initial.length,
  );
  // The operator has an axis for the directions, of which there is one.
  return [
    x.of(graph.op("Squeeze", [y, graph.int64([1])]), { dims: [x.dims[0], ...carriedDims] }),
    ...final.map((value) => x.of(graph.op("Squeeze", [value, graph.int64([0])]), { dims: carriedDims })),
  ];
}

/** ONNX's one bias: that of x, then that of the hidden units. */
function biasOf(network: RecurrentGraph, order: readonly number[]): SymbolicTensor | undefined {
  const { operation, x, options: { inputBias, hiddenBias }, gates, hidden } = network;
  if (inputBias === undefined && hiddenBias === undefined) return undefined;
  const [first, second] = Object.entries({ inputBias, hiddenBias }).map(([name, given]) => {
    const bias = network.vector(name, given) ?? filled(operation, x, name, [gates * hidden], 0);
    return reordered(network, bias, order, [1, -1]);
  });
  return first.op("Concat", [second], { axis: 1n });
}

/** A parameter with its gates in another order, and in another shape. Of stored ones onnxruntime makes constants. */
function reordered(
  { gates }: RecurrentGraph,
  given: SymbolicTensor,
  order: readonly number[],
  shape: readonly number[],
): SymbolicTensor {
  const { graph } = given, rows = given.reshape([gates, -1], [gates, undefined]);
  const ordered = rows.of(graph.op("Gather", [rows.value, graph.int64(order)], { axis: 0n }));
  return ordered.reshape(shape, shape.map((size) => size === -1 ? undefined : size));
}

/** A projection, x weight^T, of a sequence or of one step. */
export function project(x: SymbolicTensor, weight: SymbolicTensor): SymbolicTensor {
  const product = x.op("MatMul", [weight]);
  return product.of(product.value, { dims: [...x.dims.slice(0, -1), weight.dims[1]] });
}

/** Parts of a tensor along its last axis, of these sizes. */
export function parts(x: SymbolicTensor, sizes: readonly number[]): SymbolicTensor[] {
  const { graph } = x, values = graph.ops("Split", [x.value, graph.int64(sizes)], { axis: -1n }, sizes.length);
  return values.map((value, i) => x.of(value, { dims: [...x.dims.slice(0, -1), sizes[i]] }));
}

/**
 * A network as a Scan over the steps of sequences.
 *
 * @param sequences Tensors [T, N, ...] that each step sees one row of.
 * @param initial What is carried into the first step; 0 where it is undefined.
 * @param step From what is carried and the rows to what is carried on; the first of these is also the result of the step.
 * @returns y, and what is carried after the last step.
 */
export function scan(
  { x, carriedDims, direction }: RecurrentGraph,
  sequences: readonly SymbolicTensor[],
  initial: readonly (SymbolicTensor | undefined)[],
  step: (carried: SymbolicTensor[], now: SymbolicTensor[]) => SymbolicTensor[],
): SymbolicTensor[] {
  const { graph } = x, body = graph.subgraph("step"), unique = sequences[0].value.name;
  const start = initial.map((carried) => carried ?? zeros(x, carriedDims));
  const input = (name: string, dims: readonly Dim[]) => x.of(body.input(`${unique}.${name}`, x.type, dims), { dims });
  const carried = start.map((_, i) => input(`before_${i}`, carriedDims));
  const now = sequences.map(({ dims: [, ...rest] }, i) => input(`now_${i}`, rest));
  const after = step(carried, now);
  after.forEach(({ value }, i) => body.output(`${unique}.after_${i}`, value, x.type, carriedDims));
  body.output(`${unique}.y`, after[0].value, x.type, carriedDims);
  const backwards = direction === "reverse" && {
    scan_input_directions: sequences.map(() => 1n),
    scan_output_directions: [1n],
  };
  const outputs = graph.ops(
    "Scan",
    [...start, ...sequences].map(({ value }) => value),
    { body, num_scan_inputs: BigInt(sequences.length), ...backwards },
    start.length + 1,
  );
  const final = outputs.slice(0, -1).map((value) => x.of(value, { dims: carriedDims }));
  return [x.of(outputs.at(-1)!, { dims: [x.dims[0], ...carriedDims] }), ...final];
}

/** Zeros for as many samples as x has. */
function zeros(x: SymbolicTensor, dims: readonly Dim[]): SymbolicTensor {
  const { graph } = x, samples = graph.op("Shape", [x.value], { start: 1n, end: 2n });
  const shape = graph.op("Concat", [samples, graph.int64([dims[1] as number])], { axis: 0n });
  return x.of(graph.op("Expand", [x.scalar(0), shape]), { dims });
}
