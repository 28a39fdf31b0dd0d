/** Moments of columns of numbers by their definitions, in float64 with compensated sums (Neumaier 1974). NaN is missing. */
export interface PlainMoments {
  readonly count: number;
  readonly mean: number;
  readonly deviation: number;
  readonly minimum: number;
  readonly maximum: number;
}

/** The moments of the values that are not missing. */
export function plainMoments(values: readonly number[]): PlainMoments {
  const present = values.filter((value) => !Number.isNaN(value)), count = present.length;
  const mean = sum(present) / count;
  const variance = sum(present.map((value) => (value - mean) ** 2)) / count;
  return {
    count,
    mean,
    deviation: Math.sqrt(variance),
    minimum: present.reduce((a, b) => Math.min(a, b)),
    maximum: present.reduce((a, b) => Math.max(a, b)),
  };
}

function sum(values: readonly number[]): number {
  let total = 0, lost = 0;
  for (const value of values) {
    const next = total + value;
    lost += Math.abs(total) >= Math.abs(value) ? total - next + value : value - next + total;
    total = next;
  }
  return total + lost;
}
