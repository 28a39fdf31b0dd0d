import {
  checkActivation,
  checkAlike,
  checkDims,
  checkOverlap,
  type Create,
  outputLike,
  outputOf,
  type Tensors,
} from "../check.ts";
import { differentiation } from "./gradient.ts";
import { normalization } from "./normalize.ts";
import { perform } from "./perform.ts";
import type { AffineOptions, BackwardOutputs, Gradients, SavedStatistics } from "../options.ts";
import type { Measure } from "../engines/measure.ts";
import type { Given, StatisticsOutputs } from "./statistics.ts";
import type { DType, Tensor } from "../tensor.ts";
import { type Axis, reducedAxes, viewOf } from "./view.ts";

/** Statistics that were measured elsewhere: variances, or what a forward pass saved of them. */
type GivenTensors = { mean?: Tensor } & ({ variance: Tensor } | { invStdDev: Tensor });

/** A normalization of one tensor: what forward and backward passes need to know of it. */
export interface Plan {
  /** The function that was called, for messages. */
  operation: string;
  /** The dimensions of x, with what they mean. */
  axes: Axis[];
  measure: Measure;
  /** The dims of scale and bias, and in words whose they are. */
  parameterDims: readonly number[];
  parametersOf: string;
  /** The dims of statistics. */
  statisticDims: readonly number[];
  /** Statistics to use instead of those of x. */
  given?: GivenTensors;
  /** Whether they do not depend on x. */
  frozen?: boolean;
}

/** The plan of a normalization over some axes of each sample, counted from the front. */
export function planOver(operation: string, { dims }: Tensor, axes: readonly number[], measure: Measure): Plan {
  return {
    operation,
    axes: reducedAxes(dims, axes),
    measure,
    parameterDims: axes.map((axis) => dims[axis]),
    parametersOf: "those of x along the normalized axes",
    statisticDims: dims.map((size, d) => axes.includes(d) ? 1 : size),
  };
}

/** A plan that uses the statistics which the forward pass saved, if it did. */
export function withSaved(plan: Plan, { mean, invStdDev }: SavedStatistics): Plan {
  if ((mean === undefined) !== (invStdDev === undefined)) {
    throw new TypeError(
      `${plan.operation}: mean and invStdDev go together. Give both, or neither and they are computed from x.`,
    );
  }
  return invStdDev === undefined ? plan : { ...plan, given: { mean, invStdDev } };
}

/** What a forward pass can write. */
interface Outputs {
  y?: Tensor;
  sum?: Tensor;
  mean?: Tensor;
  variance?: Tensor;
  invStdDev?: Tensor;
}

/** A forward pass whose arguments are found fit, and the tensors that it writes. */
export interface ForwardPass<T extends DType = DType> {
  /** Whether scale or bias is there. */
  affine: boolean;
  y: Tensor<T>;
  sum?: Tensor<T>;
  statistics: { mean?: Tensor; variance?: Tensor; invStdDev?: Tensor };
}

/** Checks the arguments of a forward pass, wherever their elements are, and makes the outputs that are not given. */
export function checkForward<T extends DType>(
  plan: Plan,
  x: Tensor<T>,
  options: AffineOptions,
  out: Outputs = {},
  residual?: Tensor,
  create?: Create,
): ForwardPass<T> {
  const { operation } = plan, { scale, bias } = options;
  checkPlan(plan, options);
  const y = outputLike(operation, "y", out.y, x, create);
  const sum = residual && outputLike(operation, "sum", out.sum, x, create);
  const statistics = {
    mean: statistic(plan, "mean", out.mean),
    variance: statistic(plan, "variance", out.variance),
    invStdDev: statistic(plan, "invStdDev", out.invStdDev),
  };
  checkOverlap(
    operation,
    { y: out.y, sum: out.sum },
    { x, residual },
    { mean: out.mean, variance: out.variance, invStdDev: out.invStdDev },
    { scale, bias, ...plan.given },
  );
  return { affine: scale !== undefined || bias !== undefined, y, sum, statistics };
}

