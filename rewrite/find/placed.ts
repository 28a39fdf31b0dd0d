import { sizeOf } from "../../kernels/tensor.ts";
import type { Placed, Poly, Power } from "./algebra.ts";

/** The dims of something that several constants make together, as ONNX broadcasts. */
export function dimsOf(powers: readonly Power[]): number[] {
  const shapes = powers.map(({ factor }) => factor.kind === "tensor" ? factor.tensor.dims : []);
  const rank = Math.max(0, ...shapes.map((dims) => dims.length));
  return Array.from({ length: rank }, (_, i) => Math.max(1, ...shapes.map((dims) => dims.at(i - rank) ?? 1)));
}

/** The dims of the constants of a sum. */
export function dimsOfSum(poly: Poly): number[] {
  return dimsOf(poly.flatMap(({ powers }) => powers));
}

/** The product of constants under their exponents times a number, in float64; elements row-major over dims. */
export function productOf(number: number, powers: readonly Power[], dims: readonly number[]): Float64Array {
  const result = new Float64Array(sizeOf(dims)).fill(number);
  for (const { factor, exponent } of powers) {
    if (factor.kind !== "tensor") throw new TypeError("A scale is made of constants alone.");
    const read = reader(factor.tensor, dims);
    for (let i = 0; i < result.length; i++) {
      const value = read(i);
      result[i] *= exponent === 1 ? value : value ** exponent;
    }
  }
  return result;
}

/** A sum of products of constants. */
export function sumOf(poly: Poly, dims: readonly number[]): Float64Array {
  const result = new Float64Array(sizeOf(dims));
  for (const { coefficient, powers } of poly) {
    const product = productOf(coefficient, powers, dims);
    for (let i = 0; i < result.length; i++) result[i] += product[i];
  }
  return result;
}

/** Reads a constant as if it had wider dims. */
function reader({ dims, values }: Placed, to: readonly number[]): (index: number) => number {
  const from = values(), behind = to.length - dims.length;
  const steps = to.map((_, axis) =>
    axis < behind || dims[axis - behind] === 1 ? 0 : sizeOf(dims.slice(axis - behind + 1))
  );
  const strides = to.map((_, axis) => sizeOf(to.slice(axis + 1)));
  return (index) => {
    let at = 0;
    for (let axis = behind; axis < to.length; axis++) {
      if (steps[axis] > 0) at += steps[axis] * (Math.floor(index / strides[axis]) % to[axis]);
    }
    return from[at];
  };
}
