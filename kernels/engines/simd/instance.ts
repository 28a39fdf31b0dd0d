import { baseline, type CompiledModule, relaxed } from "./module.ts";

/** A WebAssembly function of addresses, sizes and flags. */
type Kernel = (...args: number[]) => number;

/** The functions of the compiled module; assembly/ says what they compute. */
export type Kernels = Record<
  | `${"row" | "column"}${"Moments" | "ExactMoments" | "Apply" | "Sums" | "Gradient"}`
  | "columnParameterSums"
  | "rowShifts"
  | "rowNormalize"
  | "rowDifferentiate"
  | "carry"
  | "add"
  | "copy"
  | "activate"
  | "activationGradient"
  | "addProduct"
  | "packPanels"
  | "quantize"
  | "widen"
  | "narrow",
  Kernel
>;

/** A module's bytes. A byte plus 3 is a digit of 90, from `#` to `}` without the backslash, after `!` or a space for its second or third 90. */
export function bytesOf({ text, sharedMemoryFlag }: CompiledModule, shared: boolean): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  let length = 0, high = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 34) {
      high = 34 - code;
    } else {
      bytes[length++] = high * 90 + code - (code < 92 ? 35 : 36) - 3;
      high = 0;
    }
  }
  if (shared) bytes[sharedMemoryFlag] = 3;
  return bytes.slice(0, length);
}

/** The kernels over a memory, or undefined where the host has no SIMD or forbids WebAssembly. */
export function instantiate(memory: WebAssembly.Memory, shared: boolean): Kernels | undefined {
  for (const compiled of [relaxed, baseline]) {
    const bytes = bytesOf(compiled, shared);
    if (!WebAssembly.validate(bytes)) continue;
    try {
      const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
      return exports as unknown as Kernels;
    } catch (error) {
      if (error instanceof WebAssembly.CompileError) return undefined; // a content security policy
      throw error;
    }
  }
  return undefined;
}
