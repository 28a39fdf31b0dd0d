import { callsOf, type Gpu } from "../gpu.ts";
import { type GpuTensor, originalOf } from "../gpu_tensor.ts";
import { bindTensor } from "../passes/slabs.ts";
import { sumInto } from "./sums.ts";

/** The sum of a matrix's rows. */
export function columnSums(gpu: Gpu, matrix: GpuTensor): GpuTensor {
  return callsOf("columnSums", gpu).record("columnSums", { matrix }, (run, tensors, create) => {
    const [rows, columns] = matrix.dims, sums = create([columns]);
    sumInto(run, sums, {
      bindings: [bindTensor("matrix", tensors.matrix)],
      counts: {},
      terms: rows,
      term: "sum += get_matrix(i * u.outputs + o);",
    });
    return originalOf(sums);
  });
}
