import { modelOf, type ModelOfOptions, type SymbolicTensor } from "../../models/mod.ts";
import type { Dim, Model } from "../../onnx/mod.ts";

/** A graph of one normalization, or of something that looks like one. */
export interface Spelling {
  readonly name: string;
  readonly model: Model;
  /** What is found: kind, axes and epsilon; undefined for a lookalike, which is to stay as it is. */
  readonly found?: {
    readonly kind: string;
    readonly axes: readonly number[];
    readonly epsilon?: number;
    readonly groups?: number;
  };
  /** Whether it cannot be written as one operator though it is a norm. */
  readonly stays?: boolean;
}

type Compute = (x: SymbolicTensor) => SymbolicTensor;

const epsilon = 1e-3,
  dims = [2, 3, 8],
  f32 = (data: number[], dims = [data.length]) => ({
    type: "float32" as const,
    dims,
    data: Float32Array.from(data),
  });

/** A constant that varies along the last of its dims, by a seed. */
export function varied(dims: readonly number[], seed = 1) {
  const size = dims.reduce((a, b) => a * b, 1);
  return f32(Array.from({ length: size }, (_, i) => 1 + Math.sin(seed * 7 + i * 1.7) / 2), [...dims]);
}

const constant = (x: SymbolicTensor, tensor: ReturnType<typeof f32>) =>
  x.of(x.graph.constant(tensor), { type: tensor.type, dims: tensor.dims });
const weight = (x: SymbolicTensor, dims = [8], seed = 1) => constant(x, varied(dims, seed));
const mean = (x: SymbolicTensor, axes = [2]) => x.reduce("ReduceMean", axes);
const total = (x: SymbolicTensor, axes = [2]) => x.reduce("ReduceSum", axes);
const squared = (x: SymbolicTensor) => x.op("Pow", [x.scalar(2)]);
const centred = (x: SymbolicTensor, axes = [2]) => x.minus(mean(x, axes));
const variance = (x: SymbolicTensor, axes = [2]) => mean(squared(centred(x, axes)), axes);
const deviation = (x: SymbolicTensor, axes = [2]) => variance(x, axes).plus(epsilon).sqrt();
const plain = (x: SymbolicTensor, axes = [2]) => centred(x, axes).over(deviation(x, axes));
const rms = (x: SymbolicTensor) => mean(squared(x)).plus(epsilon).sqrt();
const reciprocal = (x: SymbolicTensor) => x.op("Reciprocal");
const isLess = (opset: number, x: SymbolicTensor) => x.opset < opset;

const layer = { kind: "layer", axes: [2], epsilon }, root = { kind: "RMS", axes: [2], epsilon };

/** Options of a spelling beside those of a model: dims of x and, unless they are the same, of y. */
interface SpellingOptions extends ModelOfOptions {
  readonly dims?: readonly Dim[];
  readonly to?: readonly Dim[];
  readonly stays?: boolean;
}

function spelled(
  name: string,
  compute: Compute,
  found?: Spelling["found"],
  { dims: given = dims, to = given, stays = false, ...options }: SpellingOptions = {},
): Spelling {
  const whole = (x: SymbolicTensor) => {
    const y = compute(x);
    return y.of(y.value, { dims: to });
  };
  return { name, model: modelOf(whole, { x: given }, { opset: 17, ...options }), found, stays };
}

/** The squeezed mean and variance that some exporters unsqueeze again. */
function squeezed(x: SymbolicTensor, y: SymbolicTensor): SymbolicTensor {
  const axes = isLess(18, x) ? { axes: [2n] } : {};
  const gone = y.graph.op("ReduceMean", [y.value], { ...axes, keepdims: 0n });
  return y.of(gone, { dims: x.dims.slice(0, -1) });
}

function unsqueezed(y: SymbolicTensor): SymbolicTensor {
  return y.unsqueeze([2]);
}

