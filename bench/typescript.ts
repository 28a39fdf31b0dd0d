/**
 * The peers that a competent user would write: straightforward TypeScript loops over typed arrays, two-pass, statistics
 * in JavaScript's own float64. They have the kernels' signatures, as far as the benchmarks use them.
 *
 * @module
 */
import type { Tensor } from "../kernels/tensor.ts";

/** Options of a forward pass. */
export interface ForwardOptions {
  scale: Tensor;
  bias: Tensor;
  epsilon?: number;
  out: { y: Tensor };
}

/** Options of a backward pass. */
export interface BackwardOptions {
  scale: Tensor;
  mean: Tensor;
  invStdDev: Tensor;
  out: Gradients;
}

/** What a backward pass writes. */
export interface Gradients {
  dx: Tensor;
  dScale: Tensor;
  dBias: Tensor;
}

/** Layer norm of `[rows, features]`. */
export function layerNorm(x: Tensor, { scale, bias, epsilon = 1e-5, out: { y } }: ForwardOptions): Tensor {
  const [rows, features] = x.dims;
  const xs = x.data, ys = y.data, ss = scale.data, bs = bias.data;
  for (let row = 0; row < rows; row++) {
    const start = row * features;
    let sum = 0;
    for (let i = 0; i < features; i++) sum += xs[start + i];
    const mean = sum / features;
    let squares = 0;
    for (let i = 0; i < features; i++) {
      const d = xs[start + i] - mean;
      squares += d * d;
    }
    const invStdDev = 1 / Math.sqrt(squares / features + epsilon);
    for (let i = 0; i < features; i++) ys[start + i] = (xs[start + i] - mean) * invStdDev * ss[i] + bs[i];
  }
  return y;
}

/** The gradients of {@linkcode layerNorm}. */
export function layerNormBackward(x: Tensor, dy: Tensor, { scale, mean, invStdDev, out }: BackwardOptions): Gradients {
  const [rows, features] = x.dims;
  const xs = x.data, dys = dy.data, ss = scale.data;
  const dxs = out.dx.data, dss = out.dScale.data.fill(0), dbs = out.dBias.data.fill(0);
  for (let row = 0; row < rows; row++) {
    const start = row * features, m = mean.data[row], r = invStdDev.data[row];
    let sum = 0, projection = 0;
    for (let i = 0; i < features; i++) {
      const d = dys[start + i], xHat = (xs[start + i] - m) * r, g = d * ss[i];
      sum += g;
      projection += g * xHat;
      dss[i] += d * xHat;
      dbs[i] += d;
    }
    sum /= features;
    projection /= features;
    for (let i = 0; i < features; i++) {
      const xHat = (xs[start + i] - m) * r;
      dxs[start + i] = (dys[start + i] * ss[i] - sum - xHat * projection) * r;
    }
  }
  return out;
}

/** RMS norm of `[rows, features]`. */
export function rmsNorm(x: Tensor, { scale, epsilon = 1e-5, out: { y } }: ForwardOptions): Tensor {
  const [rows, features] = x.dims;
  const xs = x.data, ys = y.data, ss = scale.data;
  for (let row = 0; row < rows; row++) {
    const start = row * features;
    let squares = 0;
    for (let i = 0; i < features; i++) squares += xs[start + i] * xs[start + i];
    const invStdDev = 1 / Math.sqrt(squares / features + epsilon);
    for (let i = 0; i < features; i++) ys[start + i] = xs[start + i] * invStdDev * ss[i];
  }
  return y;
}

/** The gradients of {@linkcode rmsNorm}. */
export function rmsNormBackward(
  x: Tensor,
  dy: Tensor,
  { scale, invStdDev, out }: BackwardOptions,
): Omit<Gradients, "dBias"> {
  const [rows, features] = x.dims;
  const xs = x.data, dys = dy.data, ss = scale.data, dxs = out.dx.data, dss = out.dScale.data.fill(0);
  for (let row = 0; row < rows; row++) {
    const start = row * features, r = invStdDev.data[row];
    let projection = 0;
    for (let i = 0; i < features; i++) {
      const d = dys[start + i], xHat = xs[start + i] * r;
      projection += d * ss[i] * xHat;
      dss[i] += d * xHat;
    }
    projection /= features;
    for (let i = 0; i < features; i++) {
      dxs[start + i] = (dys[start + i] * ss[i] - xs[start + i] * r * projection) * r;
    }
  }
  return { dx: out.dx, dScale: out.dScale };
}

