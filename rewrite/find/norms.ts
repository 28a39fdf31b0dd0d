import { isOfRoot, type Poly, type Power, type Term } from "./algebra.ts";

/** A polynomial that is a normalization of its root. */
export interface Norm {
  /** Whether the mean is subtracted: layer, instance and group norm; if not, it is an RMS norm. */
  readonly centred: boolean;
  /** The axes of the statistics, as a key; see axes.ts. */
  readonly axes: string;
  /** What is added to the mean square; 0 if nothing is. */
  readonly epsilon: number;
  /** Added to the deviation instead. */
  readonly epsilonOutside: number;
  /** A number that scale is multiplied with, such as -1 where x is subtracted from its mean. */
  readonly gain: number;
  /** Constant tensors whose product is the scale, and sums of such products for the bias. */
  readonly scale: readonly Power[];
  readonly bias: Poly;
}

const isClose = (a: number, b: number) => Math.abs(a - b) <= 1e-6 * Math.abs(b);

function coefficientOf(poly: Poly, key: string): number {
  return poly.find((one) => one.key === key)?.coefficient ?? 0;
}

/** The norm that a polynomial is, or undefined if it is none. */
export function normOf(poly: Poly): Norm | undefined {
  const varying = poly.filter(({ powers }) => powers.some(({ factor }) => isOfRoot(factor)));
  const bias = poly.filter((term) => !varying.includes(term));
  const terms = varying.map(split);
  const x = terms.filter((term) => term?.what === "x"), means = terms.filter((term) => term && term.what !== "x");
  const [first] = x, [mean] = means;
  if (bias.some(({ powers }) => powers.some(({ factor }) => factor.kind !== "tensor"))) return undefined;
  if (x.length !== 1 || means.length > 1 || x.length + means.length < terms.length || !first) return undefined;
  const centred = mean !== undefined;
  if (
    mean &&
    (mean.base.key !== first.base.key || mean.scaleKey !== first.scaleKey ||
      !isClose(-mean.coefficient, first.coefficient))
  ) {
    return undefined;
  }
  const spread = spreadOf(first.base, first.exponent);
  if (!spread || spread.centred !== centred || (mean && mean.what !== `mean[${spread.axes}](x^1)`)) return undefined;
  const { axes, factor, epsilon, epsilonOutside } = spread;
  return {
    centred,
    axes,
    epsilon,
    epsilonOutside,
    gain: first.coefficient / Math.sqrt(factor),
    scale: first.scale,
    bias,
  };
}

/** A term as one of x or its mean, over a deviation, times constants. */
function split({ powers, coefficient }: Term) {
  const scale = powers.filter(({ factor }) => factor.kind === "tensor");
  const [base] = powers.filter(({ factor }) => factor.kind === "base");
  const [what] = powers.filter(({ factor }) => factor.kind === "root" || factor.kind === "mean");
  if (powers.length !== scale.length + 2 || base?.factor.kind !== "base" || what?.exponent !== 1) return undefined;
  const scaleKey = scale.map(({ factor, exponent }) => `${factor.key}^${exponent}`).join();
  return { what: what.factor.key, coefficient, base: base.factor, exponent: base.exponent, scale, scaleKey };
}

/** The inverse of a deviation: 1 / (sqrt(factor) * (sqrt(mean square + epsilon) + epsilonOutside)). */
interface Spread {
  readonly centred: boolean;
  readonly axes: string;
  readonly factor: number;
  readonly epsilon: number;
  readonly epsilonOutside: number;
}

/** A base under its exponent as the inverse of a deviation. */
function spreadOf({ of }: { readonly of: Poly }, exponent: number): Spread | undefined {
  if (exponent === -1) {
    // 1 / (deviation + epsilon)
    const inner = of.find(({ powers }) => powers.length > 0), epsilonOutside = coefficientOf(of, "");
    const [power] = inner?.powers ?? [];
    if (of.length !== 2 || inner?.powers.length !== 1 || power.factor.kind !== "base" || power.exponent !== 0.5) {
      return undefined;
    }
    const spread = spreadOf(power.factor, -0.5);
    if (!spread || inner.coefficient <= 0) return undefined;
    const factor = spread.factor * inner.coefficient ** 2;
    return { ...spread, factor, epsilonOutside: epsilonOutside / Math.sqrt(factor) };
  }
  if (exponent !== -0.5) return undefined;
  const square = of.find(({ powers }) => powers.length === 1 && powers[0].exponent === 1 && isMeanSquare(powers[0]));
  const meanSquare = square?.powers[0].factor;
  if (meanSquare?.kind !== "mean") return undefined;
  const { axes } = meanSquare, factor = square!.coefficient;
  const centre = coefficientOf(of, `mean[${axes}](x^1)^2`), epsilon = coefficientOf(of, "") / factor;
  const known = 1 + Number(centre !== 0) + Number(epsilon !== 0);
  if (of.length !== known || factor <= 0 || (centre !== 0 && !isClose(-centre, factor))) return undefined;
  return { centred: centre !== 0, axes, factor, epsilon, epsilonOutside: 0 };
}

function isMeanSquare({ factor }: Power): boolean {
  return factor.kind === "mean" && factor.of.key === "x^2";
}
