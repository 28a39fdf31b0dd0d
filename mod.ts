/**
 * Evenkeel: normalization on typed arrays, fast and right at any offset.
 *
 * This is the light entry point: it loads no dependency and uses web-standard APIs alone, so that it runs in Deno, Node.js,
 * Bun and browsers. It has the kernels, forward and backward, of every normalization, the layers that are trained, and the
 * statistics of streams. Other entry points have what needs more: `@evenkeel/norm/onnx` and `/models` write and run graphs,
 * `/weights` and `/sources` read files, `/pca` and `/mpi` are what they say, and `/reference` has the float64 formulas that the kernels
 * are held against.
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
