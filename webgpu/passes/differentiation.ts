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

/** The parameters that a backward pass reads: the bias only to know what an activation was given. */
export function parametersOf({ scale, bias, activation }: Differentiation): Affine {
  return { scale, bias: activation ? bias : undefined };
}