/** Every spelling of a layer norm, an RMS norm, an instance norm and a group norm that exporters write. */
export const spellings: readonly Spelling[] = [
  spelled("Pow, Sqrt, Div", plain, layer),
  spelled("with scale and bias", (x) => plain(x).times(weight(x)).plus(weight(x, [8], 2)), layer),
  spelled("scale and bias first in their operators", (x) => weight(x, [8], 2).plus(weight(x).times(plain(x))), layer),
  spelled("scale of [1, 1, C]", (x) => plain(x).times(weight(x, [1, 1, 8])), layer),
  spelled("bias alone", (x) => plain(x).plus(weight(x, [8], 3)), layer),
  spelled("a square by Mul", (x) => centred(x).over(mean(centred(x).times(centred(x))).plus(epsilon).sqrt()), layer),
  spelled("two subtractions, as torch.onnx writes them", (x) => centred(x).over(deviation(x)), layer),
  spelled("a reciprocal", (x) => centred(x).times(reciprocal(deviation(x))), layer),
  spelled("Sqrt of a reciprocal", (x) => centred(x).times(reciprocal(variance(x).plus(epsilon)).sqrt()), layer),
  spelled("Div of 1", (x) => centred(x).times(constant(x, f32([1])).over(deviation(x))), layer),
  spelled("Pow of -0.5", (x) => centred(x).times(variance(x).plus(epsilon).op("Pow", [x.scalar(-0.5)])), layer),
  spelled("Pow of 0.5", (x) => centred(x).over(variance(x).plus(epsilon).op("Pow", [x.scalar(0.5)])), layer),
  spelled("epsilon first", (x) => centred(x).over(constant(x, f32([epsilon])).plus(variance(x)).sqrt()), layer),
  spelled("no epsilon", (x) => centred(x).over(variance(x).sqrt()), { ...layer, epsilon: 0 }),
  spelled("TensorFlow's x k + (b - mean k)", (x) => {
    const k = reciprocal(deviation(x)).times(weight(x));
    return x.times(k).plus(weight(x, [8], 2).minus(mean(x).times(k)));
  }, layer),
  spelled(
    "E[x²] - E[x]²",
    (x) => centred(x).over(mean(squared(x)).minus(squared(mean(x))).plus(epsilon).sqrt()),
    layer,
  ),
  spelled("(weight x) / deviation", (x) => weight(x).times(centred(x)).over(deviation(x)), layer),
  spelled("mean - x", (x) => mean(x).minus(x).over(deviation(x)), layer),
  spelled("sums over their count", (x) => {
    const d = x.minus(total(x).over(8));
    return d.over(total(d.times(d)).over(8).plus(epsilon).sqrt());
  }, layer),
  spelled("an unbiased variance", (x) => {
    const d = centred(x);
    return d.over(total(d.times(d)).over(7).plus(epsilon).sqrt());
  }, { kind: "layer", axes: [2] }),
  spelled("dims taken away and put back", (x) => {
    const d = x.minus(unsqueezed(squeezed(x, x)));
    return d.over(unsqueezed(squeezed(x, d.times(d)).plus(epsilon).sqrt()));
  }, layer),
  spelled("axes as an input", plain, layer, { opset: 18 }),
  spelled("negative axes", (x) => {
    const axes = { axes: [-1n], keepdims: 1n }, d = x.minus(x.op("ReduceMean", [], axes));
    return d.over(squared(d).op("ReduceMean", [], axes).plus(epsilon).sqrt());
  }, layer),
  spelled("two trailing axes", (x) => plain(x, [1, 2]).times(weight(x, [3, 8])), { ...layer, axes: [1, 2] }),
  spelled("all axes", (x) => plain(x, [0, 1, 2]), { ...layer, axes: [0, 1, 2] }),
  spelled("an unknown batch", (x) => plain(x).times(weight(x)), layer, { dims: ["N", "T", 8] }),
  spelled(
    "an unknown length, where the norm's shape is asked for",
    (x) => {
      const y = plain(x).times(weight(x));
      return y.of(x.graph.op("Reshape", [y.value, x.graph.op("Shape", [y.value])]));
    },
    layer,
    { dims: ["N", undefined, 8] },
  ),
  spelled("channels first", (x) => plain(x, [1]).times(weight(x, [16, 1, 1])), { kind: "layer", axes: [1], epsilon }, {
    dims: [2, 16, 4, 4],
  }),
  spelled("Casts around", (x) => plain(x.cast("float32")).cast("float16").times(weight(x).cast("float16")), layer, {
    type: "float16",
  }),
  spelled("the operator of opset 17", (x) => x.op("LayerNormalization", [weight(x)], { epsilon }), layer, {
    stays: true,
  }),
  spelled("the operator below opset 17, which onnxruntime has", (x) => plain(x), layer),
  spelled("RMS: Pow, Sqrt, Div", (x) => x.over(rms(x)).times(weight(x)), root),
  spelled("RMS: weight * (x * rsqrt)", (x) => weight(x).times(x.times(reciprocal(rms(x)))), root),
  spelled("RMS: (weight * x) * rsqrt", (x) => weight(x).times(x).times(reciprocal(rms(x))), root),
  spelled("RMS: ReduceSumSquare over the count", (x) => {
    const axes = { axes: [2n], keepdims: 1n };
    return x.over(x.op("ReduceSumSquare", [], axes).over(8).plus(epsilon).sqrt());
  }, root),
  spelled("RMS: ReduceL2 over the root of the count", (x) => {
    return x.over(x.op("ReduceL2", [], { axes: [2n], keepdims: 1n }).over(Math.sqrt(8)));
  }, { ...root, epsilon: 0 }),
  spelled("instance, over an image", (x) => plain(x, [2, 3]).times(weight(x, [16, 1, 1])), {
    kind: "instance",
    axes: [2, 3],
    epsilon,
  }, {
    dims: [2, 16, 4, 4],
  }),
  spelled(
    "instance, by GlobalAveragePool",
    (x) => {
      const pool = (y: SymbolicTensor) => y.op("GlobalAveragePool"), d = x.minus(pool(x));
      return d.over(pool(d.times(d)).plus(epsilon).sqrt());
    },
    { kind: "instance", axes: [2, 3], epsilon },
    { dims: [2, 16, 4, 4] },
  ),
  spelled(
    "instance, an operator with a scale behind it",
    (x) => {
      const ones = constant(x, f32(new Array(16).fill(1))), zeros = constant(x, f32(new Array(16).fill(0)));
      return x.op("InstanceNormalization", [ones, zeros], { epsilon }).times(weight(x, [16, 1, 1]));
    },
    { kind: "instance", axes: [2, 3], epsilon },
    { dims: [2, 16, 4, 4] },
  ),
  spelled(
    "group, by Reshape, InstanceNormalization and Reshape",
    (x) => {
      const ones = constant(x, f32(new Array(4).fill(1))), zeros = constant(x, f32(new Array(4).fill(0)));
      const grouped = x.reshape([0, 4, -1], [2, 4, 64]).op("InstanceNormalization", [ones, zeros], { epsilon });
      return grouped.reshapeLike(x).times(weight(x, [16, 1, 1])).plus(weight(x, [16, 1, 1], 2));
    },
    { kind: "group", axes: [], epsilon, groups: 4 },
    { dims: [2, 16, 4, 4], stays: true },
  ),
  ...[true, false].map((isInput) =>
    spelled(
      `group of ${isInput ? "an input" : "a convolution"} of any height and width, reshaped by sizes put together`,
      (x) => {
        const y = isInput ? x : x.of(x.graph.op("Conv", [x.value, x.graph.constant(varied([16, 16, 3, 3]))]));
        const zeros = constant(x, f32(new Array(4).fill(0))), ones = constant(x, f32(new Array(4).fill(1)));
        const grouped = y.reshape([0, 4, -1], ["N", 4, undefined])
          .op("InstanceNormalization", [ones, zeros], { epsilon });
        const shape = x.graph.op("Shape", [y.value]);
        const size = (axis: number) =>
          x.graph.op("Unsqueeze", [x.graph.op("Gather", [shape, x.graph.int64(axis)]), x.graph.int64([0])]);
        const sizes = x.graph.op("Concat", [size(0), x.graph.int64([16]), size(2), size(3)], { axis: 0n });
        return y.of(x.graph.op("Reshape", [grouped.value, sizes])).times(weight(x, [16, 1, 1]));
      },
      { kind: "group", axes: [], epsilon, groups: 4 },
      { dims: ["N", 16, undefined, undefined], stays: true },
    )
  ),
  spelled(
    "group, the operator of opset 21",
    (x) => {
      return x.op("GroupNormalization", [weight(x, [16]), weight(x, [16], 2)], { num_groups: 4n, epsilon });
    },
    { kind: "group", axes: [], epsilon, groups: 4 },
    { dims: [2, 16, 4, 4], opset: 21, stays: true },
  ),
  spelled(
    "group, the operator of opset 18, which scales groups",
    (x) => {
      return x.op("GroupNormalization", [weight(x, [4]), weight(x, [4], 2)], { num_groups: 4n, epsilon });
    },
    { kind: "group", axes: [], epsilon, groups: 4 },
    { dims: [2, 16, 4, 4], opset: 18, stays: true },
  ),
];

