import { number, type Poly, power, product, sum } from "./algebra.ts";
import { axesKey } from "./axes.ts";
import type { Call } from "./call.ts";
import { countAlong, meanOver, reducedAxes } from "./means.ts";

/**
 * What an operator makes of its inputs, all of them polynomials over one root. `poly` gives an input's; the result is
 * undefined where the operator makes something of another kind.
 */
export type Rule = (call: Call, poly: (index: number) => Poly | undefined) => Poly | undefined;

type Binary = (a: Poly, b: Poly) => Poly | undefined;

/** Before version 7 of the operator set, attributes said along which axis to broadcast. */
const binary = (f: Binary): Rule => (call, poly) => {
  const a = poly(0), b = poly(1);
  return a && b && call.node.attribute.length === 0 ? f(a, b) : undefined;
};

const unary = (f: (a: Poly) => Poly | undefined): Rule => (_, poly) => {
  const a = poly(0);
  return a && f(a);
};

const quotient: Binary = (a, b) => {
  const inverse = power(b, -1);
  return inverse && product(a, inverse);
};

const same: Rule = unary((a) => a);

const reduceSum = (before: number, after: number): Rule => (call, poly) => {
  const a = poly(0), axes = reducedAxes(call), n = countAlong(call, axes);
  const raised = a && power(a, before), found = raised && meanOver(axes, raised);
  const total = found && n !== undefined ? product(found, number(n)) : undefined;
  return total && power(total, after);
};

/** The axes behind the channels, as a key. */
export function spatialAxes(rank: number): string | undefined {
  return axesKey(Array.from({ length: rank - 2 }, (_, i) => i + 2), rank);
}

/** Whether a node is a Dropout that does nothing: at inference, since version 7 of the operator set. */
export function dropsNothing(call: Call): boolean {
  return (call.graph.opset() ?? 0) >= 7 && (call.input(2) === "" || call.number(2) === 0);
}

/** The numbers of ONNX's types that a Cast may go to: float32, float16, float64 and bfloat16. */
const reals = [1, 10, 11, 16];

/** Operators that work on each element by itself, and so on means whose axes are gone. */
export const elementwise: ReadonlySet<string> = new Set(
  "Identity Dropout Cast Neg Add Sub Mul Div Reciprocal Sqrt Pow".split(" "),
);

/** ONNX's own operators by name; what is not here gives a value of which nothing is known but its name. */
export const rules: Readonly<Record<string, Rule>> = {
  Identity: same,
  Dropout: (call, poly) => dropsNothing(call) ? poly(0) : undefined,
  Cast: (call, poly) => reals.includes(call.float("to", 0)) ? poly(0) : undefined,
  Neg: unary((a) => product(a, number(-1))),
  Add: binary(sum),
  Sub: binary((a, b) => sum(a, b, -1)),
  Mul: binary(product),
  Div: binary(quotient),
  Reciprocal: unary((a) => power(a, -1)),
  Sqrt: unary((a) => power(a, 0.5)),
  Pow: (call, poly) => {
    const a = poly(0), exponent = call.number(1);
    return a && exponent !== undefined ? power(a, exponent) : undefined;
  },
  ReduceMean: (call, poly) => meanOver(reducedAxes(call), poly(0)),
  ReduceSum: reduceSum(1, 1),
  ReduceSumSquare: reduceSum(2, 1),
  ReduceL2: reduceSum(2, 0.5),
  GlobalAveragePool: (call, poly) => {
    const rank = call.dims()?.length;
    return rank === undefined || rank < 3 ? undefined : meanOver(spatialAxes(rank), poly(0));
  },
};
