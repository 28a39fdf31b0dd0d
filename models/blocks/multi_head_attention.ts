import { zeros } from "../../kernels/tensor.ts";
import { MultiHeadAttention } from "../../layers/blocks/multi_head_attention.ts";
import { angleOf } from "../../layers/blocks/rotary.ts";
import { LearnedPosition } from "../../layers/network/learned_position.ts";
import type { Dim } from "../../onnx/mod.ts";
import { show } from "../check.ts";
import { parameter } from "../parameter.ts";
import type { SymbolicTensor } from "../symbolic_tensor.ts";
import { layerWriter, type Writing } from "../writing.ts";

/** What softmax is given where a step does not see another: finite, and out of reach of any sum. */
const unseen = -3e4;

/** A MultiHeadAttention as a graph. How many steps there are must be known where it is causal or turns by position. */
export const multiHeadAttentionWriter = layerWriter(MultiHeadAttention, (x, layer, writing) => {
  const { features, heads, causal, rotaryBase, norms } = layer, [samples, steps] = x.dims, size = features / heads;
  const rows = writing.part("input", x, layer.input);
  const part = (index: 0 | 1 | 2) => {
    const rest = between(rows, index * features, (index + 1) * features);
    const split = rest.reshape([0, 0, heads, size], [samples, steps, heads, size]);
    const turned = split.op("Transpose", [], { perm: [0n, 2n, 1n, 3n] });
    return turned.of(turned.value, { dims: [samples, heads, steps, size] });
  };
  const query = norms ? writing.part("queryNorm", part(0), norms.queryNorm) : part(0);
  const key = norms ? writing.part("keyNorm", part(1), norms.keyNorm) : part(1);
  const turn = rotaryBase === undefined ? (heads: SymbolicTensor) => heads : rotation(query, rotaryBase, writing);
  const keys = turn(key).op("Transpose", [], { perm: [0n, 1n, 3n, 2n] });
  const scores = turn(query).times(1 / Math.sqrt(size)).op("MatMul", [keys]);
  const seen = scores.of(scores.value, { dims: [samples, heads, steps, steps] });
  const weights = (causal ? seen.plus(causalMask(x, writing)) : seen).op("Softmax", [], { axis: 3n });
  const y = weights.op("MatMul", [part(2)]).op("Transpose", [], { perm: [0n, 2n, 1n, 3n] });
  return writing.part("output", y.reshape([0, 0, features], [samples, steps, features]), layer.output);
});

/** A LearnedPosition as a graph; how many steps there are must be known. */
export const learnedPositionWriter = layerWriter(
  LearnedPosition,
  (x, { parameters: { weight }, features }, writing) => {
    const stored = writing.stored(x, "weight", weight), steps = stepsOf("positions", x.dims[1], x);
    const { graph } = x, ends = [0, steps].map((end) => graph.int64([end]));
    const rows = stored.of(graph.op("Slice", [stored.value, ...ends, graph.int64([0])]), { dims: [steps, features] });
    return x.plus(rows);
  },
);

/** Elements along the last axis. */
function between(x: SymbolicTensor, start: number, end: number): SymbolicTensor {
  const { graph } = x, axis = x.dims.length - 1;
  const value = graph.op("Slice", [x.value, ...[start, end, axis].map((n) => graph.int64([n]))]);
  return x.of(value, { dims: x.dims.with(axis, end - start) });
}

/** What turns vectors of x's dims by their positions, in halves: [a cos - b sin, a sin + b cos]. */
function rotation(x: SymbolicTensor, base: number, writing: Writing): (vectors: SymbolicTensor) => SymbolicTensor {
  const steps = stepsOf("rotary positions", x.dims[2], x), size = x.dims[3] as number, half = size / 2;
  const table = (name: string, f: (angle: number) => number) => {
    const values = zeros("float64", [steps, half]);
    for (let i = 0; i < values.data.length; i++) {
      values.data[i] = f(angleOf(Math.floor(i / half), i % half, half, base));
    }
    return writing.stored(x, name, values);
  };
  const cos = table("cos", Math.cos), sin = table("sin", Math.sin);
  return (vectors) => {
    const a = between(vectors, 0, half), b = between(vectors, half, size);
    const turned = a.times(cos).minus(b.times(sin)).op("Concat", [a.times(sin).plus(b.times(cos))], { axis: -1n });
    return turned.of(turned.value, { dims: vectors.dims });
  };
}

/** What is added to scores, [steps, steps]. */
function causalMask(x: SymbolicTensor, { options }: Writing): SymbolicTensor {
  const steps = stepsOf("a causal attention", x.dims[1], x), mask = zeros(x.type, [steps, steps]);
  for (let t = 0; t < steps; t++) mask.data.fill(unseen, t * steps + t + 1, (t + 1) * steps);
  return parameter("applyLayer", x, "mask", mask, [steps, steps], options);
}

function stepsOf(what: string, steps: Dim, { dims }: SymbolicTensor): number {
  if (typeof steps === "number") return steps;
  throw new RangeError(`applyLayer: ${what} in a graph of dims ${show(dims)}: the number of steps must be a number.`);
}
