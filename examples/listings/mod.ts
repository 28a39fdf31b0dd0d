/**
 * Listings of published articles on normalization that are wrong: what they do when taken at their word, in functions of our own, beside
 * what they are meant to do.
 *
 * @module
 */
import { compareBatch } from "./batch.ts";
import type { Comparison } from "./comparison.ts";
import { compareDistributed } from "./distributed.ts";
import { compareKeras } from "./keras.ts";
import { compareStreaming } from "./streaming.ts";
import { compareTorch } from "./torch.ts";
import { compareVariance } from "./variance.ts";

/** Every number by which a listing differs from what is meant, in the order of the articles. */
export function comparisons(): Comparison[] {
  return [
    ...compareBatch(),
    ...compareDistributed(),
    ...compareStreaming(),
    ...compareKeras(),
    ...compareTorch(),
    ...compareVariance(),
  ];
}
