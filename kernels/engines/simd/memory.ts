import { arrayOf, checkDimensions, describe, type DType, sizeOf, type Tensor, type TypedArrays } from "../../tensor.ts";
import { Allocator } from "./allocator.ts";
import type { Data } from "../tile.ts";
import { ENGINE_BYTES, FIRST_ADDRESS, SimdEngine } from "./engine.ts";
import { kernelsOver } from "./kernels.ts";

const PAGE = 65536;
const MAX_PAGES = 65536;

/** Where the engine of the calling thread ends, at the beginning of each memory. */
const ENGINE_END = FIRST_ADDRESS + ENGINE_BYTES;

/** Where memory cannot be shared, growing it would take away the arrays in it, so it has this size from the beginning: 256 MiB. */
const FIXED_PAGES = 4096;

/** A tensor in the memory of the SIMD kernels, which work on it in place. */
export interface ResidentTensor<T extends DType = DType> extends Tensor<T>, Disposable {
  /** Gives its memory back. Its data must not be used after that. */
  dispose(): void;
}

/** Memory that holds an engine and, behind it, tensors. */
class Heap {
  readonly memory: WebAssembly.Memory;
  #buffer: ArrayBufferLike;
  readonly #buffers = new WeakSet<ArrayBufferLike>();
  readonly #allocator = new Allocator();
  readonly #growable: boolean;

  constructor(growable: boolean) {
    this.#growable = growable;
    const initial = growable ? Math.ceil(ENGINE_END / PAGE) : FIXED_PAGES;
    this.memory = growable ? sharedMemory(initial, MAX_PAGES) : new WebAssembly.Memory({ initial, maximum: initial });
    this.#buffer = this.memory.buffer;
    this.#buffers.add(this.#buffer);
    this.#allocator.add(ENGINE_END, initial * PAGE - ENGINE_END);
  }

  /** Whether an array is in this memory. Each time the memory grows it is known by one more buffer. */
  holds(buffer: ArrayBufferLike): boolean {
    return buffer === this.#buffer || this.#buffers.has(buffer);
  }

  /** The address of so many bytes. */
  allocate(bytes: number): number {
    const at = this.#allocator.take(bytes);
    if (at >= 0) return at;
    this.#grow(bytes);
    return this.#allocator.take(bytes);
  }

  release(at: number, bytes: number): void {
    this.#allocator.release(at, bytes);
  }

  #grow(bytes: number): void {
    const size = this.memory.buffer.byteLength;
    const refuse = (why: string) => {
      throw new RangeError(
        `allocate: ${bytes} bytes are wanted and ${this.#allocator.used} in use; ${why}. Dispose of tensors that are no longer ` +
          `needed, or use ordinary typed arrays, which every function takes as well and which have no such limit.`,
      );
    };
    if (!this.#growable) {
      refuse(`without SharedArrayBuffer (in browsers: cross-origin isolation) the memory ends at ${size}`);
    }
    if (size + bytes > MAX_PAGES * PAGE) refuse("the memory of WebAssembly ends at 4 GiB");
    try {
      this.memory.grow(Math.ceil(bytes / PAGE));
    } catch (error) {
      if (error instanceof RangeError) refuse("this machine has no more memory to give");
      throw error;
    }
    this.#buffer = this.memory.buffer;
    this.#buffers.add(this.#buffer);
    this.#allocator.add(size, this.#buffer.byteLength - size);
  }
}

/** Shared memory that grows as far as the host allows: some reserve all of it at once, and phones have no 4 GiB to reserve. */
function sharedMemory(initial: number, maximum: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial, maximum, shared: true });
  } catch (error) {
    if (error instanceof RangeError && maximum >= 2 * initial) return sharedMemory(initial, maximum / 2);
    throw error;
  }
}

let heap: Heap | undefined;
let heapEngine: SimdEngine | undefined;

/** The engine of tiles; undefined where the host has none. A thread that joins the memory of another has one there. */
let tileEngine = once(makeTileEngine);

/** A function that makes its result once, when it is first asked for. */
function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** The memory for tensors; made when the first is asked for. */
function theHeap(): Heap {
  return heap ??= new Heap(typeof SharedArrayBuffer !== "undefined");
}

/** The SIMD engine for a call on these arrays, or undefined if the host has no SIMD: that of the heap if one of them is in it. */
export function simdEngineFor(arrays: readonly (Data | undefined)[]): SimdEngine | undefined {
  const engine = tileEngine();
  if (engine === undefined || heap === undefined) return engine;
  for (const data of arrays) {
    if (data !== undefined && heap.holds(data.buffer)) return heapEngine ??= makeHeapEngine(heap);
  }
  return engine;
}

/** Memory of its own for tiles: copies to and from memory that is not shared are faster. */
function makeTileEngine(): SimdEngine | undefined {
  if (typeof WebAssembly === "undefined") return undefined;
  const pages = Math.ceil(ENGINE_END / PAGE);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const kernels = kernelsOver(memory);
  return kernels && new SimdEngine(memory, kernels, () => false, FIRST_ADDRESS);
}

