import { elementTypeOf } from "../element.ts";
import type { Dim, ValueType } from "../value_info.ts";
import type { Call, Rule } from "./call.ts";
import { broadcast } from "./dims.ts";

/** The first output is like the first input. */
export const same: Rule = ({ inputs: [x] }) => [{ type: x?.type, dims: x?.dims }];

/** The first output is like the first input, integers and all. */
const identity: Rule = ({ inputs: [x] }) => [x ?? {}];

/** Up to version 6 the second input is spread over the first one's dims, from an axis on; since then both are, as in numpy. */
const broadcasting: Rule = ({ inputs, opset }) => [{
  type: inputs[0]?.type,
  dims: opset < 7 ? inputs[0]?.dims : broadcast(inputs.map(({ dims }) => dims)),
}];

const comparison: Rule = (call) => [{ ...broadcasting(call)[0], type: "bool" }];

/** An operation that shapes are computed with, too. */
function arithmetic(operation: (a: number, b: number) => number): Rule {
  return (call) => {
    const [result] = broadcasting(call);
    const [{ elements: a }, { elements: b }] = [call.input(0), call.input(1)];
    if (!a || !b || (a.length !== b.length && a.length !== 1 && b.length !== 1)) return [result];
    const length = Math.max(a.length, b.length);
    const elements = Array.from({ length }, (_, i): Dim => {
      const [p, q] = [a[a.length === 1 ? 0 : i], b[b.length === 1 ? 0 : i]];
      return typeof p === "number" && typeof q === "number" ? whole(operation(p, q)) : undefined;
    });
    return [{ ...result, elements }];
  };
}

function negative(call: Call): readonly ValueType[] {
  const { type, dims, elements } = call.input(0);
  return [{ type, dims, elements: elements?.map((element) => typeof element === "number" ? -element : undefined) }];
}

function whole(value: number): Dim {
  return Number.isSafeInteger(value) ? value : undefined;
}

function cast(call: Call): readonly ValueType[] {
  const type = elementTypeOf(call.int("to") ?? 0);
  const { dims, elements } = call.input(0);
  return [{ type, dims, elements: type === "int64" || type === "int32" ? elements : undefined }];
}

/** The type is that of the zero point; an attribute says it since version 21, and bytes without a sign are meant otherwise. */
function quantize(call: Call): readonly ValueType[] {
  const { dims } = call.input(0), said = call.int("output_dtype");
  if (call.has(2)) return [{ type: call.input(2).type, dims }];
  return [{ type: said ? elementTypeOf(said) : "uint8", dims }];
}

function named(names: string, rule: Rule): Record<string, Rule> {
  return Object.fromEntries(names.split(" ").map((name) => [name, rule]));
}

/** Operators that work on each element by itself. */
export const elementwise: Readonly<Record<string, Rule>> = {
  ...named("Abs Acos Acosh Asin Asinh Atan Atanh Ceil Celu Clip Cos Cosh CumSum Elu Erf Exp Floor Gelu", same),
  ...named(
    "HardSigmoid HardSwish Hardmax LeakyRelu Log LogSoftmax Mish Not Reciprocal Relu Round Selu Shrink Trilu",
    same,
  ),
  ...named("Sigmoid Sign Sin Sinh Softmax Softplus Softsign Sqrt Swish Tan Tanh ThresholdedRelu", same),
  ...named("And BitShift BitwiseAnd BitwiseOr BitwiseXor Max Mean Min Mod Or Pow PRelu Sum Xor", broadcasting),
  ...named("Equal Greater GreaterOrEqual Less LessOrEqual", comparison),
  ...named("IsInf IsNaN", ({ inputs: [x] }) => [{ type: "bool", dims: x?.dims }]),
  Add: arithmetic((a, b) => a + b),
  Sub: arithmetic((a, b) => a - b),
  Mul: arithmetic((a, b) => a * b),
  Div: arithmetic((a, b) => Math.trunc(a / b)),
  Cast: cast,
  CastLike: ({ inputs: [x, like] }) => [{ type: like?.type, dims: x?.dims }],
  Dropout: ({ inputs: [x], opset }) => [
    { type: x?.type, dims: x?.dims },
    { type: opset < 10 ? x?.type : "bool", dims: x?.dims },
  ],
  DequantizeLinear: ({ inputs: [x, scale] }) => [{ type: scale?.type, dims: x?.dims }],
  QuantizeLinear: quantize,
  Identity: identity,
  Neg: negative,
  Where: ({ inputs }) => [{ type: inputs[1]?.type, dims: broadcast(inputs.map(({ dims }) => dims)) }],
};
