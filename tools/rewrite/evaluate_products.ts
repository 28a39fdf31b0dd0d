import { sizeOf } from "../../kernels/tensor.ts";
import type { Given, Numbers, Operator } from "./operator.ts";

/** Products with matrices, of whole stacks of rows. */
export const matrixProduct: Operator = ({ inputs: [x, w], round }) => rowsTimes(x!, w!, false, round);

export const gemm: Operator = ({ call, inputs: [x, w, c], round }) => {
  const alpha = call.float("alpha", 1), beta = call.float("beta", 1);
  const y = rowsTimes(x!, w!, call.float("transB", 0) !== 0, round), columns = y.dims.at(-1)!;
  const bias = (i: number) => {
    if (!c) return 0;
    const width = c.dims.at(-1) ?? 1, rows = c.dims.length > 1 ? c.dims[0] : 1;
    return c.data[(rows === 1 ? 0 : Math.floor(i / columns)) * width + (width === 1 ? 0 : i % columns)];
  };
  return { dims: y.dims, data: y.data.map((one, i) => alpha * one + beta * bias(i)) };
};

function rowsTimes(x: Numbers, w: Numbers, turned: boolean, round: Given["round"]): Numbers {
  const [inputs, outputs] = turned ? [w.dims[1], w.dims[0]] : w.dims, rows = x.data.length / inputs;
  const data = new Float64Array(rows * outputs);
  for (let r = 0; r < rows; r++) {
    for (let o = 0; o < outputs; o++) {
      let sum = 0;
      for (let i = 0; i < inputs; i++) {
        sum = round(sum + x.data[r * inputs + i] * w.data[turned ? o * inputs + i : i * outputs + o]);
      }
      data[r * outputs + o] = sum;
    }
  }
  return { dims: [...x.dims.slice(0, -1), outputs], data };
}

/** Of images, with groups and with padding that is the same on all sides. */
export const convolution: Operator = ({ call, inputs: [x, w, b], round }) => {
  const [n, channels, height, width] = x!.dims, [outputs, perGroup, kh, kw] = w!.dims;
  const pad = call.list("pads")?.[0] ?? 0, perOutput = outputs / call.float("group", 1);
  const rows = height + 2 * pad - kh + 1, columns = width + 2 * pad - kw + 1, dims = [n, outputs, rows, columns];
  const data = new Float64Array(sizeOf(dims));
  const at = (s: number, c: number, r: number, k: number) =>
    r < 0 || k < 0 || r >= height || k >= width ? 0 : x!.data[((s * channels + c) * height + r) * width + k];
  for (let i = 0; i < data.length; i++) {
    const k = i % columns, r = Math.floor(i / columns) % rows, o = Math.floor(i / (rows * columns)) % outputs;
    const s = Math.floor(i / (rows * columns * outputs)), first = Math.floor(o / perOutput) * perGroup;
    let sum = b ? b.data[o] : 0;
    for (let c = 0; c < perGroup; c++) {
      for (let p = 0; p < kh; p++) {
        for (let q = 0; q < kw; q++) {
          sum = round(
            sum + at(s, first + c, r + p - pad, k + q - pad) * w!.data[((o * perGroup + c) * kh + p) * kw + q],
          );
        }
      }
    }
    data[i] = sum;
  }
  return { dims, data };
};

/** Each line of `size` numbers less its mean, over the root of its mean square and epsilon. */
function normalizedLines({ data, dims }: Numbers, size: number, epsilon: number, centred: boolean): Numbers {
  const result = new Float64Array(data.length);
  for (let from = 0; from < data.length; from += size) {
    const line = data.subarray(from, from + size), mean = centred ? line.reduce((a, b) => a + b, 0) / size : 0;
    const root = Math.sqrt(line.reduce((sum, one) => sum + (one - mean) ** 2, 0) / size + epsilon);
    result.set(line.map((one) => (one - mean) / root), from);
  }
  return { dims, data: result };
}

const overLast = (centred: boolean): Operator => ({ call, inputs: [x, scale, bias] }) => {
  const axis = call.float("axis", -1), size = sizeOf(x!.dims.slice(axis));
  const y = normalizedLines(x!, size, call.float("epsilon", 1e-5), centred);
  const at = ({ data }: Numbers, i: number) => data[i % data.length];
  return { dims: y.dims, data: y.data.map((one, i) => one * at(scale!, i) + (bias ? at(bias, i) : 0)) };
};

function channelOf({ dims }: Numbers): (i: number) => number {
  const inner = sizeOf(dims.slice(2));
  return (i) => Math.floor(i / inner) % dims[1];
}

function instanceNorm({ call, inputs: [x, scale, bias] }: Given): Numbers {
  const channel = channelOf(x!), y = normalizedLines(x!, sizeOf(x!.dims.slice(2)), call.float("epsilon", 1e-5), true);
  return { dims: y.dims, data: y.data.map((one, i) => one * scale!.data[channel(i)] + bias!.data[channel(i)]) };
}

function batchNorm({ call, inputs: [x, scale, bias, mean, variance] }: Given): Numbers {
  const channel = channelOf(x!), epsilon = call.float("epsilon", 1e-5);
  const data = x!.data.map((one, i) => {
    const c = channel(i);
    return (one - mean!.data[c]) / Math.sqrt(variance!.data[c] + epsilon) * scale!.data[c] + bias!.data[c];
  });
  return { dims: x!.dims, data };
}

/** The normalizations that the passes and the random graphs write. */
export const affineNorms: Readonly<Record<string, Operator>> = {
  LayerNormalization: overLast(true),
  RMSNormalization: overLast(false),
  InstanceNormalization: instanceNorm,
  BatchNormalization: batchNorm,
};
