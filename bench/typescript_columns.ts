/**
 * The loops of typescript.ts for lines across memory: channels last, and layer norm over the channels of images. In the order of
 * memory, with sums of each line in arrays.
 *
 * @module
 */
import type { Tensor } from "../kernels/tensor.ts";
import type { BackwardOptions, ForwardOptions, Gradients } from "./typescript.ts";

/** An array of elements. */
type Elements = Tensor["data"];

/** The mean and the variance of each of so many neighbouring columns of so many elements, from `start` on. */
function moments(xs: Elements, start: number, length: number, columns: number) {
  const mean = new Float64Array(columns), variance = new Float64Array(columns), end = start + length * columns;
  for (let row = start; row < end; row += columns) {
    for (let c = 0; c < columns; c++) mean[c] += xs[row + c];
  }
  for (let c = 0; c < columns; c++) mean[c] /= length;
  for (let row = start; row < end; row += columns) {
    for (let c = 0; c < columns; c++) {
      const d = xs[row + c] - mean[c];
      variance[c] += d * d;
    }
  }
  for (let c = 0; c < columns; c++) variance[c] /= length;
  return { mean, variance };
}

/** y = x a + b, where each column has an a and a b. */
function apply(xs: Elements, ys: Elements, start: number, length: number, a: Float64Array, b: Float64Array): void {
  const columns = a.length, end = start + length * columns;
  for (let row = start; row < end; row += columns) {
    for (let c = 0; c < columns; c++) ys[row + c] = xs[row + c] * a[c] + b[c];
  }
}

/** How many elements a channel has in a sample, and how many channels there are, last. */
function sizes({ dims }: Tensor): { samples: number; area: number; channels: number } {
  return { samples: dims[0], area: dims[1] * dims[2], channels: dims[3] };
}

/** The a and b of statistics, one of which `members` channels share. */
function affine({ scale, bias }: ForwardOptions, mean: ArrayLike<number>, variance: ArrayLike<number>, members = 1) {
  const a = Float64Array.from(scale.data, (s, c) => s / Math.sqrt(variance[Math.floor(c / members)] + 1e-5));
  return { a, b: a.map((a, c) => bias.data[c] - mean[Math.floor(c / members)] * a) };
}

/** With channels last. */
export const channelsLast = {
  batchNorm(x: Tensor, options: ForwardOptions & { mean: Tensor; variance: Tensor }): Tensor {
    const { samples, area } = sizes(x), { a, b } = affine(options, options.mean.data, options.variance.data);
    apply(x.data, options.out.y.data, 0, samples * area, a, b);
    return options.out.y;
  },

  batchNormTraining(x: Tensor, options: ForwardOptions & { out: { y: Tensor; mean: Tensor; variance: Tensor } }) {
    const { samples, area, channels } = sizes(x), { out } = options;
    const { mean, variance } = moments(x.data, 0, samples * area, channels), { a, b } = affine(options, mean, variance);
    apply(x.data, out.y.data, 0, samples * area, a, b);
    out.mean.data.set(mean);
    out.variance.data.set(variance);
    return out;
  },

  batchNormTrainingBackward(x: Tensor, dy: Tensor, { scale, mean, invStdDev, out }: BackwardOptions): Gradients {
    const { samples, area, channels } = sizes(x), n = samples * area, xs = x.data, dys = dy.data, dxs = out.dx.data;
    const m = Float64Array.from(mean.data), r = Float64Array.from(invStdDev.data);
    const dScale = new Float64Array(channels), dBias = new Float64Array(channels);
    for (let row = 0; row < xs.length; row += channels) {
      for (let c = 0; c < channels; c++) {
        dBias[c] += dys[row + c];
        dScale[c] += dys[row + c] * (xs[row + c] - m[c]) * r[c];
      }
    }
    const a = r.map((r, c) => r * scale.data[c]);
    for (let row = 0; row < xs.length; row += channels) {
      for (let c = 0; c < channels; c++) {
        dxs[row + c] = (dys[row + c] - dBias[c] / n - (xs[row + c] - m[c]) * r[c] * (dScale[c] / n)) * a[c];
      }
    }
    out.dScale.data.set(dScale);
    out.dBias.data.set(dBias);
    return out;
  },

  groupNorm(x: Tensor, options: ForwardOptions & { groups: number }): Tensor {
    const { samples, area, channels } = sizes(x), { groups, out: { y } } = options, members = channels / groups;
    for (let n = 0; n < samples; n++) {
      const start = n * area * channels, of = moments(x.data, start, area, channels);
      const mean = new Float64Array(groups), variance = new Float64Array(groups);
      for (let c = 0; c < channels; c++) mean[Math.floor(c / members)] += of.mean[c] / members;
      for (let c = 0; c < channels; c++) {
        const g = Math.floor(c / members);
        variance[g] += (of.variance[c] + (of.mean[c] - mean[g]) ** 2) / members;
      }
      const { a, b } = affine(options, mean, variance, members);
      apply(x.data, y.data, start, area, a, b);
    }
    return y;
  },

  instanceNorm(x: Tensor, options: ForwardOptions): Tensor {
    return channelsLast.groupNorm(x, { ...options, groups: x.dims[3] });
  },
};

/** Over the channels of images, `[N, C, H, W]`. */
export const overChannels = {
  layerNorm(x: Tensor, { scale, bias, out: { y } }: ForwardOptions): Tensor {
    const [samples, channels, height, width] = x.dims, area = height * width, xs = x.data, ys = y.data;
    for (let n = 0; n < samples; n++) {
      const start = n * channels * area, { mean, variance } = moments(xs, start, channels, area);
      const r = variance.map((v) => 1 / Math.sqrt(v + 1e-5));
      for (let c = 0, row = start; c < channels; c++, row += area) {
        const s = scale.data[c], b = bias.data[c];
        for (let i = 0; i < area; i++) ys[row + i] = (xs[row + i] - mean[i]) * r[i] * s + b;
      }
    }
    return y;
  },

  layerNormBackward(x: Tensor, dy: Tensor, { scale, mean, invStdDev, out }: BackwardOptions): Gradients {
    const [samples, channels, height, width] = x.dims, area = height * width;
    const xs = x.data, dys = dy.data, dxs = out.dx.data;
    const dScale = new Float64Array(channels), dBias = new Float64Array(channels);
    const sum = new Float64Array(area), projection = new Float64Array(area);
    for (let n = 0; n < samples; n++) {
      const start = n * channels * area, m = mean.data, r = invStdDev.data, first = n * area;
      sum.fill(0);
      projection.fill(0);
      for (let c = 0, row = start; c < channels; c++, row += area) {
        const s = scale.data[c];
        for (let i = 0; i < area; i++) {
          const d = dys[row + i], xHat = (xs[row + i] - m[first + i]) * r[first + i];
          sum[i] += d * s / channels;
          projection[i] += d * s * xHat / channels;
          dScale[c] += d * xHat;
          dBias[c] += d;
        }
      }
      for (let c = 0, row = start; c < channels; c++, row += area) {
        const s = scale.data[c];
        for (let i = 0; i < area; i++) {
          const xHat = (xs[row + i] - m[first + i]) * r[first + i];
          dxs[row + i] = (dys[row + i] * s - sum[i] - xHat * projection[i]) * r[first + i];
        }
      }
    }
    out.dScale.data.set(dScale);
    out.dBias.data.set(dBias);
    return out;
  },
};
