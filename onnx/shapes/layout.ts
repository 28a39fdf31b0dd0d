import type { OnnxTensor } from "../element.ts";
import type { Dim, ValueType } from "../value_info.ts";
import type { Call, Rule } from "./call.ts";
import { axesOf, axisOf, broadcast, type Dims, product } from "./dims.ts";

type Outputs = readonly ValueType[];

/** Dims of which only the number is known. */
function unknown(rank: number): Dim[] {
  return new Array(rank).fill(undefined);
}

/** What a vector of sizes says of the dims it is the shape for: all, at least how many there are, or nothing. */
function dimsIn({ elements, dims }: ValueType): Dims {
  if (elements) return elements.map((size) => typeof size === "number" && size < 0 ? undefined : size);
  return dims?.length === 1 && typeof dims[0] === "number" && dims[0] <= 64 ? unknown(dims[0]) : undefined;
}

function reshape(call: Call): Outputs {
  const { type, dims, elements } = call.input(0);
  const target = call.has(1) ? call.input(1).elements ?? dimsIn(call.input(1)) : call.ints("shape");
  if (target === undefined) return [{ type }];
  const copies = (dim: Dim) => dim === 0 && !call.int("allowzero");
  const result = target.map((dim, i) => copies(dim) ? dims?.[i] : dim === -1 ? undefined : dim);
  const inferred = target.indexOf(-1);
  if (inferred >= 0 && dims) {
    // Dims that are copied are the same on both sides, known or not, and so are those of one name.
    const from = dims.filter((_, i) => !copies(target[i]));
    const to = target.filter((dim) => dim !== -1 && !copies(dim));
    const rest = quotient(from, to);
    result[inferred] = rest;
  }
  return [{ type, dims: result, elements: result.length <= 1 ? elements : undefined }];
}

/** The product of some dims over that of others, as far as numbers and shared names tell. */
function quotient(from: readonly Dim[], to: readonly Dim[]): Dim {
  const left = [...from], right: Dim[] = [];
  for (const dim of to) {
    const at = typeof dim === "string" ? left.indexOf(dim) : -1;
    if (at >= 0) left.splice(at, 1);
    else right.push(dim);
  }
  const divisor = product(right), dividend = product(left);
  if (divisor === 1) return dividend;
  if (typeof dividend !== "number" || typeof divisor !== "number") return undefined;
  return Number.isInteger(dividend / divisor) ? dividend / divisor : undefined;
}

function flatten(call: Call): Outputs {
  const { type, dims } = call.input(0);
  const axis = call.int("axis") ?? 1;
  const at = dims && (axis === dims.length ? axis : axisOf(axis, dims.length));
  return [{ type, dims: at === undefined ? unknown(2) : [product(dims!.slice(0, at)), product(dims!.slice(at))] }];
}

function transpose(call: Call): Outputs {
  const { type, dims } = call.input(0);
  const order = call.ints("perm") ?? dims?.map((_, i) => dims.length - 1 - i);
  const fits = dims === undefined || dims.length === order?.length;
  return [{ type, dims: fits ? order?.map((axis) => dims?.[axis]) : undefined }];
}

function squeeze(call: Call): Outputs {
  const { type, dims, elements } = call.input(0);
  if (dims === undefined) return [{ type }];
  const axes = call.hasList("axes", 1)
    ? call.list("axes", 1)
    : dims.every((dim) => typeof dim === "number")
    ? [...dims.keys()].filter((axis) => dims[axis] === 1)
    : undefined;
  const found = axes && axesOf(axes, dims.length);
  return [{ type, dims: found && dims.filter((_, axis) => !found.includes(axis)), elements }];
}

function unsqueeze(call: Call): Outputs {
  const { type, dims, elements } = call.input(0);
  const axes = call.list("axes", 1);
  if (dims === undefined || axes === undefined) return [{ type }];
  const rank = dims.length + axes.length, found = axesOf(axes, rank);
  if (found === undefined || new Set(found).size < found.length) return [{ type }];
  let next = 0;
  const result = Array.from({ length: rank }, (_, axis) => found.includes(axis) ? 1 : dims[next++]);
  return [{ type, dims: result, elements: rank <= 1 ? elements : undefined }];
}

