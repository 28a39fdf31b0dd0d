import type { SymbolicTensor } from "../symbolic_tensor.ts";

/** A matrix with rows and columns exchanged. */
export function transposed(matrix: SymbolicTensor): SymbolicTensor {
  return matrix.of(matrix.op("Transpose", [], { perm: [1n, 0n] }).value, { dims: matrix.dims.toReversed() });
}
