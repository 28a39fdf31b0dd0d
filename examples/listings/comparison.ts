/** One number that a listing gets wrong, beside the right one. */
export interface Comparison {
  /** Which listing, by the article's letter in {@linkcode articles} and its number there. */
  listing: string;
  /** What the listing does, taken at its word. */
  literally: string;
  /** Which number it is that differs. */
  number: string;
  /** The number that the listing gives. */
  literal: number;
  /** The number that it is meant to give. */
  right: number;
}

/** The articles that the listings are from. */
export const articles = {
  A: "Limits of layer_norm() in Python, and three ways to optimize it",
  B: "Real-time computation and optimization of the batch-normalization layer",
  C: "Layer normalization explained, with an example",
};