/** What only looks like a normalization. */
export const lookalikes: readonly Spelling[] = [
  spelled(
    "a cube for a square",
    (x) => centred(x).over(mean(centred(x).op("Pow", [x.scalar(3)])).plus(epsilon).sqrt()),
  ),
  spelled("a fourth power", (x) => centred(x).over(mean(centred(x).op("Pow", [x.scalar(4)])).plus(epsilon).sqrt())),
  spelled("a swapped Div", (x) => deviation(x).over(centred(x))),
  spelled("another tensor's variance", (x) => centred(x).over(deviation(x.times(x)))),
  spelled("the mean of other axes", (x) => centred(x, [1]).over(deviation(x))),
  spelled("x over the root of its variance", (x) => x.over(deviation(x))),
  spelled("epsilon that is given", (x) => {
    const given = x.of(x.graph.input("epsilon", "float32", [1]), { dims: [1] });
    return centred(x).over(variance(x).plus(given).sqrt());
  }),
  spelled("a variance without its root", (x) => centred(x).over(variance(x).plus(epsilon))),
  spelled("a mean that is added", (x) => x.plus(mean(x)).over(deviation(x))),
  spelled("twice the mean", (x) => x.minus(mean(x).times(2)).over(deviation(x))),
  spelled("a sum for a mean", (x) => x.minus(total(x)).over(deviation(x))),
  spelled("a variance about a scaled mean", (x) => {
    const d = x.minus(mean(x).times(0.5));
    return centred(x).over(mean(d.times(d)).plus(epsilon).sqrt());
  }),
  spelled(
    "dims taken away and not put back",
    (x) => {
      const gone = x.of(x.graph.op("ReduceMean", [x.value], { axes: [2n], keepdims: 0n }), { dims: [8, 8] });
      return x.minus(gone).over(deviation(x));
    },
    undefined,
    { dims: [8, 8, 8] },
  ),
];

/** Norms that must stay, each for a reason. */
export const neighbours: readonly Spelling[] = [
  spelled("a scale that makes it wider", (x) => plain(x).times(weight(x, [4, 1, 8])), layer, {
    dims: [1, 3, 8],
    to: [4, 3, 8],
    stays: true,
  }),
  spelled("epsilon on the deviation", (x) => centred(x).over(variance(x).sqrt().plus(epsilon)), {
    kind: "layer",
    axes: [2],
  }, { stays: true }),
  spelled("an unknown length", plain, layer, { dims: ["N", "T", "C"], stays: true }),
];
