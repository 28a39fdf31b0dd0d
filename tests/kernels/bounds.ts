/**
 * How far a kernel's results may be from the reference: first order error analysis of the formulas, written once for all
 * normalizations that are a quotient, x^ = numerator * inverse, with an affine map behind it.
 *
 * With E the relative error of one step (a few roundings), the numbers that enter are known to
 *
 *     x^:  E Z,  where Z = |x^|, + 1 where a mean is subtracted, for that is known to E deviations;
 *     v = x^ scale + bias:  e_v = E (|scale| Z + |bias|);
 *     g = dy f'(v):  e_g = |dy| (E + e_v), for |f''| <= 1, and where relu's kink lies within e_v, all of |dy|.
 *
 * and each result to the sum of what its terms are known to. Cancellation in a sum is allowed for (its terms are rounded, not the
 * sum), nothing else is.
 */
import type { Tolerance } from "./close.ts";
import type { Call, Outputs } from "../../tools/compare.ts";
import type { DType, Tensor } from "../../kernels/tensor.ts";

/** Sixteen roundings. Float32 adds up at most 512 numbers before it carries over into float64, and the errors of these average out. */
const STEP = 16;

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

const sizeOf = (dims: readonly number[]) => dims.reduce((product, n) => product * n, 1);

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
  let mean = sums(statistic, (i) => data[i] / count[statistic[i]]);
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
    inverse: (i: number) => 1 / divisor[of(i)],
    numerator: (i: number) => Math.abs(data[i] - (centered ? mean[of(i)] : 0)),
    /** |dd/dx_i|, and what the error of a mean in it comes to. */
    slope: (i: number) => {
      if (frozen) return 0;
      if (norm1) return 1;
      const z = Math.abs(data[i] - mean[of(i)]) + (aboutZero ? 0 : Math.sqrt(variance[of(i)])), n = count[of(i)];
      if (kernel.startsWith("lp")) return z / divisor[of(i)];
      return z / n / (kernel.startsWith("meanVariance") ? Math.sqrt(variance[of(i)]) || Infinity : divisor[of(i)]);
    },
  };
}

/** The tolerance of each output that the reference gives for a call. */
export function boundsOf({ kernel: name, inputs: [x, dy], options = {} }: Call, want: Outputs): Record<string, Tolerance> {
  const backward = name.endsWith("Backward");
  const kernel = name.replace(/^addL/, "l").replace(/^addR/, "r").replace("Backward", "");
  if (kernel === "localResponseNorm") return localResponseBounds(x, backward ? dy : undefined, options, want);
  const { scale, bias, activation, dSum } = options as Options, type = x.type, { data } = x;
  const q = quotientOf(kernel, x, options), { statistic, parameter, centered } = q;
  const E = stepOf(type, data.length);
  const s = (i: number) => scale ? Math.abs(scale.data[parameter[i]]) : 1;
  const b = (i: number) => bias ? Math.abs(bias.data[parameter[i]]) : 0;
  const xHat = Float64Array.from(data, (_, i) => q.numerator(i) * q.inverse(i));
  // Float64 holds a mean to 2^-53 of it, whatever the type of x: in deviations, that is E * shift.
  const shift = (i: number) => 2 ** -51 * Math.abs(q.mean[statistic[i]]) * q.inverse(i) / E;
  const Z = xHat.map((v, i) => v + (centered ? 1 + shift(i) : 0));
  const ofValue = (i: number) => E * (s(i) * Z[i] + b(i));
  if (!backward) {
    return {
      y: (i) => 1.2 * ofValue(i), // |f'| < 1.2
      mean: (k) => E * Math.sqrt(q.variance[k]) + 2 ** -51 * Math.abs(q.mean[k]),
      variance: (k) => 2 * E * q.variance[k],
      invStdDev: (k) => E * want.invStdDev.data[k],
    };
  }
  const v = (i: number) => // with its sign
    Math.sign(data[i] - (centered ? q.mean[statistic[i]] : 0)) * xHat[i] * (scale?.data[parameter[i]] ?? 1) +
    (bias?.data[parameter[i]] ?? 0);
  const eg = (i: number) => {
    const g = Math.abs(dy.data[i]);
    if (activation === undefined) return E * g;
    if (activation === "relu") return Math.abs(v(i)) <= ofValue(i) ? g : E * g;
    return g * (2 * E + ofValue(i));
  };
  const g = (i: number) => (activation === "relu" && v(i) < -ofValue(i) ? 0 : 1.2) * Math.abs(dy.data[i]);
  const h = (i: number) => s(i) * g(i), eh = (i: number) => s(i) * eg(i) + E * h(i);
  const sumOfH = sums(statistic, eh), projection = sums(statistic, (i) => eh(i) * Z[i] + E * h(i) * Z[i]);
  const projected = sums(statistic, (i) => h(i) * Z[i]);
  const dScale = sums(parameter, (i) => eg(i) * Z[i] + E * g(i) * Z[i]), dBias = sums(parameter, eg);
  return {
    dx: (i) => {
      const k = statistic[i];
      if (q.frozen) return q.inverse(i) * eh(i);
      const throughMean = centered ? sumOfH[k] / q.count[k] : 0;
      return q.inverse(i) * (eh(i) + throughMean + q.slope(i) * (projection[k] + E * projected[k])) +
        (dSum ? E * Math.abs(dSum.data[i]) : 0);
    },
    dScale: (p) => dScale[p],
    dBias: (p) => dBias[p],
  };
}

/** E. Float64 sums run over all elements, and their errors grow as a random walk does. */
function stepOf(type: DType, elements: number): number {
  return type === "float64" ? 2 ** -53 * (STEP + 8 * Math.sqrt(elements)) : 2 ** -24 * STEP;
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
