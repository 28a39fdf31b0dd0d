/** A WebAssembly module that imports its memory, as tools/build_simd.ts writes it. */
export interface CompiledModule {
  /** The byte that is 1 if the memory is the instance's own and 3 if it is shared. */
  sharedMemoryFlag: number;
  /** The module, in the text that {@linkcode bytesOf} reads. */
  text: string;
}

/** A WebAssembly function of addresses, sizes and flags. */
export type Kernel = (...args: number[]) => number;

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

/** The first of some modules that the host takes, over a memory; undefined if it takes none. */
export function instantiate(modules: CompiledModule[], memory: WebAssembly.Memory): unknown {
  const shared = typeof SharedArrayBuffer !== "undefined" && memory.buffer instanceof SharedArrayBuffer;
  for (const compiled of modules) {
    const bytes = bytesOf(compiled, shared);
    if (!WebAssembly.validate(bytes)) continue;
    try {
      return new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports;
    } catch (error) {
      if (error instanceof WebAssembly.CompileError) return undefined; // a content security policy
      throw error;
    }
  }
  return undefined;
}
