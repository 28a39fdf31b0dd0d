/** A value of a sketch, and how many values of the data it stands for. */
export interface Weighted {
  /** The value. */
  readonly value: number;
  /** How many there are. */
  readonly weight: number;
}

/** Levels keep at least so many values. */
const least = 8;

/** How much smaller each level is than the one above it. */
const decay = 2 / 3;

const bits = new Uint32Array(2), double = new Float64Array(bits.buffer);

/**
 * The values of one feature in levels: one at level h stands for 2^h. When all are full, the lowest level that has too many is
 * compacted: every second of its sorted values, the even or the odd ones, goes up, and the others are dropped. That moves the rank
 * of any value by 2^h at most, and on average not at all.
 *
 * What decides between even and odd follows from the values and their number, so that the same data gives the same sketch.
 */
export class Compactors {
  /** How many values there were. */
  count = 0;
  /** By how much ranks may be off at most: the sum of what compactions moved. */
  error = 0;
  /** The least of all values. */
  minimum = Infinity;
  /** The greatest of all values. */
  maximum = -Infinity;
  /** For each level its values, sorted. */
  levels: Float64Array[] = [new Float64Array(0)];

  /** Takes sorted values in at the lowest level. */
  add(sorted: Float64Array): void {
    if (sorted.length === 0) return;
    this.count += sorted.length;
    this.minimum = Math.min(this.minimum, sorted[0]);
    this.maximum = Math.max(this.maximum, sorted[sorted.length - 1]);
    this.levels[0] = merged(this.levels[0], sorted);
  }

  /** Takes in what another one has, whose values stay as they are. */
  merge(other: Compactors): void {
    this.count += other.count;
    this.error += other.error;
    this.minimum = Math.min(this.minimum, other.minimum);
    this.maximum = Math.max(this.maximum, other.maximum);
    this.levels = Array.from(
      { length: Math.max(this.levels.length, other.levels.length) },
      (_, h) => merged(this.levels[h] ?? empty, other.levels[h] ?? empty),
    );
  }

  /** Compacts until there are no more values than the levels may keep, of which the highest keeps k. */
  compress(k: number): void {
    let size = this.levels.reduce((sum, { length }) => sum + length, 0);
    while (size > this.#capacities(k).reduce((sum, capacity) => sum + capacity, 0)) {
      const capacities = this.#capacities(k), h = this.levels.findIndex(({ length }, h) => length > capacities[h]);
      size -= this.#compact(h);
    }
  }

  /** Every value with its weight, in ascending order. */
  sorted(): Weighted[] {
    return this.levels.flatMap((values, h) => Array.from(values, (value) => ({ value, weight: 2 ** h })))
      .sort((a, b) => a.value - b.value);
  }

  #capacities(k: number): number[] {
    const highest = this.levels.length - 1;
    return this.levels.map((_, h) => Math.max(least, Math.ceil(k * decay ** (highest - h))));
  }

  /** Moves half of a level up; returns how many values are dropped. */
  #compact(h: number): number {
    const values = this.levels[h], pairs = values.length >> 1, first = this.#coin(h, values[0]);
    // An odd one out stays: the greatest.
    this.levels[h] = values.slice(2 * pairs);
    this.levels[h + 1] = merged(
      this.levels[h + 1] ?? empty,
      Float64Array.from({ length: pairs }, (_, i) => values[2 * i + first]),
    );
    this.error += 2 ** h;
    return pairs;
  }

  /** 0 or 1: a hash (murmur3's last step) of where this compaction is. */
  #coin(h: number, value: number): number {
    double[0] = value;
    let hash = bits[0] ^ Math.imul(bits[1], 0x9e3779b1) ^ Math.imul(this.count, 0x85ebca6b) ^
      Math.imul(h + 1, 0xc2b2ae35);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return (hash >>> 16) & 1;
  }
}

const empty = new Float64Array(0);

/** Two sorted lists as one. */
function merged(a: Float64Array, b: Float64Array): Float64Array {
  if (a.length === 0) return b.slice();
  const result = new Float64Array(a.length + b.length);
  for (let i = 0, j = 0, at = 0; at < result.length; at++) {
    result[at] = j === b.length || (i < a.length && a[i] <= b[j]) ? a[i++] : b[j++];
  }
  return result;
}
