import type { Activation } from "../../kernels/activation.ts";
import type { Measure } from "../../kernels/engines/measure.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Placement } from "../wgsl/placement.ts";
import { type Affine, affine } from "./affine.ts";
import type { StatisticTensors } from "./statistics.ts";

/** What a backward pass reads, and the tensor that it writes. */
export interface Differentiation {
  placement: Placement;
  measure: Measure;
  /** What was normalized. */
  x: Tensor;
  /** The gradient with respect to the result. */
  dy: Tensor;
  scale?: Tensor;
  bias?: Tensor;
  activation?: Activation;
  given?: StatisticTensors;
  /** Whether the given statistics do not depend on x. */
  frozen?: boolean;
  /** A gradient to add to dx. */
  dSum?: Tensor;
  dx: Tensor;
}

/** The text that takes a gradient through the activation, dy f'(v), where v is made of z r; nothing where there is none. */
export function throughActivation(gradient: string, normalized: string, pass: Differentiation): string {
  if (!pass.activation) return "";
  return `${gradient} = throughActivation(${gradient}, ${affine(normalized, pass)});`;
}

/** Whether the gradient of a statistic is the same wherever dy begins, so that it can be shifted; see {@linkcode shifted}. */
export function isShifted({ measure, frozen }: Differentiation): boolean {
  return measure.subtractMean && !frozen;
}

/**
 * The text of h = g * scale at place e; where a statistic has one scale, without it. Where a mean is subtracted, what all h of a statistic
 * have in common drops out of dx. If g is far from 0 its rounding would not, so it goes first: with m near the mean of g and l one of
 * the scales,
 *
 *     h - m l = (g - m) scale + m (scale - l).
 */
export function shifted(gradient: string, { m, l }: { m: string; l: string }, pass: Differentiation): string {
  const scale = pass.scale && pass.placement.affine !== "constant" ? "get_scale(e.z)" : undefined;
  if (!isShifted(pass)) return scale ? `${gradient} * ${scale}` : gradient;
  const rest = `fence(${gradient} - ${m})`;
  return scale ? `(${rest} * ${scale} + ${m} * (${scale} - ${l}))` : rest;
}

/** The parameters that a backward pass reads: the bias only to know what an activation was given. */
export function parametersOf({ scale, bias, activation }: Differentiation): Affine {
  return { scale, bias: activation ? bias : undefined };
}
