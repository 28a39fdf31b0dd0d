/** Counts by whole number: a hash table with linear probing, several times faster than a Map of numbers. */
export class BucketCounts {
  #keys = new Int32Array(64);
  /** The count of the key in the same place; 0 where there is none. */
  #counts = new Float64Array(64);
  #size = 0;

  /** How many keys have a count. */
  get size(): number {
    return this.#size;
  }

  /** Adds to the count of a key, a number of 32 bits. */
  add(key: number, count: number): void {
    const at = this.#find(key);
    if (this.#counts[at] === 0) {
      this.#keys[at] = key;
      this.#size++;
    }
    this.#counts[at] += count;
    if (2 * this.#size > this.#keys.length) this.#grow();
  }

  /** Each key with its count, by ascending keys. */
  entries(): [key: number, count: number][] {
    const places = [...this.#counts.keys()].filter((at) => this.#counts[at] > 0);
    return places.map((at): [number, number] => [this.#keys[at], this.#counts[at]]).sort(([a], [b]) => a - b);
  }

  /** Where a key is, or would be. */
  #find(key: number): number {
    const keys = this.#keys, counts = this.#counts, mask = keys.length - 1;
    // Fibonacci hashing (Knuth, volume 3): neighbours end far apart.
    let at = (Math.imul(key, 0x9e3779b1) >>> 12) & mask;
    while (counts[at] !== 0 && keys[at] !== key) at = (at + 1) & mask;
    return at;
  }

  #grow(): void {
    const entries = this.entries(), length = 2 * this.#keys.length;
    this.#keys = new Int32Array(length);
    this.#counts = new Float64Array(length);
    this.#size = 0;
    for (const [key, count] of entries) this.add(key, count);
  }
}