/** Batch norm of `[N, C, H, W]` for inference. */
export function batchNorm(
  x: Tensor,
  { scale, bias, mean, variance, epsilon = 1e-5, out: { y } }: ForwardOptions & { mean: Tensor; variance: Tensor },
): Tensor {
  const [batch, channels, height, width] = x.dims, area = height * width;
  const xs = x.data, ys = y.data;
  for (let n = 0; n < batch; n++) {
    for (let c = 0; c < channels; c++) {
      const start = (n * channels + c) * area;
      const a = scale.data[c] / Math.sqrt(variance.data[c] + epsilon);
      const b = bias.data[c] - mean.data[c] * a;
      for (let i = start; i < start + area; i++) ys[i] = xs[i] * a + b;
    }
  }
  return y;
}

/** The gradients of {@linkcode batchNorm}, whose statistics do not depend on x. */
export function batchNormBackward(
  x: Tensor,
  dy: Tensor,
  { scale, mean, variance, epsilon = 1e-5, out }: BackwardOptions & { variance: Tensor; epsilon?: number },
): Gradients {
  const [batch, channels, height, width] = x.dims, area = height * width;
  const xs = x.data, dys = dy.data, dxs = out.dx.data;
  for (let c = 0; c < channels; c++) {
    const m = mean.data[c], r = 1 / Math.sqrt(variance.data[c] + epsilon), a = scale.data[c] * r;
    let dScale = 0, dBias = 0;
    for (let n = 0; n < batch; n++) {
      const start = (n * channels + c) * area;
      for (let i = start; i < start + area; i++) {
        dBias += dys[i];
        dScale += dys[i] * (xs[i] - m) * r;
        dxs[i] = dys[i] * a;
      }
    }
    out.dScale.data[c] = dScale;
    out.dBias.data[c] = dBias;
  }
  return out;
}

/** Batch norm of `[N, C, H, W]` for training. */
export function batchNormTraining(
  x: Tensor,
  { scale, bias, epsilon = 1e-5, out }: ForwardOptions & { out: { y: Tensor; mean: Tensor; variance: Tensor } },
): { y: Tensor; mean: Tensor; variance: Tensor } {
  const [batch, channels, height, width] = x.dims, area = height * width, count = batch * area;
  const xs = x.data, ys = out.y.data;
  for (let c = 0; c < channels; c++) {
    let sum = 0;
    for (let n = 0; n < batch; n++) {
      const start = (n * channels + c) * area;
      for (let i = start; i < start + area; i++) sum += xs[i];
    }
    const mean = sum / count;
    let squares = 0;
    for (let n = 0; n < batch; n++) {
      const start = (n * channels + c) * area;
      for (let i = start; i < start + area; i++) {
        const d = xs[i] - mean;
        squares += d * d;
      }
    }
    const variance = squares / count;
    const a = scale.data[c] / Math.sqrt(variance + epsilon), b = bias.data[c];
    for (let n = 0; n < batch; n++) {
      const start = (n * channels + c) * area;
      for (let i = start; i < start + area; i++) ys[i] = (xs[i] - mean) * a + b;
    }
    out.mean.data[c] = mean;
    out.variance.data[c] = variance;
  }
  return out;
}

