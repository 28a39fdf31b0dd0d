/**
 * Evenkeel: normalization on typed arrays, fast, and right however far the mean is from zero.
 *
 * This entry point has all of `/kernels` (every normalization, forward and backward), `/layers` (what is trained) and `/statistics`
 * (data that does not fit into memory). It loads no dependency and uses web-standard APIs alone, so that it runs in Deno, Node.js,
 * Bun and browsers.
 *
 * The other entry points: `@evenkeel/norm/onnx`, `/models` and `/rewrite` read, write, run and improve ONNX models; `/webgpu`
 * normalizes on the GPU; `/weights` and `/sources` read and write files; `/pca` is principal component analysis; `/mpi` joins many
 * machines; `/notebook` shows plots and tables; `/cli` is the command line; and `/reference` has the float64 formulas that the kernels
 * are compared with.
 *
 * @example Normalize one sample
 * ```ts
 * import { layerNorm, tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const x = tensor(new Float32Array([2, 3, 5, 1, 4]), [1, 5]);
 * const y = layerNorm(x);
 * assertAlmostEquals(y.data[2], 1.4142, 1e-4); // (5 - 3) / sqrt(2 + 1e-5)
 * ```
 *
 * @module
 */

export * from "./kernels/mod.ts";
export * from "./layers/mod.ts";
export * from "./statistics/mod.ts";