/** Checks everything, then runs the forward pass. Statistics are written where `out` has a place for them. */
export function forward<T extends DType>(
  plan: Plan,
  x: Tensor<T>,
  options: AffineOptions,
  out: Outputs = {},
  residual?: Tensor,
): { y: Tensor<T>; sum?: Tensor<T> } {
  const { affine, y, sum, statistics } = checkForward(plan, x, options, out, residual);
  const { scale, bias, activation } = options, view = viewOf(plan.axes, affine);
  const places: StatisticsOutputs = {
    mean: statistics.mean?.data,
    variance: statistics.variance?.data,
    invStdDev: statistics.invStdDev?.data,
  };
  const normalize = normalization({
    view,
    measure: plan.measure,
    x: x.data,
    residual: residual?.data,
    sum: sum?.data,
    scale: scale?.data,
    bias: bias?.data,
    activation,
    given: givenData(plan),
    y: y.data,
  }, places);
  const run = view.count === 0 ? () => Object.values(places).forEach((data) => data?.fill(NaN)) : normalize;
  return perform({ y, sum }, () => ({ x, residual, scale, bias, ...plan.given, y, sum, ...named(statistics) }), run);
}

/** Outputs under names of their own. */
function named(outputs: Tensors): Tensors {
  return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [`out.${name}`, tensor]));
}

/** A backward pass whose arguments are found fit, and the tensors that it writes. */
export interface BackwardPass<T extends DType = DType> {
  /** Whether there are parameters, or gradients of such are asked for. */
  affine: boolean;
  gradients: Gradients<T>;
}

/** Checks the arguments of a backward pass, wherever their elements are, and makes the outputs that are not given. */
export function checkBackward<T extends DType>(
  plan: Plan,
  x: Tensor<T>,
  dy: Tensor<T>,
  options: AffineOptions,
  out: BackwardOutputs = {},
  dSum?: Tensor,
  create?: Create,
): BackwardPass<T> {
  const { operation, parameterDims } = plan, { scale, bias } = options;
  checkPlan(plan, options);
  checkAlike(operation, "dy", dy, x);
  if (dSum !== undefined) checkAlike(operation, "dSum", dSum, x);
  const gradients: Gradients<T> = { dx: outputLike(operation, "dx", out.dx, x, create) };
  const gradient = (name: string, parameter: Tensor | undefined, given: Tensor | undefined) =>
    parameter !== undefined || given !== undefined
      ? outputOf(operation, name, given, parameter?.type ?? x.type, parameterDims, create)
      : undefined;
  const dScale = gradient("dScale", scale, out.dScale), dBias = gradient("dBias", bias, out.dBias);
  if (dScale) gradients.dScale = dScale;
  if (dBias) gradients.dBias = dBias;
  checkOverlap(
    operation,
    { dx: out.dx },
    { x, dy },
    { dScale: out.dScale, dBias: out.dBias },
    { scale, bias, dSum, ...plan.given },
  );
  return { affine: [scale, bias, dScale, dBias].some((tensor) => tensor !== undefined), gradients };
}

/** Checks everything, then runs the backward pass. */
export function backward<T extends DType>(
  plan: Plan,
  x: Tensor<T>,
  dy: Tensor<T>,
  options: AffineOptions,
  out: BackwardOutputs = {},
  dSum?: Tensor,
): Gradients<T> {
  const { affine, gradients } = checkBackward(plan, x, dy, options, out, dSum);
  const { scale, bias, activation } = options, { dx, dScale, dBias } = gradients;
  const run = differentiation({
    view: viewOf(plan.axes, affine),
    measure: plan.measure,
    x: x.data,
    dy: dy.data,
    scale: scale?.data,
    bias: bias?.data,
    activation,
    given: givenData(plan),
    frozen: plan.frozen,
    dSum: dSum?.data,
    dx: dx.data,
  }, { dScale: dScale?.data, dBias: dBias?.data });
  return perform(gradients, () => ({ x, dy, scale, bias, dSum, ...plan.given, dx, dScale, dBias }), run);
}

function checkPlan(
  { operation, parameterDims, parametersOf, statisticDims, given }: Plan,
  options: AffineOptions,
): void {
  const { scale, bias, activation } = options;
  if (scale !== undefined) checkDims(operation, "scale", scale, parameterDims, parametersOf);
  if (bias !== undefined) checkDims(operation, "bias", bias, parameterDims, parametersOf);
  checkActivation(operation, activation);
  for (const [name, tensor] of Object.entries<Tensor | undefined>(given ?? {})) {
    if (tensor !== undefined) checkDims(operation, name, tensor, statisticDims, "one for each statistic");
  }
}

function statistic(
  { operation, statisticDims }: Plan,
  name: string,
  given: Tensor | undefined,
): Tensor | undefined {
  if (given !== undefined) checkDims(operation, `out.${name}`, given, statisticDims, `the shape of ${name}`);
  return given;
}

function givenData({ given }: Plan): Given | undefined {
  if (given === undefined) return undefined;
  const mean = given.mean?.data;
  return "variance" in given ? { mean, variance: given.variance.data } : { mean, invStdDev: given.invStdDev.data };
}
