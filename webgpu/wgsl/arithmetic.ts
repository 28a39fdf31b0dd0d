import type { Activation } from "../../kernels/activation.ts";
import type { Measure } from "../../kernels/engines/measure.ts";

/** The WGSL type of so many numbers. */
export function vector(width: 1 | 4): "f32" | "vec4f" {
  return width === 4 ? "vec4f" : "f32";
}

/** The sum of the elements of an expression. */
export function total(width: 1 | 4, value: string): string {
  return width === 4 ? `dot(${value}, vec4f(1.0))` : value;
}

/**
 * `fence(v)`: v, in a way that compilers cannot see through where `fenced`. Those that rearrange float32 arithmetic may turn (x - k) -
 * rest into x - (k + rest), or a mean of differences into a difference of means, which loses what the pair k + rest is there for.
 */
export function fence(width: 1 | 4, fenced: boolean): string {
  const type = vector(width), bits = width === 4 ? "vec4u" : "u32";
  const value = fenced ? `bitcast<${type}>(bitcast<${bits}>(v) ^ ${bits}(u.zero))` : "v";
  return `fn fence(v: ${type}) -> ${type} { return ${value}; }`;
}

/** `inverseOf(v)`: one over what a measure divides by, and `derivativeOf(r, v)`: its derivative, as in kernels/engines/measure.ts. */
export function divisor({ outside }: Measure): string {
  const derivative = outside === 0
    ? "-0.5 * u.factor * r * r * r"
    : "select(-(r * r) / (2.0 * sqrt(v)), 0.0, v == 0.0)";
  return `
fn inverseOf(v: f32) -> f32 {
  let d = sqrt(u.factor * v + u.inside) + u.outside;
  return select(1.0 / d, u.ofNothing, d == 0.0);
}
fn derivativeOf(r: f32, v: f32) -> f32 { return ${derivative}; }`;
}

/** The uniforms of a measure. */
export function realsOf({ factor, inside, outside, ofNothing }: Measure): Record<string, number> {
  return { factor, inside, outside, ofNothing };
}

/** `valueOf(x, q)`: what is divided, z = x - mean or x, and `deviationOf(x, q)`: what the variance is of. q is (k, rest, r, v). */
export function centers(width: 1 | 4, { subtractMean, aboutZero }: Measure): string {
  const type = vector(width), centered = "fence(x - q.x) - q.y";
  return `
fn valueOf(x: ${type}, q: vec4f) -> ${type} { return ${subtractMean ? centered : "x"}; }
fn deviationOf(x: ${type}, q: vec4f) -> ${type} { return ${aboutZero ? "x" : centered}; }`;
}

/**
 * `activate(z)`, and `throughActivation(g, z)`, the gradient g times its derivative; an infinite g ends where relu is off. The normal distribution P is exp(-z^2/2) q(t) left of 0, with t = 1 / (1 + 0.35 |z|) and the
 * polynomial of the SIMD kernels, to 3e-7 of itself.
 */
export function activation(width: 1 | 4, kind: Activation | undefined): string {
  if (kind === undefined) return "";
  const type = vector(width);
  const { value, slope } = {
    relu: {
      value: `select(z, ${type}(0.0), z < ${type}(0.0))`,
      slope: `select(${type}(0.0), ${type}(1.0), z > ${type}(0.0))`,
    },
    gelu: {
      value: "z * normal(z)",
      slope: "normal(z) + z * 0.3989422804 * exp(-0.5 * z * z)",
    },
    silu: { value: "z * logistic(z)", slope: "logistic(z) * (1.0 + z * logistic(-z))" },
  }[kind];
  const helpers = {
    relu: "",
    gelu: `
fn normal(z: ${type}) -> ${type} {
  let t = 1.0 / (1.0 + 0.35 * abs(z));
  var q = ${type}(${NORMAL[0]});
  ${NORMAL.slice(1).map((c) => `q = q * t + ${c};`).join(" ")}
  let tail = q * exp(-0.5 * z * z);
  return select(tail, 1.0 - tail, z > ${type}(0.0));
}`,
    silu: `fn logistic(z: ${type}) -> ${type} { return 1.0 / (1.0 + exp(min(-z, ${type}(88.0)))); }`,
  }[kind];
  return `${helpers}
fn activate(z: ${type}) -> ${type} { return ${value}; }
fn throughActivation(g: ${type}, z: ${type}) -> ${type} {
  let slope = ${slope};
  return select(g * slope, ${type}(0.0), slope == ${type}(0.0));
}`;
}

const NORMAL = [
  0.048942599445581436,
  -0.20211990177631378,
  0.24064181745052338,
  -0.017024291679263115,
  0.15596190094947815,
  0.13335499167442322,
  0.14027035236358643,
  -2.731634049268905e-5,
];
