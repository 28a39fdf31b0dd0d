import type { ElementType } from "../element.ts";
import type { Dim, ValueType } from "../value_info.ts";
import type { Call, Rule } from "./call.ts";
import { axesOf, axisOf, broadcast, type Dims } from "./dims.ts";
import { same } from "./elementwise.ts";

type Outputs = readonly ValueType[];

/** The dims with some axes set to 1, or left out; undefined sizes if it is not known which. */
function reduce(dims: Dims, axes: readonly number[] | undefined, keep: boolean): Dims {
  if (dims === undefined) return undefined;
  const found = axes && axesOf(axes, dims.length);
  if (found === undefined) return keep ? dims.map(() => undefined) : undefined;
  return keep
    ? dims.map((dim, axis) => found.includes(axis) ? 1 : dim)
    : dims.filter((_, axis) => !found.includes(axis));
}

function reduction(call: Call): Outputs {
  const { type, dims } = call.input(0);
  const keep = call.int("keepdims") !== 0;
  let axes = call.hasList("axes", 1) ? call.list("axes", 1) : [];
  if (axes?.length === 0) {
    if (call.int("noop_with_empty_axes")) return [{ type, dims }];
    axes = dims && [...dims.keys()];
  }
  return [{ type, dims: reduce(dims, axes, keep) }];
}

function argument(call: Call): Outputs {
  const { dims } = call.input(0);
  return [{ type: "int64", dims: reduce(dims, [call.int("axis") ?? 0], call.int("keepdims") !== 0) }];
}

function gemm(call: Call): Outputs {
  const { type, dims: a } = call.input(0), { dims: b } = call.input(1);
  return [{ type, dims: [a?.[call.int("transA") ? 1 : 0], b?.[call.int("transB") ? 0 : 1]] }];
}

function matMul(call: Call): Outputs {
  const { type, dims: a } = call.input(0), { dims: b } = call.input(1);
  if (!a || !b || a.length === 0 || b.length === 0) return [{ type }];
  const batch = broadcast([a.slice(0, -2), b.slice(0, -2)])!;
  const rows = a.length > 1 ? [a.at(-2)] : [], columns = b.length > 1 ? [b.at(-1)] : [];
  return [{ type, dims: [...batch, ...rows, ...columns] }];
}

/** How a window goes over the spatial axes: of a convolution or of a pooling. */
function windowOf(call: Call, kernel: readonly Dim[]) {
  const of = (name: string, otherwise: number) => call.ints(name) ?? kernel.map(() => otherwise);
  return {
    strides: of("strides", 1),
    dilations: of("dilations", 1),
    pads: call.ints("pads") ?? [],
    auto: autoPad(call),
  };
}

function autoPad(call: Call): string {
  const value = call.attribute("auto_pad");
  return typeof value === "string" ? value : "NOTSET";
}

/** The sizes of the spatial axes after a window has gone over them. */
function slide(call: Call, spatial: readonly Dim[], kernel: readonly Dim[]): Dim[] {
  const { strides, dilations, pads, auto } = windowOf(call, kernel);
  const round = call.int("ceil_mode") ? Math.ceil : Math.floor;
  return spatial.map((size, i) => {
    const k = kernel[i];
    if (typeof size !== "number" || typeof k !== "number") return undefined;
    if (auto.startsWith("SAME")) return positive(Math.ceil(size / strides[i]));
    const padding = auto === "VALID" ? 0 : (pads[i] ?? 0) + (pads[i + spatial.length] ?? 0);
    const reach = dilations[i] * (k - 1) + 1;
    const result = round((size + padding - reach) / strides[i]) + 1;
    // Whether a last window that begins in the padding at the end counts, versions of ONNX and runtimes disagree.
    const disputed = round === Math.ceil && (result - 1) * strides[i] >= size + (pads[i] ?? 0);
    return disputed ? undefined : positive(result);
  });
}

function positive(size: number): Dim {
  return size > 0 && Number.isSafeInteger(size) ? size : undefined;
}

function conv(call: Call): Outputs {
  const { type, dims: x } = call.input(0), { dims: w } = call.input(1);
  const rank = x?.length ?? w?.length;
  if (rank === undefined || rank < 2 || (w && w.length !== rank)) return [{ type }];
  const kernel = call.ints("kernel_shape") ?? w?.slice(2) ?? [];
  const spatial = x?.slice(2) ?? new Array<Dim>(rank - 2).fill(undefined);
  return [{ type, dims: [x?.[0], w?.[0], ...slide(call, spatial, kernel)] }];
}