function concat(call: Call): Outputs {
  const [first] = call.inputs, shapes = call.inputs.map(({ dims }) => dims);
  const type = first?.type;
  const known = shapes.filter((dims) => dims !== undefined);
  const rank = known[0]?.length;
  const axis = rank === undefined ? undefined : axisOf(call.int("axis") ?? 1, rank);
  if (axis === undefined || known.some((dims) => dims.length !== rank)) return [{ type }];
  const dims = Array.from({ length: rank! }, (_, i): Dim => {
    if (i !== axis) return known.map((dims) => dims[i]).find((dim) => dim !== undefined);
    return shapes.reduce<Dim>((sum, dims) => {
      const size = dims?.[axis];
      return typeof sum === "number" && typeof size === "number" ? sum + size : undefined;
    }, 0);
  });
  const parts = call.inputs.map(({ elements }) => elements);
  const elements = rank === 1 && parts.every((part) => part !== undefined) ? parts.flat() : undefined;
  return [{ type, dims, elements }];
}

function split(call: Call): Outputs {
  const { type, dims } = call.input(0), count = call.node.output.length;
  const axis = dims && axisOf(call.int("axis") ?? 0, dims.length);
  const sizes = call.list("split", 1), whole = axis === undefined ? undefined : dims![axis];
  const parts = call.int("num_outputs") ?? count;
  return call.node.output.map((_, i) => {
    if (axis === undefined) return { type };
    let size: Dim = sizes?.[i];
    if (!call.hasList("split", 1) && typeof whole === "number") {
      // Equal parts; the last is smaller where they do not come out even.
      const part = Math.ceil(whole / parts);
      size = i < parts - 1 ? part : whole - part * (parts - 1);
    }
    return { type, dims: dims!.with(axis, size) };
  });
}

function slice(call: Call): Outputs {
  const { type, dims, elements } = call.input(0);
  const starts = call.list("starts", 1), ends = call.list("ends", 2);
  const given = call.hasList("axes", 3) ? call.list("axes", 3) : starts && [...starts.keys()];
  const axes = dims && given && axesOf(given, dims.length);
  const steps = call.has(4) ? call.list("steps", 4) : axes?.map(() => 1);
  if (dims === undefined) return [{ type }];
  if (!starts || !ends || !axes || !steps) return [{ type, dims: unknown(dims.length) }];
  const result = [...dims];
  axes.forEach((axis, i) => result[axis] = lengthOfSlice(dims[axis], starts[i], ends[i], steps[i]));
  const part = dims.length === 1 && steps[0] === 1 ? elements?.slice(starts[0], ends[0]) : undefined;
  return [{ type, dims: result, elements: part }];
}

function lengthOfSlice(size: Dim, start: number, end: number, step: number): Dim {
  if (start === 0 && step === 1 && end >= 2 ** 31 - 1) return size; // all of it, as exporters write it
  if (typeof size !== "number" || !step) return undefined;
  const clamp = (at: number, low: number, high: number) => Math.min(Math.max(at < 0 ? at + size : at, low), high);
  const [from, to] = step > 0
    ? [clamp(start, 0, size), clamp(end, 0, size)]
    : [clamp(start, 0, size - 1), clamp(end, -1, size - 1)];
  return Math.max(0, Math.ceil((to - from) / step));
}

function gather(call: Call): Outputs {
  const { type, dims, elements } = call.input(0), indices = call.input(1);
  const axis = dims && axisOf(call.int("axis") ?? 0, dims.length);
  if (axis === undefined || indices.dims === undefined) return [{ type }];
  const picked = dims!.length === 1 && elements &&
    indices.elements?.map((at) => typeof at === "number" ? elements.at(at) : undefined);
  return [{
    type,
    dims: [...dims!.slice(0, axis), ...indices.dims, ...dims!.slice(axis + 1)],
    elements: picked || undefined,
  }];
}

function shape(call: Call): Outputs {
  const { dims } = call.input(0);
  const elements = dims?.slice(call.int("start") ?? 0, call.int("end"));
  return [{ type: "int64", dims: [elements?.length], elements }];
}

