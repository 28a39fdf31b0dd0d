/** Unused buffers are kept up to so many bytes, for those that are asked for next. */
const KEPT = 2 ** 28;

/** What tensors and tables are bound as, copied from and copied to. */
const USAGE = 0x0080 | 0x0004 | 0x0008; // STORAGE | COPY_SRC | COPY_DST

/**
 * Buffers, given out and taken back. They come in sizes of four steps an octave, so that one often fits again. What is recorded on a
 * device happens in its order: a buffer can be given out again while what was recorded with it is still to run.
 */
export class BufferPool {
  readonly #create: (bytes: number) => GPUBuffer;
  readonly #destroy: (buffer: GPUBuffer) => void;
  readonly #free = new Map<number, GPUBuffer[]>();
  #kept = 0;
  /** How many bytes are given out. */
  used = 0;

  /** A pool over what makes and ends buffers. */
  constructor(create: (size: number, usage: number) => GPUBuffer, destroy: (buffer: GPUBuffer) => void) {
    this.#create = (size) => create(size, USAGE);
    this.#destroy = destroy;
  }

  /** A buffer of at least so many bytes. What is in it is left over from before. */
  take(bytes: number): GPUBuffer {
    const size = sizeClassOf(bytes), buffer = this.#free.get(size)?.pop();
    if (buffer) this.#kept -= size;
    const taken = buffer ?? this.#create(size);
    this.used += size;
    return taken;
  }

  /** Takes a buffer back. */
  give(buffer: GPUBuffer): void {
    const size = buffer.size;
    this.used -= size;
    if (this.#kept + size > KEPT) return this.#destroy(buffer);
    this.#kept += size;
    const free = this.#free.get(size);
    if (free) free.push(buffer);
    else this.#free.set(size, [buffer]);
  }

  /** Ends all buffers that are not given out. */
  clear(): void {
    for (const buffers of this.#free.values()) for (const buffer of buffers) this.#destroy(buffer);
    this.#free.clear();
    this.#kept = 0;
  }
}

/** The next of 256, 320, 384, 448, 512, 640 ... */
function sizeClassOf(bytes: number): number {
  const octave = 2 ** Math.floor(Math.log2(Math.max(bytes, 256))), step = octave / 4;
  return Math.ceil(Math.max(bytes, 256) / step) * step;
}
