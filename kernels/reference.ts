/**
 * The float64 reference: every normalization straight from its formula. The fast kernels are right when they agree with it.
 * It is written to be read, and shares no code with them but the normal distribution, which has tests of its own.
 *
 * A normalization is a quotient, `x^ = u / d`. The numerator `u` is x, or x minus its mean; the divisor `d` is one number per
 * statistic. Normalizations differ in which elements share a statistic (the view) and in what `u` and `d` are. So one
 * step for scale and bias and one quotient rule for gradients serve all of them, except local response normalization, whose
 * windows overlap. Sums are compensated, the variance is computed in two passes, and NaN and infinity go where IEEE 754 takes
 * them. Tensors of any type are taken, and float64 is returned; dims that do not fit together throw a `RangeError`.
 *
 * @example Every function is called as the kernel of its name, and gives its results by name
 * ```ts
 * import { layerNorm } from "@evenkeel/norm/reference";
 * import { tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const { y, mean } = layerNorm(tensor([[1, 2, 3]]), { epsilon: 0 });
 * assertAlmostEquals(y.data[2], Math.sqrt(1.5), 1e-15);
 * assertAlmostEquals(mean.data[0], 2, 1e-15);
 * ```
 *
 * @module
 */
import { normalCdf, normalPdf } from "./normal_distribution.ts";
import type { Tensor } from "./tensor.ts";
export type { DType, Tensor, TypedArrays } from "./tensor.ts";

/** Results by name, all in float64. */
export type Float64Tensors<Name extends string> = Record<Name, Tensor<"float64">>;

/** The gradients of x and of the affine parameters. */
export type Gradients = Float64Tensors<"dx" | "dScale" | "dBias">;

/** What every normalization with an affine step takes. The fast kernels' `out` is ignored throughout. */
export interface AffineOptions {
  /** Multiplies the normalized values, one number per parameter; default all 1. */
  scale?: Tensor;
  /** Is added after the scale; default all 0. */
  bias?: Tensor;
  /** Is added to the variance (or to the mean square); default 1e-5. */
  epsilon?: number;
  /** Is applied last; `dy` is then the gradient after it. Default none. */
  activation?: "relu" | "gelu" | "silu";
  /** Saved statistics of the fast backward kernels, ignored here: they are computed anew. */
  mean?: unknown;
  /** As `mean`. */
  invStdDev?: unknown;
  /** Ignored. */
  out?: unknown;
}

/** Options of RMS normalization; `axes` (default `[-1]`, negative ones from the end) share a statistic and shape `scale`. */
export type RmsNormOptions = AffineOptions & { axes?: readonly number[] };

/** Options of layer normalization; `subtractMean: false` is Restormer's `x / sqrt(variance + epsilon) * scale + bias`. */
export type LayerNormOptions = RmsNormOptions & { subtractMean?: boolean };

/** Options of the normalizations whose `scale` and `bias` have one number per channel: those along `axis`, default 1. */
export type ChannelOptions = AffineOptions & { axis?: number };

/** Options of batch normalization with given statistics, the mean and the biased variance of each channel. */
export type FrozenOptions = ChannelOptions & { mean: Tensor; variance: Tensor };

/** Options of group normalization; the number of `groups` divides the number of channels. */
export type GroupNormOptions = ChannelOptions & { groups: number };

/** Options of mean and variance normalization; `axes` (default `[0, 2, 3]`) share a statistic. */
export type MeanVarianceOptions = Pick<RmsNormOptions, "axes" | "out">;

/** Options of Lp normalization: vectors lie along `axis` (default -1), `p` (default 2) is the order of the norm. */
export type LpNormOptions = Pick<ChannelOptions, "axis" | "out"> & { p?: 1 | 2 };

/** Options of local response normalization; defaults `alpha` 1e-4, `beta` 0.75, `bias` 1, `axis` 1 (the channels). */
export type LocalResponseOptions = Pick<ChannelOptions, "axis" | "out"> & {
  size: number;
  alpha?: number;
  beta?: number;
  bias?: number;
};

