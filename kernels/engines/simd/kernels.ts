import { instantiate, type Kernel } from "./instance.ts";
import { baseline, relaxed } from "./module.ts";

/** The functions of module.ts; assembly/ says what they compute. */
export type Kernels = Record<
  | `${"row" | "column"}${"Moments" | "Apply" | "Normalize"}`
  | "add"
  | "activate"
  | "quantize"
  | "widen"
  | "narrow",
  Kernel
>;

/** The kernels over a memory, or undefined where the host has no SIMD or forbids WebAssembly. */
export function kernelsOver(memory: WebAssembly.Memory): Kernels | undefined {
  return instantiate([relaxed, baseline], memory) as Kernels | undefined;
}