function convTranspose(call: Call): Outputs {
  const { type, dims: x } = call.input(0), { dims: w } = call.input(1);
  if (!x || x.length < 2 || (w && w.length !== x.length)) return [{ type }];
  const channels = w?.[1], kernel = call.ints("kernel_shape") ?? w?.slice(2) ?? [];
  const { strides, dilations, pads, auto } = windowOf(call, kernel);
  const given = call.ints("output_shape"), more = call.ints("output_padding") ?? [];
  const spatial = x.slice(2).map((size, i, { length }) => {
    const k = kernel[i];
    if (given) return given[given.length - length + i];
    if (typeof size !== "number" || typeof k !== "number") return undefined;
    if (auto.startsWith("SAME")) return positive(size * strides[i]);
    const padding = auto === "VALID" ? 0 : (pads[i] ?? 0) + (pads[i + length] ?? 0);
    return positive(strides[i] * (size - 1) + (more[i] ?? 0) + dilations[i] * (k - 1) + 1 - padding);
  });
  const groups = call.int("group") ?? 1;
  return [{ type, dims: [x[0], typeof channels === "number" ? channels * groups : undefined, ...spatial] }];
}

function pool(call: Call): Outputs {
  const { type, dims } = call.input(0), kernel = call.ints("kernel_shape") ?? [];
  if (dims === undefined || dims.length < 2) return [{ type }];
  const result = [dims[0], dims[1], ...slide(call, dims.slice(2), kernel)];
  return [{ type, dims: result }, { type: "int64", dims: result }];
}

function globalPool(call: Call): Outputs {
  const { type, dims } = call.input(0);
  return [{ type, dims: dims?.map((dim, axis) => axis < 2 ? dim : 1) }];
}

/** In training the running statistics follow; before version 14 the batch's own came too. */
function batchNorm(call: Call): Outputs {
  const { type, dims } = call.input(0);
  const statistics = { type: call.input(3).type, dims: dims && [dims[1]] };
  return [{ type, dims }, statistics, statistics, statistics, statistics];
}

function layerNorm(call: Call): Outputs {
  const { type, dims } = call.input(0);
  const first = dims && axisOf(call.int("axis") ?? -1, dims.length);
  const statistics: ValueType = {
    type: "float32" satisfies ElementType,
    dims: first === undefined ? undefined : dims!.map((dim, axis) => axis < first ? dim : 1),
  };
  return [{ type, dims }, statistics, statistics];
}

function skipNorm(call: Call): Outputs {
  const [x] = same(call);
  return [x, {}, {}, x];
}

/** Heads are an axis of their own, or lie one after the other in the last. */
function attention(call: Call): Outputs {
  const { type, dims: q } = call.input(0), { dims: v } = call.input(2);
  if (q?.length === 4) return [{ type, dims: [q[0], q[1], q[2], v?.[3]] }];
  const heads = call.int("q_num_heads"), shared = call.int("kv_num_heads"), size = v?.[2];
  const width = typeof size === "number" && heads && shared ? heads * size / shared : undefined;
  return [{ type, dims: q?.length === 3 ? [q[0], q[1], width] : undefined }];
}

const reductions = ["L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "Sum", "SumSquare"];

/** Operators of networks: products, convolutions, pooling, reductions and normalizations. */
export const layers: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(reductions.map((name) => [`Reduce${name}`, reduction])),
  ArgMax: argument,
  ArgMin: argument,
  Attention: attention,
  AveragePool: pool,
  BatchNormalization: batchNorm,
  Conv: conv,
  ConvTranspose: convTranspose,
  Gemm: gemm,
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  GroupNormalization: same,
  InstanceNormalization: same,
  LRN: same,
  LayerNormalization: layerNorm,
  LpNormalization: same,
  MatMul: matMul,
  MaxPool: pool,
  MeanVarianceNormalization: same,
  RMSNormalization: same,
  SimplifiedLayerNormalization: layerNorm,
};

/** onnxruntime's own operators, of the domain com.microsoft, that normalizations come with. */
export const contributed: Readonly<Record<string, Rule>> = {
  BiasGelu: same,
  FastGelu: same,
  Gelu: same,
  QuickGelu: same,
  SkipLayerNormalization: skipNorm,
  SkipSimplifiedLayerNormalization: skipNorm,
};
