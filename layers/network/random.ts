import { describe } from "../../kernels/tensor.ts";

/**
 * A seeded generator of uniform numbers in [0, 1): the same seed gives the same numbers on every machine. It is Tommy Ettinger's
 * mulberry32 (public domain), with 32 bits of state: good for weights and shuffles, not for cryptography.
 *
 * @param seed Any whole number.
 * @throws {TypeError} If the seed is no whole number.
 *
 * @example
 * ```ts
 * import { random } from "@evenkeel/norm/layers";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(random(7)(), random(7)());
 * ```
 */
export function random(seed: number): () => number {
  checkSeed("random", "seed", seed);
  let state = seed | 0;
  return () => {
    state = (state + step) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** By what the generator's state grows with each number. */
const step = 0x6d2b79f5;

/** The seed with which {@linkcode random} goes on after so many numbers. */
export function drawn(seed: number, count: number): number {
  return (seed + Math.imul(count, step)) | 0;
}

/**
 * A generator of standard normal numbers from one of uniform numbers (Box and Muller 1958).
 *
 * @throws {TypeError} If it is given no generator.
 *
 * @example
 * ```ts
 * import { normal, random } from "@evenkeel/norm/layers";
 *
 * const next = normal(random(1));
 * console.log(next(), next());
 * ```
 */
export function normal(uniform: () => number): () => number {
  checkRandom("normal", uniform);
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** What draws the weights of layers that are given no generator: programs that make the same layers start from the same weights. */
export const shared: () => number = random(0);

/** Throws unless a seed is a whole number. */
export function checkSeed(operation: string, name: string, seed: number): void {
  if (Number.isInteger(seed)) return;
  throw new TypeError(`${operation}: ${name} is ${describe(seed)}; it must be a whole number.`);
}

/** Throws unless what draws numbers is a function. */
export function checkRandom(operation: string, random: () => number): void {
  if (typeof random === "function") return;
  throw new TypeError(
    `${operation}: random is ${
      describe(random)
    }; it must be a function that draws numbers from 0 to 1, as in random(1).`,
  );
}