/* ---- Views: which elements share a statistic, which a parameter -------------------------------------------------- */

/** Gives element `i` the label `of[i]`, a flat index into an array of shape `dims`. */
interface Labels {
  dims: readonly number[];
  of: number[];
}

interface View {
  statistic: Labels;
  parameter: Labels;
}

const size = (dims: readonly number[]) => dims.reduce((product, n) => product * n, 1);

const float64 = (dims: readonly number[], data: Float64Array): Tensor<"float64"> => ({ type: "float64", dims, data });

function unravel(flat: number, dims: readonly number[]): number[] {
  return dims.map((n, d) => Math.floor(flat / size(dims.slice(d + 1))) % n);
}

function label(x: Tensor, dims: readonly number[], project: (index: number[]) => number[]): Labels {
  const ravel = (index: number[]) => index.reduce((flat, i, d) => flat * dims[d] + i, 0);
  return { dims, of: Array.from(x.data, (_, i) => ravel(project(unravel(i, x.dims)))) };
}

function axisOf(x: Tensor, axis: number): number {
  const rank = x.dims.length;
  if (!(Number.isInteger(axis) && -rank <= axis && axis < rank)) throw new RangeError(`axis ${axis} of [${x.dims}]`);
  return axis < 0 ? axis + rank : axis;
}

function axesView(x: Tensor, axes: readonly number[]): View {
  const reduced = [...new Set(axes.map((axis) => axisOf(x, axis)))].sort((a, b) => a - b);
  if (reduced.length < axes.length) throw new RangeError(`axes [${axes}] of [${x.dims}] repeat`);
  const collapse = (index: readonly number[], to: number) => index.map((i, d) => reduced.includes(d) ? to : i);
  const select = (index: readonly number[]) => reduced.map((d) => index[d]);
  return {
    statistic: label(x, collapse(x.dims, 1), (index) => collapse(index, 0)),
    parameter: label(x, select(x.dims), select),
  };
}

function channelView(x: Tensor, axis = 1): View {
  const c = axisOf(x, axis);
  const channel = label(x, [x.dims[c]], (index) => [index[c]]);
  return { statistic: channel, parameter: channel };
}

function groupView(x: Tensor, axis = 1, groups = x.dims[axisOf(x, axis)]): View {
  const c = axisOf(x, axis), channels = x.dims[c], width = channels === groups ? 1 : channels / groups;
  if (c === 0 || !Number.isInteger(width)) throw new RangeError(`${groups} groups on axis ${axis} of [${x.dims}]`);
  const statistic = label(x, [x.dims[0], groups], (index) => [index[0], Math.floor(index[c] / width)]);
  return { statistic, parameter: channelView(x, axis).parameter };
}

/* ---- Sums -------------------------------------------------------------------------------------------------------- */

/** Sums `term(i)` label by label. Neumaier (1974): what each addition rounds away is summed beside it. */
function sums(labels: Labels, term: (i: number) => number): Float64Array {
  const sum = new Float64Array(size(labels.dims)), lost = new Float64Array(sum.length);
  labels.of.forEach((k, i) => {
    const v = term(i), s = sum[k];
    sum[k] = s + v;
    lost[k] += Math.abs(s) >= Math.abs(v) ? s - sum[k] + v : v - sum[k] + s;
  });
  return sum.map((s, k) => Number.isFinite(s) ? s + lost[k] : s);
}

function means(labels: Labels, term: (i: number) => number): Float64Array {
  const count = sums(labels, () => 1);
  return sums(labels, term).map((s, k) => s / count[k]);
}

/* ---- Activations ------------------------------------------------------------------------------------------------- */

const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));

/** z f, where f vanishes faster than z grows: 0 at infinity, its limit. */
const vanishing = (z: number, f: number) => f === 0 ? 0 : z * f;

