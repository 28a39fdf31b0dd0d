import { baseline, relaxed } from "./exact_module.ts";
import { instantiate, type Kernel } from "./instance.ts";

/** The functions of exact_module.ts, a module of its own so that bundles of norms do without it; assembly/exact_moments.ts says what they compute. */
export type ExactKernels = Record<`${"row" | "column"}ExactMoments`, Kernel>;

/** The kernels over a memory, or undefined where the host has no SIMD or forbids WebAssembly. */
export function exactKernelsOver(memory: WebAssembly.Memory): ExactKernels | undefined {
  return instantiate([relaxed, baseline], memory) as ExactKernels | undefined;
}