/** The gradients of {@linkcode batchNormTraining}. */
export function batchNormTrainingBackward(
  x: Tensor,
  dy: Tensor,
  { scale, mean, invStdDev, out }: BackwardOptions,
): Gradients {
  const [batch, channels, height, width] = x.dims, area = height * width, count = batch * area;
  const xs = x.data, dys = dy.data, dxs = out.dx.data;
  for (let c = 0; c < channels; c++) {
    const m = mean.data[c], r = invStdDev.data[c], a = scale.data[c] * r;
    let dScale = 0, dBias = 0;
    for (let n = 0; n < batch; n++) {
      const start = (n * channels + c) * area;
      for (let i = start; i < start + area; i++) {
        dBias += dys[i];
        dScale += dys[i] * (xs[i] - m) * r;
      }
    }
    for (let n = 0; n < batch; n++) {
      const start = (n * channels + c) * area;
      for (let i = start; i < start + area; i++) {
        dxs[i] = (dys[i] - dBias / count - (xs[i] - m) * r * (dScale / count)) * a;
      }
    }
    out.dScale.data[c] = dScale;
    out.dBias.data[c] = dBias;
  }
  return out;
}

/** Group norm of `[N, C, H, W]`. */
export function groupNorm(
  x: Tensor,
  { groups, scale, bias, epsilon = 1e-5, out: { y } }: ForwardOptions & { groups: number },
): Tensor {
  const [batch, channels, height, width] = x.dims, area = height * width;
  const perGroup = channels / groups, count = perGroup * area;
  const xs = x.data, ys = y.data;
  for (let n = 0; n < batch; n++) {
    for (let group = 0; group < groups; group++) {
      const start = (n * groups + group) * count;
      let sum = 0;
      for (let i = start; i < start + count; i++) sum += xs[i];
      const mean = sum / count;
      let squares = 0;
      for (let i = start; i < start + count; i++) {
        const d = xs[i] - mean;
        squares += d * d;
      }
      const invStdDev = 1 / Math.sqrt(squares / count + epsilon);
      for (let k = 0; k < perGroup; k++) {
        const c = group * perGroup + k, channelStart = start + k * area;
        const a = scale.data[c] * invStdDev, b = bias.data[c];
        for (let i = channelStart; i < channelStart + area; i++) ys[i] = (xs[i] - mean) * a + b;
      }
    }
  }
  return y;
}

/** The gradients of {@linkcode groupNorm}. */
export function groupNormBackward(
  x: Tensor,
  dy: Tensor,
  { groups, scale, mean, invStdDev, out }: BackwardOptions & { groups: number },
): Gradients {
  const [batch, channels, height, width] = x.dims, area = height * width;
  const perGroup = channels / groups, count = perGroup * area;
  const xs = x.data, dys = dy.data;
  const dxs = out.dx.data, dss = out.dScale.data.fill(0), dbs = out.dBias.data.fill(0);
  for (let n = 0; n < batch; n++) {
    for (let group = 0; group < groups; group++) {
      const start = (n * groups + group) * count, m = mean.data[n * groups + group];
      const r = invStdDev.data[n * groups + group];
      let sum = 0, projection = 0;
      for (let k = 0; k < perGroup; k++) {
        const c = group * perGroup + k, channelStart = start + k * area;
        let dScale = 0, dBias = 0;
        for (let i = channelStart; i < channelStart + area; i++) {
          dBias += dys[i];
          dScale += dys[i] * (xs[i] - m) * r;
        }
        sum += dBias * scale.data[c];
        projection += dScale * scale.data[c];
        dss[c] += dScale;
        dbs[c] += dBias;
      }
      sum /= count;
      projection /= count;
      for (let k = 0; k < perGroup; k++) {
        const s = scale.data[group * perGroup + k], channelStart = start + k * area;
        for (let i = channelStart; i < channelStart + area; i++) {
          dxs[i] = (dys[i] * s - sum - (xs[i] - m) * r * projection) * r;
        }
      }
    }
  }
  return out;
}

/** Instance norm of `[N, C, H, W]`: group norm with a group for each channel. */
export function instanceNorm(x: Tensor, options: ForwardOptions): Tensor {
  return groupNorm(x, { ...options, groups: x.dims[1] });
}

/** The gradients of {@linkcode instanceNorm}. */
export function instanceNormBackward(x: Tensor, dy: Tensor, options: BackwardOptions): Gradients {
  return groupNormBackward(x, dy, { ...options, groups: x.dims[1] });
}