/** Each activation and its derivative. GELU: Hendrycks and Gimpel 2016, exact; SiLU: Elfwing, Uchibe and Doya 2017. */
const activations = {
  none: [(z: number) => z, () => 1],
  relu: [(z: number) => Math.max(z, 0), (z: number) => z > 0 ? 1 : 0],
  gelu: [(z: number) => vanishing(z, normalCdf(z)), (z: number) => normalCdf(z) + vanishing(z, normalPdf(z))],
  silu: [
    (z: number) => vanishing(z, sigmoid(z)),
    (z: number) => vanishing(1 + vanishing(z, sigmoid(-z)), sigmoid(z)),
  ],
} as const;

/* ---- Normalization as a quotient, its affine step and its gradient ----------------------------------------------- */

/** The quotient `x^ = u / d` and what its gradient needs. */
interface Quotient {
  view: View;
  /** The numerator, per element: x, or x less its mean. */
  u: Float64Array;
  /** Whether that mean is x's own, and so moves with x. */
  centered: boolean;
  /** The divisor, per statistic. */
  d: Float64Array;
  /** The partial derivative of the divisor by x_i, per element; absent where the divisor is given, not computed from x. */
  slope?: Float64Array;
}

/** The elements of a tensor, whose dims must be those expected. */
function values(tensor: Tensor, dims: readonly number[] = tensor.dims): Float64Array {
  if (`${tensor.dims}` === `${dims}` && tensor.data.length === size(dims)) return Float64Array.from(tensor.data);
  throw new RangeError(`a tensor of dims [${tensor.dims}] and ${tensor.data.length} elements, not of dims [${dims}]`);
}

/** The mean, and x less it. Subtracting the mean a second time removes the rounding error of the first. */
function center(x: Float64Array, { statistic }: View): { mean: Float64Array; deviation: Float64Array } {
  const mean = means(statistic, (i) => x[i]);
  const once = x.map((v, i) => v - mean[statistic.of[i]]);
  const error = means(statistic, (i) => once[i]);
  return { mean, deviation: once.map((v, i) => v - error[statistic.of[i]]) };
}

/** `d = sqrt(m + epsilon)`, m the mean square of v: x itself, or x less its mean. Either way `dd/dx_i = v_i / (n d)`. */
function rootMeanSquare(v: Float64Array, { statistic }: View, epsilon = 1e-5) {
  const count = sums(statistic, () => 1);
  const square = means(statistic, (i) => v[i] * v[i]);
  const d = square.map((m) => Math.sqrt(m + epsilon));
  return { square, d, slope: v.map((v, i) => v / (count[statistic.of[i]] * d[statistic.of[i]])) };
}

function affine({ view: { statistic, parameter }, u, d }: Quotient, options: AffineOptions) {
  const given = (tensor: Tensor | undefined, absent: number) =>
    tensor ? values(tensor, parameter.dims) : new Float64Array(size(parameter.dims)).fill(absent);
  const scale = given(options.scale, 1), bias = given(options.bias, 0);
  const xHat = u.map((v, i) => v / d[statistic.of[i]]);
  const z = xHat.map((v, i) => v * scale[parameter.of[i]] + bias[parameter.of[i]]);
  const [activation, derivative] = activations[options.activation ?? "none"];
  return { scale, xHat, z, activation, derivative };
}

/** `y = activation(x^ * scale + bias)`. */
function forward(x: Tensor, quotient: Quotient, options: AffineOptions = {}): Tensor<"float64"> {
  const { z, activation } = affine(quotient, options);
  return float64(x.dims, z.map((z) => activation(z)));
}

const invert = ({ view, d }: Quotient) => float64(view.statistic.dims, d.map((d) => 1 / d));

/**
 * The chain rule through the affine step, then the quotient rule: with g the gradient of x^,
 * `dx_i = (g_i - mean(g) - dd/dx_i * sum(g x^)) / d`, where the mean is there because of a centred numerator. For layer
 * normalization that is the textbook's `(g - mean(g) - x^ mean(g x^)) / sqrt(variance + epsilon)`.
 */
