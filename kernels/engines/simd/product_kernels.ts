import { instantiate, type Kernel } from "./instance.ts";
import { baseline, relaxed } from "./product_module.ts";

/** The functions of product_module.ts, a module of its own so that bundles of norms do without it; assembly/matrix_product.ts says what they compute. */
export type ProductKernels = Record<"addProduct" | "addDots" | "packPanels", Kernel>;

/** The kernels over a memory, or undefined where the host has no SIMD or forbids WebAssembly. */
export function productKernelsOver(memory: WebAssembly.Memory): ProductKernels | undefined {
  return instantiate([relaxed, baseline], memory) as ProductKernels | undefined;
}
