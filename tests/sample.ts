/** One sample of five features, with mean 3 and variance 2. */
export const sample: readonly number[] = [2, 3, 5, 1, 4];

/** The sample layer-normalized with the default epsilon of 1e-5: (x - 3) / sqrt(2 + 1e-5). */
export const expected: readonly number[] = sample.map((x) => (x - 3) / Math.sqrt(2 + 1e-5));
