/** The largest power of ten of the table. */
const largest: i32 = 150;

/** For e from -150 to 150, as decimal.ts makes them: 10^e, the upper and the lower half of its bits, and what it is rounded by. */
export const powers: usize = memory.data((2 * 150 + 1) * 4 * 8, 8);

/** whole * 10^e, rounded to nearest; NaN if that cannot be told. What happens here is said in decimal.ts. */
export function decimal(whole: i64, e: i32): f64 {
  const high = <f64> whole, low = <f64> (whole - <i64> high);
  if (e < -largest || e > largest) return whole == 0 ? 0 : NaN;
  const at = powers + (<usize> (e + largest) << 5);
  const power = load<f64>(at), powerUpper = load<f64>(at, 8), powerLower = load<f64>(at, 16), rest = load<f64>(at, 24);
  const split = 134217729.0 * high, highUpper = split - (split - high), highLower = high - highUpper;
  const product = high * power;
  const error = ((highUpper * powerUpper - product) + highUpper * powerLower + highLower * powerUpper) +
    highLower * powerLower;
  const missing = error + (high * rest + low * power);
  const result = product + missing, left = missing - (result - product), bound = result * 3.1554436208840472e-30; // 2^-98
  return result + (left + bound) == result && result + (left - bound) == result ? result : NaN;
}
