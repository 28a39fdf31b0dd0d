/** The density of the standard normal distribution. The square of a float32 is exact, so that the exponent of a large z keeps its last digits. */
export function normalPdf(z: number): number {
  if (Math.abs(z) > 40) return 0;
  const h = Math.fround(z);
  return Math.exp(-h * h / 2) * Math.exp(-(z - h) * (z + h) / 2) / Math.sqrt(2 * Math.PI);
}

/**
 * The standard normal distribution function, (1 + erf(z / sqrt(2))) / 2, to a few units in the last place far into the left
 * tail: there by Laplace's continued fraction, elsewhere by the series whose terms all have one sign (Marsaglia 2004,
 * "Evaluating the Normal Distribution").
 */
export function normalCdf(z: number): number {
  if (z > 1) return 1 - normalCdf(-z);
  if (z < -1) {
    let tail = -z;
    for (let k = Math.ceil(20 + 400 / (z * z)); k > 0; k--) tail = k / tail - z;
    return normalPdf(z) / tail;
  }
  let sum = z;
  for (let k = 3, term = z; Math.abs(term) > 1e-17 * Math.abs(sum); k += 2) sum += term *= z * z / k;
  return 0.5 + normalPdf(z) * sum;
}