function backward(x: Tensor, dy: Tensor, quotient: Quotient, options: AffineOptions = {}) {
  const { view: { statistic, parameter }, centered, d, slope } = quotient;
  const { scale, xHat, z, derivative } = affine(quotient, options);
  const dz = values(dy, x.dims).map((dy, i) => dy * derivative(z[i]));
  const g = dz.map((dz, i) => dz * scale[parameter.of[i]]);
  const mean = means(statistic, (i) => g[i]), projection = sums(statistic, (i) => g[i] * xHat[i]);
  const dx = g.map((g, i) => {
    const k = statistic.of[i];
    return (g - (centered ? mean[k] : 0) - (slope ? slope[i] * projection[k] : 0)) / d[k];
  });
  return {
    dx: float64(x.dims, dx),
    dScale: float64(parameter.dims, sums(parameter, (i) => dz[i] * xHat[i])),
    dBias: float64(parameter.dims, sums(parameter, (i) => dz[i])),
  };
}

/** What layer, batch, group and instance normalization are, each with its view. */
function standardization(x: Tensor, view: View, options: LayerNormOptions) {
  const { subtractMean: centered = true, epsilon } = options;
  const { mean, deviation } = center(values(x), view);
  return { view, mean, centered, u: centered ? deviation : values(x), ...rootMeanSquare(deviation, view, epsilon) };
}

function standardize(x: Tensor, view: View, options: LayerNormOptions): Float64Tensors<"y" | "mean" | "invStdDev"> {
  const quotient = standardization(x, view, options), mean = float64(view.statistic.dims, quotient.mean);
  return { y: forward(x, quotient, options), mean, invStdDev: invert(quotient) };
}

/* ---- The normalizations, each beside its gradient ---------------------------------------------------------------- */

/**
 * Layer normalization (Ba, Kiros and Hinton 2016): `(x - mean) / sqrt(variance + epsilon) * scale + bias` over `axes`.
 * ```ts
 * import { layerNorm } from "@evenkeel/norm/reference";
 * layerNorm({ type: "float64", dims: [1, 5], data: Float64Array.of(2, 3, 5, 1, 4) }, { epsilon: 0 }).mean.data; // [3]
 * ```
 */
export function layerNorm(x: Tensor, options: LayerNormOptions = {}): Float64Tensors<"y" | "mean" | "invStdDev"> {
  return standardize(x, axesView(x, options.axes ?? [-1]), options);
}

/**
 * The gradient of {@link layerNorm}.
 * ```ts
 * import { layerNormBackward } from "@evenkeel/norm/reference";
 * const x = { type: "float64", dims: [1, 3], data: Float64Array.of(1, 2, 4) } as const;
 * layerNormBackward(x, x).dBias.data; // [1, 2, 4]
 * ```
 */
export function layerNormBackward(x: Tensor, dy: Tensor, options: LayerNormOptions = {}): Gradients {
  return backward(x, dy, standardization(x, axesView(x, options.axes ?? [-1]), options), options);
}

function rms(x: Tensor, { axes = [-1], epsilon }: RmsNormOptions): Quotient {
  const view = axesView(x, axes), u = values(x);
  return { view, u, centered: false, ...rootMeanSquare(u, view, epsilon) };
}

/**
 * RMS normalization (Zhang and Sennrich 2019): `x / sqrt(mean(x^2) + epsilon) * scale + bias` over `axes`.
 * ```ts
 * import { rmsNorm } from "@evenkeel/norm/reference";
 * rmsNorm({ type: "float64", dims: [1, 2], data: Float64Array.of(1, 7) }, { epsilon: 0 }).y.data; // [0.2, 1.4]
 * ```
 */
export function rmsNorm(x: Tensor, options: RmsNormOptions = {}): Float64Tensors<"y" | "invStdDev"> {
  const quotient = rms(x, options);
  return { y: forward(x, quotient, options), invStdDev: invert(quotient) };
}

/**
 * The gradient of {@link rmsNorm}.
 * ```ts
 * import { rmsNormBackward } from "@evenkeel/norm/reference";
 * const x = { type: "float64", dims: [1, 2], data: Float64Array.of(1, 7) } as const;
 * rmsNormBackward(x, x, { epsilon: 0 }).dx.data; // 0 but for rounding: y does not depend on the length of x
 * ```
 */
