import { checkWord } from "../kernels/check.ts";
import type { DType } from "../kernels/tensor.ts";
import type { Attribute, Dim, NodeOptions, SubgraphBuilder, Value } from "../onnx/mod.ts";

/** What is known of a tensor before it has numbers. */
export interface SymbolicTensorOptions {
  /** The type of its elements. */
  readonly type: DType;
  /** The size of each dimension: a number, a name such as `"N"`, or undefined where it is not known. */
  readonly dims: readonly Dim[];
  /** The version of ONNX's operator set that its graph is written in. */
  readonly opset: number;
}

/**
 * Operators that no provider of onnxruntime-web 1.30 computes in float64 (nor does onnxruntime elsewhere): a file with one of them
 * would open nowhere. Of MeanVarianceNormalization such a file would not even be valid, for ONNX defines it with a constant of float32.
 */
const withoutFloat64: ReadonlySet<string> = new Set([
  "AveragePool",
  "Conv",
  "ConvTranspose",
  "Erf",
  "GRU",
  "Gelu",
  "InstanceNormalization",
  "LRN",
  "LSTM",
  "MeanVarianceNormalization",
  "RNN",
  "SkipLayerNormalization",
  "SkipSimplifiedLayerNormalization",
]);

/** Throws if no provider computes an operator in this type. */
export function checkComputable(opType: string, type: DType): void {
  if (type !== "float64" || !withoutFloat64.has(opType)) return;
  throw new TypeError(
    `${opType} of float64 runs on no provider of onnxruntime. Write the model with type "float32", put x.cast("float32") before ` +
      `and .cast("float64") after, or take another form.`,
  );
}

const arrays = () => ({ float32: Float32Array, float64: Float64Array, float16: globalThis.Float16Array });

/**
 * A tensor of a graph that is being built: a value with the type and dims that a normalization needs to know. Its methods add
 * nodes to its graph and give their results, so that a formula in them reads as it would with numbers.
 *
 * @example A square, in a graph of one's own
 * ```ts
 * import { SymbolicTensor } from "@evenkeel/norm/models";
 * import { GraphBuilder } from "@evenkeel/norm/onnx";
 *
 * const g = new GraphBuilder("square", { opset: 17 });
 * const x = new SymbolicTensor(g.input("x", "float32", ["N"]), { type: "float32", dims: ["N"], opset: 17 });
 * const y = x.times(x);
 * g.output("y", y.value, y.type, y.dims);
 * ```
 */
export class SymbolicTensor implements SymbolicTensorOptions {
  /** The value in the graph. */
  readonly value: Value;
  /** The type of its elements. */
  readonly type: DType;
  /** The size of each dimension. */
  readonly dims: readonly Dim[];
  /** The version of ONNX's operator set that its graph is written in. */
  readonly opset: number;

  /**
   * Says of a value what type and dims it has.
   *
   * @throws {RangeError} If the type is none that normalizations have.
   */
  constructor(value: Value, { type, dims, opset }: SymbolicTensorOptions) {
    checkWord("SymbolicTensor", "type", type, ["float32", "float64", "float16"]);
    this.value = value;
    this.type = type;
    this.dims = dims;
    this.opset = opset;
  }

  /** The graph that nodes are added to: that of the value. */
  get graph(): SubgraphBuilder {
    return this.value.graph;
  }

  /** A value of the graph with this type and opset, and these dims unless others are given. */
  of(value: Value, changes: Partial<SymbolicTensorOptions> = {}): SymbolicTensor {
    return new SymbolicTensor(value, { type: this.type, dims: this.dims, opset: this.opset, ...changes });
  }

  /** The result of an operator that reads this first. Its dims are taken to be those of this. */
  op(
    opType: string,
    others: readonly (SymbolicTensor | Value | undefined)[] = [],
    attributes: Readonly<Record<string, Attribute>> = {},
    options: NodeOptions = {},
  ): SymbolicTensor {
    checkComputable(opType, this.type);
    const inputs = [this.value, ...others.map((other) => other instanceof SymbolicTensor ? other.value : other)];
    return this.of(this.graph.op(opType, inputs, attributes, options));
  }

  /** A scalar constant of this type. */
  scalar(number: number): Value {
    const data = arrays()[this.type].of(number);
    return this.graph.constant({ type: this.type, dims: [], data });
  }

