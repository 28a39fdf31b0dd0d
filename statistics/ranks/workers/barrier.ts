/** Words of the shared memory. */
const ARRIVED = 0, GENERATION = 1, WAKE = 2, LEFT = 3;

/**
 * A reusable barrier: where the ranks of one run wait for each other, in shared memory. Who waits sleeps: to spin first would save 5 µs where every rank
 * has a processor to itself, and cost far more where one has not.
 */
export class Barrier {
  /** How many bytes it takes. */
  static readonly BYTES = 16;

  readonly #words: Int32Array;
  readonly #size: number;

  /** A barrier of `size` ranks over zeros at the front of a shared memory. */
  constructor(memory: SharedArrayBuffer, size: number) {
    this.#words = new Int32Array(memory, 0, Barrier.BYTES / 4);
    this.#size = size;
  }

  /**
   * Returns when all ranks have come.
   *
   * @throws {Error} If one of them has left for good, or none came for `timeout` milliseconds.
   */
  wait(timeout: number): void {
    const words = this.#words, generation = Atomics.load(words, GENERATION);
    if (Atomics.add(words, ARRIVED, 1) === this.#size - 1) {
      Atomics.store(words, ARRIVED, 0);
      Atomics.add(words, GENERATION, 1);
      return this.#wake();
    }
    while (true) {
      // In this order: a rank leaves after its last barrier, so whoever has left before this one was passed will not come to it.
      const wake = Atomics.load(words, WAKE), { left } = this;
      if (Atomics.load(words, GENERATION) !== generation) return;
      if (left !== undefined) {
        throw new Error(
          `Rank ${left} has left while others wait for it. All ranks must make the same calls in the same order.`,
        );
      }
      if (Atomics.wait(words, WAKE, wake, timeout) === "timed-out") {
        throw new Error(
          `${this.#size - Atomics.load(words, ARRIVED)} of ${this.#size} ranks did not come within ${timeout} ms. ` +
            "All ranks must make the same calls in the same order; give ranks that differ in speed a longer timeout.",
        );
      }
    }
  }

  /** Tells those who wait that a rank will not come any more. */
  leave(rank: number): void {
    Atomics.compareExchange(this.#words, LEFT, 0, rank + 1);
    this.#wake();
  }

  /** The first rank that has left, if any has. */
  get left(): number | undefined {
    const word = Atomics.load(this.#words, LEFT);
    return word === 0 ? undefined : word - 1;
  }

  /** Makes it as new; no rank may be in it. */
  reset(): void {
    this.#words.fill(0);
  }

  #wake(): void {
    Atomics.add(this.#words, WAKE, 1);
    Atomics.notify(this.#words, WAKE);
  }
}
