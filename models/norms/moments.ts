import type { Form } from "../form.ts";
import type { SymbolicTensor } from "../symbolic_tensor.ts";

/** The mean and the variance about it, and what is left of x without the mean; reduced axes have size 1. */
export interface Moments {
  /** x less its mean. */
  readonly deviation: SymbolicTensor;
  /** The population variance. */
  readonly variance: SymbolicTensor;
  /** Adds the mean to the graph. A normalization can do without. */
  mean(): SymbolicTensor;
}

/**
 * The moments along axes, in two passes over x: the mean first, the variance from the deviations.
 *
 * The robust form subtracts x's first element before anything else (Chan, Golub and LeVeque 1983: the variance does not depend
 * on the origin, and an origin among the data is at most sqrt(n) deviations from the mean). For numbers within a factor of two
 * of each other, which those far from zero are, that difference is exact (Sterbenz 1974), and no sum is of large numbers.
 */
export function moments(x: SymbolicTensor, axes: readonly number[], form: Form): Moments {
  const origin = form === "robust" ? x.first(axes) : undefined;
  const shifted = origin ? x.minus(origin) : x;
  const mean = meanOf(shifted, axes, form);
  const deviation = shifted.minus(mean);
  const variance = meanOf(deviation.times(deviation), axes, form);
  return { deviation, variance, mean: () => origin ? mean.plus(origin) : mean };
}

/** The mean of the squares along axes: the variance about zero. */
export function meanSquare(x: SymbolicTensor, axes: readonly number[], form: Form): SymbolicTensor {
  return meanOf(x.times(x), axes, form);
}

/**
 * The mean along axes. The robust form takes one axis after another: the mean of means of as many numbers each is the mean of
 * all, and the rounding of a sum, which onnxruntime's WASM takes one number after the other, grows with its length. It is no
 * slower: sums across rows are sums of whole vectors.
 */
function meanOf(x: SymbolicTensor, axes: readonly number[], form: Form): SymbolicTensor {
  if (form !== "robust") return x.reduce("ReduceMean", axes);
  return axes.reduce((mean, axis) => mean.reduce("ReduceMean", [axis]), x);
}