  /** This plus a tensor that broadcasts to its dims, or a number. */
  plus(other: SymbolicTensor | number): SymbolicTensor {
    return this.op("Add", [this.#operand(other)]);
  }

  /** This less a tensor that broadcasts to its dims, or a number. */
  minus(other: SymbolicTensor | number): SymbolicTensor {
    return this.op("Sub", [this.#operand(other)]);
  }

  /** This times a tensor that broadcasts to its dims, or a number. */
  times(other: SymbolicTensor | number): SymbolicTensor {
    return this.op("Mul", [this.#operand(other)]);
  }

  /** This over a tensor that broadcasts to its dims, or a number. */
  over(other: SymbolicTensor | number): SymbolicTensor {
    return this.op("Div", [this.#operand(other)]);
  }

  /** The square root of each element. */
  sqrt(): SymbolicTensor {
    return this.op("Sqrt");
  }

  /** The elements in another type; this itself if it has that type. */
  cast(type: DType): SymbolicTensor {
    if (type === this.type) return this;
    const to = { float32: 1n, float16: 10n, float64: 11n }[type];
    return this.of(this.graph.op("Cast", [this.value], { to }), { type });
  }

  /**
   * The same elements in other dims.
   *
   * @param shape As ONNX's Reshape takes it: 0 keeps the size at that place, and one -1 is what the others leave.
   * @param dims The dims that this gives.
   */
  reshape(shape: readonly number[], dims: readonly Dim[]): SymbolicTensor {
    return this.of(this.graph.op("Reshape", [this.value, this.graph.int64(shape)]), { dims });
  }

  /** The same elements in the dims of another tensor, of as many elements. */
  reshapeLike(other: SymbolicTensor): SymbolicTensor {
    const { dims } = other, unknown = dims.filter((dim) => typeof dim !== "number").length;
    // Sizes of which at most the first is unknown can be said beforehand: 0 copies it.
    const known = unknown === 0 || (unknown === 1 && typeof dims[0] !== "number" && this.dims[0] === dims[0]);
    if (known) return this.reshape(dims.map((dim) => typeof dim === "number" ? dim : 0), dims);
    return this.of(this.graph.op("Reshape", [this.value, this.graph.op("Shape", [other.value])]), { dims });
  }

  /** This with dims of 1 put in, at these places of the result. */
  unsqueeze(axes: readonly number[]): SymbolicTensor {
    if (axes.length === 0) return this;
    const dims = this.dims.slice();
    for (const axis of axes) dims.splice(axis, 0, 1);
    return this.of(this.graph.op("Unsqueeze", [this.value, this.graph.int64(axes)]), { dims });
  }

  /**
   * A reduction such as ReduceMean; the reduced axes stay, with a size of 1. Which axes is an attribute up to opset 17, and an
   * input from 18 on (for ReduceSum from 13 on).
   */
  reduce(opType: string, axes: readonly number[]): SymbolicTensor {
    const asInput = this.opset >= (opType === "ReduceSum" ? 13 : 18);
    const dims = this.dims.map((dim, d) => axes.includes(d) ? 1 : dim);
    return this.of(
      asInput
        ? this.graph.op(opType, [this.value, this.graph.int64(axes)], { keepdims: 1n })
        : this.graph.op(opType, [this.value], { axes: axes.map(BigInt), keepdims: 1n }),
      { dims },
    );
  }

  /** The first element along each of the axes, which stay, with a size of 1. */
  first(axes: readonly number[]): SymbolicTensor {
    const { graph } = this;
    const [starts, ends] = [0, 1].map((n) => graph.int64(axes.map(() => n)));
    return this.of(graph.op("Slice", [this.value, starts, ends, graph.int64(axes)]), {
      dims: this.dims.map((dim, d) => axes.includes(d) ? 1 : dim),
    });
  }

  #operand(other: SymbolicTensor | number): SymbolicTensor | Value {
    return typeof other === "number" ? this.scalar(other) : other;
  }
}

/** The elements in float32 if they are float16, whose squares overflow at 256 and whose sums round at 3 digits. */
export function widened(x: SymbolicTensor): SymbolicTensor {
  return x.cast(x.type === "float16" ? "float32" : x.type);
}