function pad(call: Call): Outputs {
  const { type, dims } = call.input(0), pads = call.list("pads", 1);
  if (dims === undefined) return [{ type }];
  const axes = call.has(3) ? call.list("axes", 3) : [...dims.keys()];
  const found = axes && axesOf(axes, dims.length);
  if (!pads || !found || pads.length !== 2 * found.length) return [{ type, dims: unknown(dims.length) }];
  const result = [...dims];
  found.forEach((axis, i) => {
    const size = dims[axis], added = pads[i] + pads[i + found.length];
    result[axis] = added === 0 ? size : typeof size === "number" ? size + added : undefined;
  });
  return [{ type, dims: result }];
}

function tile(call: Call): Outputs {
  const { type, dims } = call.input(0), repeats = call.input(1).elements;
  return [{ type, dims: dims?.map((dim, i) => product([dim, repeats?.[i]])) }];
}

function constantOfShape(call: Call): Outputs {
  const value = call.attribute("value") as OnnxTensor | undefined;
  const dims = dimsIn(call.input(0));
  const [length] = dims ?? [];
  const small = dims?.length === 1 && typeof length === "number" && length <= 64 && value?.type === "int64";
  const elements = small ? new Array<Dim>(length).fill(Number(value.data[0])) : undefined;
  return [{ type: value === undefined ? "float32" : value.type, dims, elements }];
}

function range(call: Call): Outputs {
  const [start, limit, delta] = [0, 1, 2].map((i) => call.input(i).elements?.[0]);
  const { type } = call.input(0);
  if (typeof start !== "number" || typeof limit !== "number" || typeof delta !== "number") {
    return [{ type, dims: [undefined] }];
  }
  const length = Math.max(0, Math.ceil((limit - start) / delta));
  const elements = length <= 64 ? Array.from({ length }, (_, i) => start + i * delta) : undefined;
  return [{ type, dims: [length], elements }];
}

/** Sizes, or scales of them, for all axes or for some. */
function resize(call: Call): Outputs {
  const { type, dims } = call.input(0), before11 = call.opset < 11, policy = call.attribute("keep_aspect_ratio_policy");
  if (dims === undefined) return [{ type }];
  const axes = axesOf(call.ints("axes") ?? [...dims.keys()], dims.length);
  const sizes = before11 ? undefined : call.list("sizes", 3), scales = call.numbers(before11 ? 1 : 2);
  if (!axes || (policy !== undefined && policy !== "stretch")) return [{ type, dims: unknown(dims.length) }];
  return [{
    type,
    dims: dims.map((dim, axis) => {
      const at = axes.indexOf(axis);
      if (at < 0) return dim;
      if (sizes?.length) return sizes[at];
      const scale = scales?.[at];
      if (scale === 1) return dim;
      return typeof dim === "number" && scale !== undefined ? Math.floor(dim * scale) : undefined;
    }),
  }];
}

function topK(call: Call): Outputs {
  const { type, dims } = call.input(0), axis = dims && axisOf(call.int("axis") ?? -1, dims.length);
  const [k] = call.has(1) ? call.input(1).elements ?? [] : [call.int("k")];
  const found = axis === undefined ? undefined : dims!.with(axis, k);
  return [{ type, dims: found }, { type: "int64", dims: found }];
}

/** Operators that move elements, and those that compute with shapes. */
export const layout: Readonly<Record<string, Rule>> = {
  Concat: concat,
  ConstantOfShape: constantOfShape,
  Expand: (call) => [{ type: call.input(0).type, dims: broadcast([call.input(0).dims, dimsIn(call.input(1))]) }],
  Flatten: flatten,
  Gather: gather,
  Pad: pad,
  Range: range,
  Reshape: reshape,
  Resize: resize,
  Shape: shape,
  Size: (call) => [{ type: "int64", dims: [], elements: [product(call.input(0).dims ?? [undefined])] }],
  Slice: slice,
  Split: split,
  Squeeze: squeeze,
  Tile: tile,
  TopK: topK,
  Transpose: transpose,
  Unsqueeze: unsqueeze,
};
