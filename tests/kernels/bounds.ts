/**
 * How far a kernel's results may be from the reference: first order error analysis of the formulas, written once for all
 * normalizations that are a quotient, x^ = numerator * inverse, with an affine map and perhaps an activation f behind it.
 *
 * A mean is known to E deviations, and an inverse to E of itself, where E is a few roundings of the arithmetic, and those of the mean
 * in units of deviations: it is held in float64, and each merge rounds it. Then
 *
 *     x^ is known to E Z, where Z = |x^|, + 1 if a mean is subtracted;
 *     v = x^ scale + bias to ev = E (|scale| Z + |bias|);
 *     g = dy f'(v) to eg = |g| E, and if f is curved |g| (E + ev), as |f''| < 1; at relu's kink, |v| <= ev, to all of |dy|;
 *
 * and each result to the sum of what its terms are known to. So cancellation in a sum is allowed for, and nothing else is.
 */
import type { Tolerance } from "../close.ts";
import type { Call, Outputs } from "../../tools/judge/compare.ts";
import { type DType, sizeOf, type Tensor } from "../../kernels/tensor.ts";

/**
 * Eight roundings: float32 adds up at most 512 numbers before it carries over into float64, and their errors average out. (The
 * largest that a hundred thousand random calls came to were six.)
 */
const STEP = 8;

/** What the bounds need to know of a call's options. */
interface Options {
  axes?: number[];
  axis?: number;
  groups?: number;
  epsilon?: number;
  subtractMean?: boolean;
  p?: number;
  scale?: Tensor;
  bias?: Tensor;
  mean?: Tensor;
  variance?: Tensor;
  activation?: "relu" | "gelu" | "silu";
  dSum?: Tensor;
  size?: number;
  alpha?: number;
  beta?: number;
}

/** Labels each element by a function of its index. */
function label(dims: readonly number[], of: (index: number[]) => number): Int32Array {
  const index = dims.map(() => 0), labels = new Int32Array(sizeOf(dims));
  for (let i = 0; i < labels.length; i++) {
    labels[i] = of(index);
    for (let d = dims.length - 1; d >= 0 && ++index[d] === dims[d]; d--) index[d] = 0;
  }
  return labels;
}

/** Which statistic and which parameter each element has. */
function labelsOf(kernel: string, dims: readonly number[], { axes, axis, groups }: Options) {
  const fromFront = (d: number) => d < 0 ? d + dims.length : d;
  const ravel = (some: number[]) => (index: number[]) => some.reduce((flat, d) => flat * dims[d] + index[d], 0);
  const c = fromFront(axis ?? 1);
  if (kernel.startsWith("batchNorm")) return { statistic: label(dims, ravel([c])), parameter: label(dims, ravel([c])) };
  if (/^(group|instance)/.test(kernel)) {
    const count = groups ?? dims[c], members = dims[c] / count;
    const statistic = label(dims, (index) => index[0] * count + Math.floor(index[c] / members));
    return { statistic, parameter: label(dims, ravel([c])) };
  }
  const standard = kernel.startsWith("meanVariance") ? [0, 2, 3] : [-1];
  const reduced = (axes ?? (kernel.startsWith("lp") ? [axis ?? -1] : standard)).map(fromFront).sort((a, b) => a - b);
  const kept = dims.map((_, d) => d).filter((d) => !reduced.includes(d));
  return { statistic: label(dims, ravel(kept)), parameter: label(dims, ravel(reduced)) };
}

/** A sum for each label. */
function sums(labels: Int32Array, term: (i: number) => number): Float64Array {
  const sum = new Float64Array(labels.reduce((last, k) => Math.max(last, k + 1), 0));
  labels.forEach((k, i) => sum[k] += term(i));
  return sum;
}

/** The quotient of a call: for each element its numerator, one over its divisor, and how fast the divisor changes with it. */
function quotientOf(kernel: string, x: Tensor, options: Options) {
  const { statistic, parameter } = labelsOf(kernel, x.dims, options), { data } = x;
  const frozen = kernel.startsWith("batchNorm") && options.variance !== undefined;
  const count = sums(statistic, () => 1);
  const aboutZero = /rms|lp/i.test(kernel), centered = !aboutZero && options.subtractMean !== false;
  const rough = sums(statistic, (i) => data[i] / count[statistic[i]]);
  let mean = sums(statistic, (i) => (data[i] - rough[statistic[i]]) / count[statistic[i]]).map((d, k) => rough[k] + d);
  if (frozen) mean = Float64Array.from(options.mean!.data);
  if (aboutZero) mean.fill(0);
  const square = sums(statistic, (i) => (data[i] - mean[statistic[i]]) ** 2);
  const variance = frozen ? options.variance!.data : square.map((q, k) => q / count[k]);
  const epsilon = options.epsilon ?? 1e-5;
  const norm1 = kernel.startsWith("lp") && options.p === 1 ? sums(statistic, (i) => Math.abs(data[i])) : undefined;
  const divisor = Float64Array.from(count, (n, k) => {
    if (kernel.startsWith("lp")) return norm1?.[k] || Math.sqrt(n * variance[k]) || Infinity;
    return kernel.startsWith("meanVariance") ? Math.sqrt(variance[k]) + 1e-9 : Math.sqrt(variance[k] + epsilon);
  });
  const of = (i: number) => statistic[i];
  return {
    statistic,
    parameter,
    frozen,
    count,
    centered,
    mean,
    variance,
    inverse: divisor.map((d) => 1 / d),
    numerator: (i: number) => data[i] - (centered ? mean[of(i)] : 0),
    /** |dd/dx_i|, and what the error of a mean in it comes to. */
    slope: (i: number) => {
      if (frozen) return 0;
      if (norm1) return 1;
      const z = Math.abs(data[i] - mean[of(i)]) + (aboutZero ? 0 : divisor[of(i)]), n = count[of(i)];
      if (kernel.startsWith("lp")) return z / divisor[of(i)];
      return z / n / (kernel.startsWith("meanVariance") ? Math.sqrt(variance[of(i)]) || Infinity : divisor[of(i)]);
    },
  };
}