export function rmsNormBackward(x: Tensor, dy: Tensor, options: RmsNormOptions = {}): Gradients {
  return backward(x, dy, rms(x, options), options);
}

function frozen(x: Tensor, { axis, mean, variance, epsilon = 1e-5 }: FrozenOptions): Quotient {
  const view = channelView(x, axis), { statistic } = view;
  const shift = values(mean, statistic.dims);
  const u = values(x).map((v, i) => v - shift[statistic.of[i]]);
  return { view, u, centered: false, d: values(variance, statistic.dims).map((v) => Math.sqrt(v + epsilon)) };
}

/**
 * Batch normalization with given statistics, as at inference (Ioffe and Szegedy 2015):
 * `(x - mean) / sqrt(variance + epsilon) * scale + bias`, all four per channel.
 * ```ts
 * import { batchNorm } from "@evenkeel/norm/reference";
 * const mean = { type: "float64", dims: [2], data: Float64Array.of(1, 2) } as const;
 * const variance = { type: "float64", dims: [2], data: Float64Array.of(4, 9) } as const;
 * const x = { type: "float64", dims: [1, 2], data: Float64Array.of(3, 5) } as const;
 * batchNorm(x, { mean, variance, epsilon: 0 }).y.data; // [1, 1]
 * ```
 */
export function batchNorm(x: Tensor, options: FrozenOptions): Float64Tensors<"y"> {
  return { y: forward(x, frozen(x, options), options) };
}

/**
 * The gradient of {@link batchNorm}: the statistics are constants, so that `dx = dy * scale / sqrt(variance + epsilon)`.
 * ```ts
 * import { batchNormBackward } from "@evenkeel/norm/reference";
 * const mean = { type: "float64", dims: [2], data: Float64Array.of(1, 2) } as const;
 * const variance = { type: "float64", dims: [2], data: Float64Array.of(4, 9) } as const;
 * const x = { type: "float64", dims: [1, 2], data: Float64Array.of(3, 6) } as const;
 * batchNormBackward(x, x, { mean, variance, epsilon: 0 }).dx.data; // [1.5, 2]
 * ```
 */
export function batchNormBackward(x: Tensor, dy: Tensor, options: FrozenOptions): Gradients {
  return backward(x, dy, frozen(x, options), options);
}

/**
 * Batch normalization with the statistics of this batch (Ioffe and Szegedy 2015), and those: `mean` and biased `variance`.
 * ```ts
 * import { batchNormTraining } from "@evenkeel/norm/reference";
 * const x = { type: "float64", dims: [2, 2], data: Float64Array.of(1, 10, 3, 30) } as const;
 * batchNormTraining(x).variance.data; // [1, 100]
 * ```
 */
export function batchNormTraining(x: Tensor, options: ChannelOptions = {}): Float64Tensors<"y" | "mean" | "variance"> {
  const quotient = standardization(x, channelView(x, options.axis), options), { dims } = quotient.view.statistic;
  const mean = float64(dims, quotient.mean), variance = float64(dims, quotient.square);
  return { y: forward(x, quotient, options), mean, variance };
}

/**
 * The gradient of {@link batchNormTraining}, through the batch's statistics too.
 * ```ts
 * import { batchNormTrainingBackward } from "@evenkeel/norm/reference";
 * const x = { type: "float64", dims: [2, 2], data: Float64Array.of(1, 10, 3, 30) } as const;
 * batchNormTrainingBackward(x, x).dBias.data; // [4, 40]
 * ```
 */
export function batchNormTrainingBackward(x: Tensor, dy: Tensor, options: ChannelOptions = {}): Gradients {
  return backward(x, dy, standardization(x, channelView(x, options.axis), options), options);
}

/**
 * Group normalization (Wu and He 2018): standardized over the positions and the channels of each sample's group of channels.
 * ```ts
 * import { groupNorm } from "@evenkeel/norm/reference";
 * const x = { type: "float64", dims: [1, 4], data: Float64Array.of(1, 3, 10, 30) } as const;
 * groupNorm(x, { groups: 2 }).mean.data; // [2, 20]
 * ```
 */