function makeHeapEngine(heap: Heap): SimdEngine {
  const { memory } = heap;
  return new SimdEngine(memory, kernelsOver(memory)!, (data) => heap.holds(data.buffer), FIRST_ADDRESS);
}

/** The memory of tensors, for other threads to join; undefined if it cannot be shared. */
export function sharedMemoryOfTensors(): WebAssembly.Memory | undefined {
  return typeof WebAssembly !== "undefined" && typeof SharedArrayBuffer !== "undefined" ? theHeap().memory : undefined;
}

/**
 * Makes this thread work on arrays in the memory of another one, with an engine at an address of that memory. Of the arrays that it is sent
 * those are in there that are shared.
 */
export function joinMemory(memory: WebAssembly.Memory, address: number): void {
  const kernels = kernelsOver(memory), isShared = ({ buffer }: Data) => buffer instanceof SharedArrayBuffer;
  const engine = kernels && new SimdEngine(memory, kernels, isShared, address);
  tileEngine = () => engine;
}

/** Whether an array lies in the memory of tensors. */
export function isResident(data: Data): boolean {
  return heap !== undefined && heap.holds(data.buffer);
}

/** Whether two arrays are stored in the same memory. Two of the heap are, whatever buffers they know it by. */
export function shareMemory(a: Data, b: Data): boolean {
  if (a.buffer === b.buffer) return true;
  return isResident(a) && isResident(b);
}

/** From so many bytes on it matters where tensors begin. */
const LARGE = 65536;

let turn = 0;

/**
 * Where in its block a large tensor begins: at another place modulo 4096 than those before it. A processor takes a load for one of what
 * was just stored where the last 12 bits of their addresses agree, and waits, as it would all the time if y stood to x like that.
 */
function skewOf(bytes: number): number {
  return bytes < LARGE ? 0 : turn++ * 2560 % 4096;
}

const registry = new FinalizationRegistry<{ at: number; bytes: number }>(({ at, bytes }) => heap!.release(at, bytes));

class HeapTensor<T extends DType> implements ResidentTensor<T> {
  readonly type: T;
  readonly dims: readonly number[];
  #data: TypedArrays[T] | undefined;
  readonly #block: { at: number; bytes: number } | undefined;

  constructor(type: T, dims: readonly number[]) {
    this.type = type;
    this.dims = [...dims];
    const constructor = arrayOf(type), length = sizeOf(dims);
    if (typeof WebAssembly === "undefined") {
      this.#data = new constructor(length) as TypedArrays[T];
      return;
    }
    const size = Math.max(Math.ceil(length * constructor.BYTES_PER_ELEMENT / 64), 1) * 64, skew = skewOf(size);
    const bytes = skew + size, at = theHeap().allocate(bytes), { buffer } = theHeap().memory;
    this.#block = { at, bytes };
    this.#data = new constructor(buffer as ArrayBuffer, at + skew, length).fill(0) as TypedArrays[T];
    registry.register(this.#data, this.#block, this.#block);
  }

  get data(): TypedArrays[T] {
    if (this.#data === undefined) {
      throw new TypeError("This tensor was disposed of: its memory may hold another one by now.");
    }
    return this.#data;
  }

  dispose(): void {
    const live = this.#data !== undefined;
    this.#data = undefined;
    if (!live || this.#block === undefined) return;
    registry.unregister(this.#block);
    heap!.release(this.#block.at, this.#block.bytes);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/**
 * A tensor of zeros in the memory of the SIMD kernels. Functions whose tensors of float32 are all made by this work on them
 * where they are; tensors over other arrays are copied through the processor's cache, which takes about half as long again, of gradients
 * twice as long. A new tensor that a function makes for its result is such an array: give it `out`.
 *
 * The memory is given back by `dispose`, at the end of the block where the tensor is declared with `using`, or some time after
 * nothing refers to its `data` any more (a `subarray` of it does not count). It is shared memory where the host allows, so that
 * `data` is over a SharedArrayBuffer; a host without WebAssembly gets an ordinary array.
 *
 * @param type The element type.
 * @param dims The size of each dimension.
 * @throws {RangeError} If the memory, at most 4 GiB, or 256 MiB where it cannot be shared, does not suffice.
 *
 * @example
 * ```ts
 * import { allocate, layerNorm } from "@evenkeel/norm";
 *
 * const x = allocate("float32", [8, 768]);
 * x.data.fill(1);
 * layerNorm(x, { out: { y: x } });
 * x.dispose();
 * ```
 *
 * @example The same with `using`, where the language has it (Deno, TypeScript 5.2, Node.js 24)
 * ```ts
 * import { allocate, layerNorm } from "@evenkeel/norm";
 *
 * {
 *   using x = allocate("float32", [8, 768]);
 *   x.data.fill(1);
 *   layerNorm(x, { out: { y: x } });
 * } // here the memory goes back
 * ```
 */
export function allocate<T extends DType>(type: T, dims: readonly number[]): ResidentTensor<T> {
  if (type !== "float32" && type !== "float64" && type !== "float16") {
    throw new TypeError(`allocate: type is ${describe(type)}; it must be "float32", "float64" or "float16".`);
  }
  checkDimensions("allocate", "the tensor", dims);
  return new HeapTensor(type, dims);
}
