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

/** By how much room for values grows, at least. */
const growth = 1.5;

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
  /** The values of the lowest level, in any order, and room for more behind them. */
  #lowest = new Float64Array(0);
  #filled = 0;
  #isSorted = true;
  /** For each other level its values, sorted. */
  #higher: Float64Array[] = [];

  /** For each level its values, sorted. */
  get levels(): Float64Array[] {
    const lowest = this.#lowest.subarray(0, this.#filled);
    if (!this.#isSorted) lowest.sort(); // once they are asked for, not whenever some come
    this.#isSorted = true;
    return [lowest, ...this.#higher];
  }

  set levels([lowest, ...higher]: Float64Array<ArrayBuffer>[]) {
    this.#lowest = lowest;
    this.#filled = lowest.length;
    this.#isSorted = true;
    this.#higher = higher;
  }

  /** Takes values in, at the lowest level. */
  add(values: Float64Array): void {
    for (let i = 0; i < values.length; i++) {
      if (values[i] < this.minimum) this.minimum = values[i];
      if (values[i] > this.maximum) this.maximum = values[i];
    }
    this.count += values.length;
    this.#append(values);
  }

  /** Takes in what another one has, whose values stay as they are. */
  merge(other: Compactors): void {
    this.count += other.count;
    this.error += other.error;
    this.minimum = Math.min(this.minimum, other.minimum);
    this.maximum = Math.max(this.maximum, other.maximum);
    this.#append(other.#lowest.subarray(0, other.#filled));
    this.#higher = Array.from(
      { length: Math.max(this.#higher.length, other.#higher.length) },
      (_, h) => merged(this.#higher[h] ?? empty, other.#higher[h] ?? empty),
    );
  }

  /** Compacts until there are no more values than the levels may keep, of which the highest keeps k. */
  compress(k: number): void {
    const lengths = () => [this.#filled, ...this.#higher.map(({ length }) => length)];
    for (let now = lengths(), most = capacities(k, now.length); sum(now) > sum(most);) {
      this.#compact(now.findIndex((length, h) => length > most[h]));
      now = lengths();
      most = capacities(k, now.length);
    }
  }

  /** Every value with its weight, in ascending order. */
  sorted(): Weighted[] {
    return this.levels.flatMap((values, h) => Array.from(values, (value) => ({ value, weight: 2 ** h })))
      .sort((a, b) => a.value - b.value);
  }

  #append(values: Float64Array): void {
    const filled = this.#filled + values.length;
    if (filled > this.#lowest.length) {
      const room = new Float64Array(Math.max(filled, Math.ceil(growth * this.#lowest.length)));
      room.set(this.#lowest.subarray(0, this.#filled));
      this.#lowest = room;
    }
    this.#lowest.set(values, this.#filled);
    this.#filled = filled;
    this.#isSorted &&= values.length === 0;
  }

  /** Moves half of a level up. */
  #compact(h: number): void {
    const levels = this.levels, values = levels[h], pairs = values.length >> 1, first = this.#coin(h, values[0]);
    // An odd one out stays: the greatest.
    levels[h] = values.slice(2 * pairs);
    levels[h + 1] = merged(
      levels[h + 1] ?? empty,
      Float64Array.from({ length: pairs }, (_, i) => values[2 * i + first]),
    );
    this.levels = levels as Float64Array<ArrayBuffer>[];
    this.error += 2 ** h;
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

/** How many values each of so many levels may keep. */
function capacities(k: number, levels: number): number[] {
  return Array.from({ length: levels }, (_, h) => Math.max(least, Math.ceil(k * decay ** (levels - 1 - h))));
}

function sum(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

const empty = new Float64Array(0);

/** Two sorted lists as one. */
function merged(a: Float64Array, b: Float64Array): Float64Array {
  const result = new Float64Array(a.length + b.length);
  for (let i = 0, j = 0, at = 0; at < result.length; at++) {
    result[at] = j === b.length || (i < a.length && a[i] <= b[j]) ? a[i++] : b[j++];
  }
  return result;
}