export function groupNorm(x: Tensor, options: GroupNormOptions): Float64Tensors<"y" | "mean" | "invStdDev"> {
  return standardize(x, groupView(x, options.axis, options.groups), options);
}

/**
 * The gradient of {@link groupNorm}.
 * ```ts
 * import { groupNormBackward } from "@evenkeel/norm/reference";
 * const x = { type: "float64", dims: [1, 4], data: Float64Array.of(1, 3, 10, 30) } as const;
 * groupNormBackward(x, x, { groups: 2 }).dBias.data; // [1, 3, 10, 30]
 * ```
 */
export function groupNormBackward(x: Tensor, dy: Tensor, options: GroupNormOptions): Gradients {
  return backward(x, dy, standardization(x, groupView(x, options.axis, options.groups), options), options);
}

/**
 * Instance normalization (Ulyanov, Vedaldi and Lempitsky 2016): standardized over the positions of each sample's channel.
 * ```ts
 * import { instanceNorm } from "@evenkeel/norm/reference";
 * const x = { type: "float64", dims: [1, 2, 2], data: Float64Array.of(1, 3, 10, 30) } as const;
 * instanceNorm(x).mean.data; // [2, 20]
 * ```
 */
export function instanceNorm(x: Tensor, options: ChannelOptions = {}): Float64Tensors<"y" | "mean" | "invStdDev"> {
  return standardize(x, groupView(x, options.axis), options);
}

/**
 * The gradient of {@link instanceNorm}.
 * ```ts
 * import { instanceNormBackward } from "@evenkeel/norm/reference";
 * const x = { type: "float64", dims: [1, 2, 2], data: Float64Array.of(1, 3, 10, 30) } as const;
 * instanceNormBackward(x, x).dBias.data; // [4, 40]
 * ```
 */
export function instanceNormBackward(x: Tensor, dy: Tensor, options: ChannelOptions = {}): Gradients {
  return backward(x, dy, standardization(x, groupView(x, options.axis), options), options);
}

function meanVariance(x: Tensor, axes: readonly number[] = [0, 2, 3]): Quotient {
  const view = axesView(x, axes), { deviation } = center(values(x), view);
  const { d, slope } = rootMeanSquare(deviation, view, 0);
  const bounded = slope.map((s, i) => d[view.statistic.of[i]] === 0 ? 0 : s);
  return { view, u: deviation, centered: true, d: d.map((d) => d + 1e-9), slope: bounded };
}

/**
 * Mean and variance normalization (ONNX MeanVarianceNormalization): `(x - mean) / (sqrt(variance) + 1e-9)` over `axes`,
 * default `[0, 2, 3]`.
 * ```ts
 * import { meanVarianceNorm } from "@evenkeel/norm/reference";
 * meanVarianceNorm({ type: "float64", dims: [2], data: Float64Array.of(7, 7) }, { axes: [0] }).y.data; // [0, 0]
 * ```
 */
export function meanVarianceNorm(x: Tensor, options: MeanVarianceOptions = {}): Float64Tensors<"y"> {
  return { y: forward(x, meanVariance(x, options.axes)) };
}

/**
 * The gradient of {@link meanVarianceNorm}. At variance zero, where the deviation has no derivative, that is taken as 0.
 * ```ts
 * import { meanVarianceNormBackward } from "@evenkeel/norm/reference";
 * const x = { type: "float64", dims: [2], data: Float64Array.of(7, 7) } as const;
 * meanVarianceNormBackward(x, x, { axes: [0] }).dx.data; // [0, 0]
 * ```
 */
export function meanVarianceNormBackward(
  x: Tensor,
  dy: Tensor,
  options: MeanVarianceOptions = {},
): Float64Tensors<"dx"> {
  return { dx: backward(x, dy, meanVariance(x, options.axes)).dx };
}

