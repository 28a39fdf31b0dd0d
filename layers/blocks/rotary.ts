import { type Tensor, zeros } from "../../kernels/tensor.ts";

/** By how much step t turns pair i of a vector of so many pairs: t / base^(i / pairs). */
export function angleOf(step: number, pair: number, pairs: number, base: number): number {
  return step / base ** (pair / pairs);
}

/**
 * Rotary positions (Su et al. 2021): elements i and i + size / 2 of the vector of step t are turned by an angle that grows with t, so
 * that the product of a query and a key depends on how far apart they are. `direction` -1 turns back, which is the way back too.
 *
 * @param heads [..., steps, size].
 */
export function rotated(heads: Tensor, base: number, direction: 1 | -1): Tensor {
  const [steps, size] = heads.dims.slice(-2), half = size / 2, y = zeros(heads.type, heads.dims);
  for (let t = 0; t < steps; t++) {
    for (let i = 0; i < half; i++) {
      const angle = direction * angleOf(t, i, half, base), cos = Math.cos(angle), sin = Math.sin(angle);
      for (let a = t * size + i; a < y.data.length; a += steps * size) {
        const b = a + half;
        y.data[a] = cos * heads.data[a] - sin * heads.data[b];
        y.data[b] = sin * heads.data[a] + cos * heads.data[b];
      }
    }
  }
  return y;
}
