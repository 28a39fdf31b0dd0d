import type { Tensor } from "../../kernels/tensor.ts";
import type { Placement } from "../wgsl/placement.ts";
import { bindTensor, present } from "./slabs.ts";

/** The parameters of a pass. */
export interface Affine {
  scale?: Tensor;
  bias?: Tensor;
}

/** The text of z r * scale + bias at place e, where z r is given. */
export function affine(value: string, { scale, bias }: Affine): string {
  const scaled = scale ? `${value} * get_scale(e.z)` : value;
  return bias ? `${scaled} + get_bias(e.z)` : scaled;
}

/** Bindings of scale and bias. */
export function affineBindings(placement: Placement, { scale, bias }: Affine, width: 1 | 4) {
  const each = placement.parameterWidth(width);
  return present(scale && bindTensor("scale", scale, each), bias && bindTensor("bias", bias, each));
}
