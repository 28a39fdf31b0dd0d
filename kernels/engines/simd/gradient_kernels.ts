import { baseline, relaxed } from "./gradient_module.ts";
import { instantiate, type Kernel } from "./instance.ts";

/** The functions of gradient_module.ts, a module of its own so that bundles of forward passes do without it; assembly/ says what they compute. */
export type GradientKernels = Record<
  | `${"row" | "column"}${"Shifts" | "Sums" | "Gradient" | "Differentiate"}`
  | "columnParameterSums"
  | "carry"
  | "activationGradient",
  Kernel
>;

/** The kernels over a memory, or undefined where the host has no SIMD or forbids WebAssembly. */
export function gradientKernelsOver(memory: WebAssembly.Memory): GradientKernels | undefined {
  return instantiate([relaxed, baseline], memory) as GradientKernels | undefined;
}
