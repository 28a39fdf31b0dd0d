/**
 * Polynomials that say what a value is, in terms of one other value x, its root: sums of terms, each a number times powers of
 * factors. Factors are x itself, means over some axes, constant tensors, and polynomials under a power that does not multiply
 * out, such as a square root. Two values with one polynomial are the same in real numbers, however they were spelled.
 */
export type Factor =
  | { readonly kind: "root"; readonly key: "x" }
  | { readonly kind: "tensor"; readonly key: string; readonly tensor: Placed }
  | { readonly kind: "mean"; readonly key: string; readonly of: Term; readonly axes: string }
  | { readonly kind: "base"; readonly key: string; readonly of: Poly };

/** A constant as it is laid along x: dims count from the end, as ONNX broadcasts. */
export interface Placed {
  readonly dims: readonly number[];
  /** Its elements, row-major; read when they are needed. */
  readonly values: () => ArrayLike<number>;
}

/** A factor under a power. */
export interface Power {
  readonly factor: Factor;
  readonly exponent: number;
}

/** A number times powers of factors, which are in the order of their keys. */
export interface Term {
  readonly key: string;
  readonly coefficient: number;
  readonly powers: readonly Power[];
}

/** A sum of terms, in the order of their keys. */
export type Poly = readonly Term[];

/** More terms or longer keys than any normalization has: what grows beyond is not worth reading. */
const mostTerms = 8, longestKey = 2000;

function term(coefficient: number, powers: readonly Power[]): Term {
  const found = powers.filter(({ exponent }) => exponent !== 0)
    .sort((a, b) => a.factor.key < b.factor.key ? -1 : a.factor.key > b.factor.key ? 1 : 0);
  return {
    coefficient,
    powers: found,
    key: found.map(({ factor, exponent }) => `${factor.key}^${exponent}`).join("·"),
  };
}

/** What two polynomials share if they are the same. */
export function keyOf(poly: Poly): string {
  return poly.map(({ coefficient, key }) => `${coefficient}·${key}`).join(" + ");
}

/** x itself. */
export const root: Poly = [term(1, [{ factor: { kind: "root", key: "x" }, exponent: 1 }])];

/** A number. */
export function number(value: number): Poly {
  return value === 0 ? [] : [term(value, [])];
}

/** A constant tensor; one key stands for one tensor. */
export function tensor(key: string, tensor: Placed): Poly {
  return [term(1, [{ factor: { kind: "tensor", key: `<${key}>`, tensor }, exponent: 1 }])];
}

/** The polynomial, unless it has grown too large to be one of a normalization. */
function checked(poly: Poly): Poly | undefined {
  const readable = poly.length <= mostTerms &&
    poly.every(({ key, coefficient }) => key.length <= longestKey && Number.isFinite(coefficient));
  return readable ? poly : undefined;
}

function collect(terms: Iterable<Term>): Poly {
  const found = new Map<string, Term>();
  for (const one of terms) {
    const same = found.get(one.key);
    found.set(one.key, same ? { ...one, coefficient: same.coefficient + one.coefficient } : one);
  }
  return [...found.values()].filter(({ coefficient }) => coefficient !== 0)
    .sort((a, b) => a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
}

/** a + sign b. */
export function sum(a: Poly, b: Poly, sign = 1): Poly | undefined {
  return checked(collect([...a, ...b.map((one) => ({ ...one, coefficient: sign * one.coefficient }))]));
}

/** a b. */
export function product(a: Poly, b: Poly): Poly | undefined {
  if (a.length * b.length > 4 * mostTerms) return undefined;
  return checked(collect(a.flatMap((one) => b.map((other) => times(one, other)))));
}

function times(a: Term, b: Term): Term {
  const exponents = new Map<string, Power>();
  for (const { factor, exponent } of [...a.powers, ...b.powers]) {
    exponents.set(factor.key, { factor, exponent: exponent + (exponents.get(factor.key)?.exponent ?? 0) });
  }
  return term(a.coefficient * b.coefficient, [...exponents.values()]);
}

/** A power: multiplied out where it can be, else as a factor of its own. */
export function power(poly: Poly, exponent: number): Poly | undefined {
  if (exponent === 1) return poly;
  if (poly.length === 0) return exponent > 0 ? [] : undefined;
  if (Number.isInteger(exponent) && exponent > 1 && exponent <= 4) {
    const rest = power(poly, exponent - 1);
    return rest && product(poly, rest);
  }
  if (poly.length === 1 && distributes(poly[0], exponent)) {
    const [{ coefficient, powers }] = poly;
    const raised = powers.map((one) => ({ ...one, exponent: one.exponent * exponent }));
    return checked([term(coefficient ** exponent, raised)]);
  }
  const key = `(${keyOf(poly)})`;
  return checked([term(1, [{ factor: { kind: "base", key, of: poly }, exponent }])]);
}

/** Whether a power of a product is the product of powers: the square root of x² is not x, but that of a root is. */
function distributes({ coefficient, powers }: Term, exponent: number): boolean {
  return Number.isInteger(exponent) || (coefficient > 0 && powers.every(({ factor }) => factor.kind === "base"));
}

/** The mean over some axes, from which goes what does not vary along them. */
export function mean(poly: Poly, axes: string, isFlat: (factor: Factor) => boolean): Poly | undefined {
  const terms = poly.map(({ coefficient, powers }) => {
    const flat = powers.filter(({ factor }) => isFlat(factor)),
      varying = powers.filter(({ factor }) => !isFlat(factor));
    if (varying.length === 0) return term(coefficient, flat);
    const of = term(1, varying);
    const factor: Factor = { kind: "mean", key: `mean[${axes}](${of.key})`, of, axes };
    return term(coefficient, [...flat, { factor, exponent: 1 }].reduce<Power[]>(mergePower, []));
  });
  return checked(collect(terms));
}

function mergePower(powers: Power[], { factor, exponent }: Power): Power[] {
  const at = powers.findIndex((one) => one.factor.key === factor.key);
  if (at < 0) return [...powers, { factor, exponent }];
  return powers.with(at, { factor, exponent: powers[at].exponent + exponent });
}

/** Whether a factor is made of x at all, rather than of constants. */
export function isOfRoot(factor: Factor): boolean {
  switch (factor.kind) {
    case "root":
      return true;
    case "tensor":
      return false;
    case "mean":
      return factor.of.powers.some((one) => isOfRoot(one.factor));
    case "base":
      return factor.of.some(({ powers }) => powers.some((one) => isOfRoot(one.factor)));
  }
}