/** The tolerance of each output that the reference gives for a call, of kernels to which float32 sums come to so many roundings. */
export function boundsOf(
  { kernel: name, inputs: [x, dy], options = {} }: Call,
  want: Outputs,
  roundings = STEP,
): Record<string, Tolerance> {
  const backward = name.endsWith("Backward");
  const kernel = name.replace(/^addL/, "l").replace(/^addR/, "r").replace("Backward", "");
  if (kernel === "localResponseNorm") return localResponseBounds(x, backward ? dy : undefined, options, want);
  const { scale, bias, activation, dSum } = options as Options, type = x.type, { data } = x;
  const q = quotientOf(kernel, x, options), { statistic, parameter, centered } = q;
  const s = (i: number) => scale ? Math.abs(scale.data[parameter[i]]) : 1;
  const b = (i: number) => bias ? Math.abs(bias.data[parameter[i]]) : 0;
  const step = stepOf(type, data.length, roundings), inverse = (i: number) => q.inverse[statistic[i]];
  const underflow = type === "float64" ? 0 : 2 ** -149; // what a product of float32 can lose besides
  const held = (k: number) => 2 ** -53 * (4 + Math.sqrt(q.count[k])) * Math.abs(q.mean[k]);
  const E = q.mean.map((_, k) => step + held(k) * q.inverse[k]),
    e = (i: number) => E[statistic[i]];
  const xHat = Float64Array.from(data, (_, i) => q.numerator(i) * inverse(i));
  const Z = xHat.map((value) => Math.abs(value) + (centered ? 1 : 0));
  const ofValue = (i: number) => e(i) * (s(i) * Z[i] + b(i));
  if (!backward) {
    return {
      y: (i) => 1.2 * (ofValue(i) + (1 + s(i)) * underflow), // |f'| < 1.2
      mean: (k) => E[k] * Math.sqrt(q.variance[k]) + held(k),
      variance: (k) => 2 * step * q.variance[k] + held(k) * (2 * Math.sqrt(q.variance[k]) + held(k)),
      invStdDev: (k) => E[k] * want.invStdDev.data[k],
    };
  }
  const v = (i: number) => xHat[i] * (scale?.data[parameter[i]] ?? 1) + (bias?.data[parameter[i]] ?? 0);
  const off = (i: number) => activation === "relu" && v(i) < -ofValue(i); // where its derivative is 0 for certain
  const atKink = (i: number) => activation === "relu" && Math.abs(v(i)) <= ofValue(i);
  const curved = activation === "gelu" || activation === "silu";
  const g = Float64Array.from(dy.data, (dy, i) => off(i) ? 0 : 1.2 * Math.abs(dy));
  const eg = g.map((g, i) => atKink(i) ? g : g * (e(i) + (curved ? ofValue(i) : 0)));
  const h = g.map((g, i) => s(i) * g), eh = eg.map((eg, i) => s(i) * eg + e(i) * h[i]);
  const mean = sums(statistic, (i) => eh[i] / q.count[statistic[i]]);
  const projection = sums(statistic, (i) => (eh[i] + e(i) * h[i]) * Z[i]);
  const dScale = sums(parameter, (i) => (eg[i] + e(i) * g[i]) * Z[i] + (1 + g[i]) * underflow),
    dBias = sums(parameter, (i) => eg[i]);
  return {
    dx: (i) => {
      const through = q.frozen ? 0 : (centered ? mean[statistic[i]] : 0) + q.slope(i) * projection[statistic[i]];
      return inverse(i) * (eh[i] + through) + 4 * underflow + (dSum ? e(i) * Math.abs(dSum.data[i]) : 0);
    },
    dScale: (p) => dScale[p],
    dBias: (p) => dBias[p],
  };
}

/** E. Float64 sums run over all elements, and their errors grow as a random walk does. */
function stepOf(type: DType, elements: number, roundings: number): number {
  return type === "float64" ? 2 ** -53 * (STEP + 8 * Math.sqrt(elements)) : 2 ** -24 * roundings;
}

/** All of it is computed in float64, so that only the terms' own size matters: dy D^-beta, and a sum whose terms may cancel. */
function localResponseBounds(
  { data }: Tensor,
  dy: Tensor | undefined,
  { bias = 1, beta = 0.75, alpha = 1e-4, size = 1 }: { bias?: number; beta?: number; alpha?: number; size?: number },
  want: Outputs,
): Record<string, Tolerance> {
  if (!dy) return { y: (i) => 1e-14 * Math.abs(want.y.data[i]) };
  // D >= bias, and |x_j| D^-(1/2) <= (size / alpha)^(1/2).
  const largest = Float64Array.from(dy.data).reduce((most, g) => Math.max(most, Math.abs(g)), 0) * bias ** -beta;
  return {
    dx: (i) => 1e-13 * largest * (1 + 2 * beta * Math.abs(data[i]) * Math.sqrt(alpha * size / bias)),
  };
}
