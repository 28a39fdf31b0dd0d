/** Beyond these powers of ten, texts are converted by the engine. */
const largest = 150;

/** For e from -150 to 150: 10^e as a float, the upper and the lower half of its bits, and what it is rounded by. */
export const powers = new Float64Array(
  Array.from({ length: 2 * largest + 1 }, (_, i) => powerOfTen(i - largest)).flat(),
);

function powerOfTen(e: number): [power: number, upper: number, lower: number, rest: number] {
  const whole = 10n ** BigInt(Math.abs(e)), power = Number(`1e${e}`), half = upper(power);
  if (e >= 0) return [power, half, power - half, Number(whole - BigInt(power))];
  // power is m / 2^k, so that what is missing to 1 / whole is (2^k - m whole) / (2^k whole).
  const k = 52 - Math.floor(Math.log2(power)), m = BigInt(power * 2 ** k);
  return [power, half, power - half, Number((1n << BigInt(k)) - m * whole) / 2 ** k / Number(whole)];
}

/** 10^e for e from 0 to 9. */
const tens = Float64Array.from({ length: 10 }, (_, e) => 10 ** e);

/**
 * (first * 10^count + rest) * 10^e, rounded to nearest, without a text; NaN if that cannot be told, since it lies in the middle
 * between two floats or as good as there, or is very large or small.
 *
 * @param first The first digits, below 10^9.
 * @param rest Further digits, below 10^count.
 * @param count At most 9.
 */
export function decimal(first: number, rest: number, count: number, e: number): number {
  // A float, since first has 30 bits and 5^count 21; with the rest, a float and what that is rounded by (Dekker 1971).
  const shifted = first * tens[count], high = shifted + rest, low = rest - (high - shifted);
  if (e < -largest || e > largest) return high === 0 ? 0 : NaN;
  const at = 4 * (e + largest), power = powers[at], powerUpper = powers[at + 1], powerLower = powers[at + 2];
  const product = high * power, highUpper = upper(high), highLower = high - highUpper;
  // What the product of floats is rounded by, exactly (Dekker 1971), and the products of what they are rounded by.
  const error = ((highUpper * powerUpper - product) + highUpper * powerLower + highLower * powerUpper) +
    highLower * powerLower;
  const missing = error + (high * powers[at + 3] + low * power);
  const result = product + missing, left = missing - (result - product), bound = result * 2 ** -98;
  return result + (left + bound) === result && result + (left - bound) === result ? result : NaN;
}

/** The upper half of a float's bits (Veltkamp). */
function upper(value: number): number {
  const split = 134217729 * value; // 2^27 + 1
  return split - (split - value);
}
