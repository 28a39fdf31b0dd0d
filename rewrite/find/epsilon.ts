import type { Finding } from "./findings.ts";

/** The smallest number of float16 that is not zero, halved: what is below becomes 0. */
const underflow = 2 ** -25;

/** Half a unit in the last place of float32, of 1. */
const rounding = 2 ** -24;

/**
 * Why an epsilon does not keep the norm from dividing by zero, or by nothing but rounding; undefined if it does.
 *
 * @param largest The largest absolute value that is normalized, if that is known. Numbers of that size are each off by up to 2^-24
 * of it, and so is their mean: where all are the same, what is left is noise of that variance, which an epsilon below it makes as
 * large as a signal.
 */
export function epsilonFault(
  { epsilon, graph, x, centred }: Pick<Finding, "epsilon" | "graph" | "x" | "centred">,
  largest = 0,
): string | undefined {
  if (epsilon === 0) return "it has no epsilon: of what is the same everywhere it gives NaN";
  const { type } = graph.type(x);
  if (type === "float16" && epsilon < underflow) return `its epsilon of ${short(epsilon)} is 0 in float16`;
  return type === "float32" && centred && epsilon < noise(largest)
    ? `its epsilon of ${short(epsilon)} is negligible beside data up to ${
      short(largest)
    }: what is the same everywhere gives noise`
    : undefined;
}

/** The variance that rounding leaves of equal numbers of a size, in float32. */
export function noise(largest: number): number {
  return (rounding * largest) ** 2;
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