/** A zero vector is divided by infinity, which makes its result 0, and its gradient too. */
function lp(x: Tensor, { axis = -1, p = 2 }: LpNormOptions): Quotient {
  const view = axesView(x, [axis]), u = values(x), { statistic } = view;
  const sum = sums(statistic, (i) => p === 1 ? Math.abs(u[i]) : u[i] * u[i]);
  const d = sum.map((s) => s === 0 ? Infinity : p === 1 ? s : Math.sqrt(s));
  return { view, u, centered: false, d, slope: u.map((v, i) => p === 1 ? Math.sign(v) : v / d[statistic.of[i]]) };
}

/**
 * Lp normalization (ONNX LpNormalization): x over its norm along `axis`, `sum(|x|)` or `sqrt(sum(x^2))`; 0 for zero vectors.
 * ```ts
 * import { lpNorm } from "@evenkeel/norm/reference";
 * lpNorm({ type: "float64", dims: [2], data: Float64Array.of(3, -4) }).y.data; // [0.6, -0.8]
 * ```
 */
export function lpNorm(x: Tensor, options: LpNormOptions = {}): Float64Tensors<"y"> {
  return { y: forward(x, lp(x, options)) };
}

/**
 * The gradient of {@link lpNorm}: 0 for zero vectors; the derivative of `|x|` at 0 is taken as 0.
 * ```ts
 * import { lpNormBackward } from "@evenkeel/norm/reference";
 * const x = { type: "float64", dims: [2], data: Float64Array.of(3, -4) } as const;
 * const dy = { type: "float64", dims: [2], data: Float64Array.of(1, 0) } as const;
 * lpNormBackward(x, dy).dx.data; // [0.128, 0.096]
 * ```
 */
export function lpNormBackward(x: Tensor, dy: Tensor, options: LpNormOptions = {}): Float64Tensors<"dx"> {
  return { dx: backward(x, dy, lp(x, options)).dx };
}

/** `D_i = bias + alpha / size * sum(x_j^2)`, and the pairs (i, j) in which channel j is in the window of channel i. */
function localResponse(x: Tensor, { size: n, alpha = 1e-4, bias = 1, axis = 1 }: LocalResponseOptions) {
  if (!(Number.isInteger(n) && n > 0)) throw new RangeError(`size ${n}`);
  const c = axisOf(x, axis), stride = size(x.dims.slice(c + 1)), u = values(x), i: number[] = [], j: number[] = [];
  u.forEach((_, flat) => {
    const channel = Math.floor(flat / stride) % x.dims[c];
    const first = Math.max(0, channel - Math.floor((n - 1) / 2));
    const last = Math.min(x.dims[c] - 1, channel + Math.ceil((n - 1) / 2));
    for (let k = first; k <= last; k++) {
      i.push(flat);
      j.push(flat + (k - channel) * stride);
    }
  });
  const D = sums({ dims: x.dims, of: i }, (pair) => u[j[pair]] ** 2).map((sum) => bias + alpha / n * sum);
  return { u, D, i, j };
}

/**
 * Local response normalization (Krizhevsky, Sutskever and Hinton 2012, as in ONNX LRN): `x / D^beta`, where
 * `D = bias + alpha / size * sum(x^2)` over the channels `c - floor((size - 1) / 2)` to `c + ceil((size - 1) / 2)`.
 * ```ts
 * import { localResponseNorm } from "@evenkeel/norm/reference";
 * const x = { type: "float64", dims: [1, 3], data: Float64Array.of(1, 2, 2) } as const;
 * localResponseNorm(x, { size: 3, alpha: 3, beta: 1, bias: 0 }).y.data; // [1 / 5, 2 / 9, 2 / 8]
 * ```
 */
export function localResponseNorm(x: Tensor, options: LocalResponseOptions): Float64Tensors<"y"> {
  const { beta = 0.75 } = options, { u, D } = localResponse(x, options);
  return { y: float64(x.dims, u.map((v, i) => v * D[i] ** -beta)) };
}

