/** A run of free bytes. */
interface Run {
  at: number;
  size: number;
}

/** Which bytes of a memory are free: first fit, neighbours joined when they are given back. Sizes are multiples of 64. */
export class Allocator {
  #free: Run[] = [];
  #used = 0;

  /** The bytes handed out. */
  get used(): number {
    return this.#used;
  }

  /** The address of `size` bytes, or -1 if no run of free bytes is long enough. */
  take(size: number): number {
    const index = this.#free.findIndex((run) => run.size >= size);
    if (index < 0) return -1;
    const run = this.#free[index], at = run.at;
    if (run.size === size) this.#free.splice(index, 1);
    else this.#free[index] = { at: at + size, size: run.size - size };
    this.#used += size;
    return at;
  }

  /** Gives back what `take` handed out. */
  release(at: number, size: number): void {
    this.#used -= size;
    this.add(at, size);
  }

  /** Adds bytes to those that are free. */
  add(at: number, size: number): void {
    let index = this.#free.findIndex((run) => run.at > at);
    if (index < 0) index = this.#free.length;
    const before = this.#free[index - 1], after = this.#free[index];
    const joinsBefore = before !== undefined && before.at + before.size === at;
    const joinsAfter = after !== undefined && at + size === after.at;
    const start = joinsBefore ? before.at : at, end = joinsAfter ? after.at + after.size : at + size;
    const first = joinsBefore ? index - 1 : index;
    this.#free.splice(first, +joinsBefore + +joinsAfter, { at: start, size: end - start });
  }
}
