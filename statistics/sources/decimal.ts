/** A number as a sum of two floats, of which the second is no more than what the first is rounded by. */
type DoubleDouble = readonly [high: number, low: number];

/** Beyond these powers of ten, texts are converted by the engine. */
const largest = 150;

/** 10^e for e from -150 to 150, to 106 bits. */
const powers: readonly DoubleDouble[] = Array.from({ length: 2 * largest + 1 }, (_, i) => powerOfTen(i - largest));

function powerOfTen(e: number): DoubleDouble {
  const whole = 10n ** BigInt(Math.abs(e)), high = Number(`1e${e}`);
  if (e >= 0) return [high, Number(whole - BigInt(high))];
  // high is m / 2^k, so that what is missing to 1 / whole is (2^k - m whole) / (2^k whole).
  const k = 52 - Math.floor(Math.log2(high)), m = BigInt(high * 2 ** k);
  return [high, Number((1n << BigInt(k)) - m * whole) / 2 ** k / Number(whole)];
}

/**
 * (first * 10^count + rest) * 10^e, rounded to nearest, without a text; NaN if that cannot be told, since it lies in the middle
 * between two floats or as good as there, or is very large or small.
 *
 * @param first The first digits, below 10^9.
 * @param rest Further digits, below 10^count; where there are any, first has nine.
 * @param count At most 9.
 */
export function decimal(first: number, rest: number, count: number, e: number): number {
  const shifted = first * exact[count], high = shifted + rest;
  if (count <= 6 && e >= -22 && e <= 22) return e < 0 ? high / exact[-e] : high * exact[e]; // all exact: Clinger 1990
  if (first === 0) return 0;
  if (e < -largest || e > largest) return NaN;
  // The digits, as a float and what it is rounded by (Dekker 1971).
  const low = (rest - (high - shifted)) + productError(first, exact[count], shifted);
  const [power, powerLow] = powers[e + largest], product = high * power;
  const missing = productError(high, power, product) + (high * powerLow + low * power);
  const result = product + missing, left = missing - (result - product), bound = result * 2 ** -98;
  return result + (left + bound) === result && result + (left - bound) === result ? result : NaN;
}

const exact = Array.from({ length: 23 }, (_, e) => 10 ** e);

/** What a product of two floats is rounded by, exactly. */
function productError(a: number, b: number, product: number): number {
  const aHigh = upper(a), bHigh = upper(b), aLow = a - aHigh, bLow = b - bHigh;
  return ((aHigh * bHigh - product) + aHigh * bLow + aLow * bHigh) + aLow * bLow;
}

/** The upper half of a float's bits (Veltkamp). */
function upper(value: number): number {
  const split = 134217729 * value; // 2^27 + 1
  return split - (split - value);
}