/**
 * The gradient of {@link localResponseNorm}:
 * `dx_j = dy_j D_j^-beta - 2 alpha beta / size * x_j * sum(dy_i x_i D_i^(-beta - 1))`, the sum over all i that have j in their
 * window.
 * ```ts
 * import { localResponseNormBackward } from "@evenkeel/norm/reference";
 * const x = { type: "float64", dims: [1, 3], data: Float64Array.of(1, 2, 2) } as const;
 * localResponseNormBackward(x, x, { size: 3, alpha: 0 }).dx.data; // [1, 2, 2]: without alpha nothing happens
 * ```
 */
export function localResponseNormBackward(x: Tensor, dy: Tensor, options: LocalResponseOptions): Float64Tensors<"dx"> {
  const { size: n, alpha = 1e-4, beta = 0.75 } = options, { u, D, i, j } = localResponse(x, options);
  const g = values(dy, x.dims);
  const through = sums({ dims: x.dims, of: j }, (pair) => g[i[pair]] * u[i[pair]] * D[i[pair]] ** (-beta - 1));
  const dx = g.map((g, j) => g * D[j] ** -beta - 2 * alpha * beta / n * u[j] * through[j]);
  return { dx: float64(x.dims, dx) };
}

function add(a: Tensor, b: Tensor): Tensor<"float64"> {
  const terms = values(b, a.dims);
  return float64(a.dims, values(a).map((v, i) => v + terms[i]));
}

/**
 * {@link layerNorm} of `sum = x + residual`, and that sum.
 * ```ts
 * import { addLayerNorm } from "@evenkeel/norm/reference";
 * const x = { type: "float64", dims: [1, 2], data: Float64Array.of(1, 2) } as const;
 * addLayerNorm(x, x).sum.data; // [2, 4]
 * ```
 */
export function addLayerNorm(
  x: Tensor,
  residual: Tensor,
  options: LayerNormOptions = {},
): Float64Tensors<"y" | "sum" | "mean" | "invStdDev"> {
  const sum = add(x, residual);
  return { sum, ...layerNorm(sum, options) };
}

/**
 * The gradient of {@link addLayerNorm} by either summand, from its `sum`; `dSum` is what reaches the sum by other ways.
 * ```ts
 * import { addLayerNormBackward } from "@evenkeel/norm/reference";
 * const sum = { type: "float64", dims: [1, 2], data: Float64Array.of(2, 4) } as const;
 * addLayerNormBackward(sum, sum, { epsilon: 0, dSum: sum }).dx.data; // [2, 4]
 * ```
 */
export function addLayerNormBackward(
  sum: Tensor,
  dy: Tensor,
  options: LayerNormOptions & { dSum?: Tensor } = {},
): Gradients {
  const gradient = layerNormBackward(sum, dy, options);
  return options.dSum ? { ...gradient, dx: add(gradient.dx, options.dSum) } : gradient;
}

/**
 * {@link rmsNorm} of `sum = x + residual`, and that sum.
 * ```ts
 * import { addRmsNorm } from "@evenkeel/norm/reference";
 * const x = { type: "float64", dims: [1, 2], data: Float64Array.of(1, 2) } as const;
 * addRmsNorm(x, x).sum.data; // [2, 4]
 * ```
 */
export function addRmsNorm(
  x: Tensor,
  residual: Tensor,
  options: RmsNormOptions = {},
): Float64Tensors<"y" | "sum" | "invStdDev"> {
  const sum = add(x, residual);
  return { sum, ...rmsNorm(sum, options) };
}

/**
 * The gradient of {@link addRmsNorm} by either summand, from its `sum`; `dSum` is what reaches the sum by other ways.
 * ```ts
 * import { addRmsNormBackward } from "@evenkeel/norm/reference";
 * const sum = { type: "float64", dims: [1, 2], data: Float64Array.of(2, 4) } as const;
 * addRmsNormBackward(sum, sum, { dSum: sum }).dScale.dims; // [2]
 * ```
 */
export function addRmsNormBackward(
  sum: Tensor,
  dy: Tensor,
  options: RmsNormOptions & { dSum?: Tensor } = {},
): Gradients {
  const gradient = rmsNormBackward(sum, dy, options);
  return options.dSum ? { ...gradient, dx: add(gradient.dx, options.dSum) } : gradient;
}
