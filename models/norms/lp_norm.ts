import { OptionNames } from "../../kernels/option_names.ts";
import { axisOf, checkForm, checkSymbolic } from "../check.ts";
import type { Form } from "../form.ts";
import { type SymbolicTensor, widened } from "../symbolic_tensor.ts";

/** Options of {@linkcode lpNorm}. */
export interface LpNormOptions {
  /** The axis along which the vectors lie, the last one by default; negative ones count from the back. */
  axis?: number;
  /** The order of the norm, 1 or 2. Default: 2. */
  p?: 1 | 2;
  /** How it is written. Default: `"fused"`. */
  form?: Form;
}

const lpNormOptions = new OptionNames<LpNormOptions>({ axis: true, p: true, form: true });

/**
 * Lp normalization, as ONNX LpNormalization: each vector along `axis` over its norm, the sum of absolutes for p = 1 and the
 * length for p = 2. Zero vectors stay zero.
 *
 * The default is the fused form: nothing is subtracted, it is right on both backends (3e-6 of the result at most), and on WASM it
 * takes two thirds of the decomposed form's time. Robust is decomposed here.
 *
 * @param x A tensor of rank 1 or more.
 * @returns y, of x's type and dims, in x's graph.
 * @throws {TypeError | RangeError} If an argument does not fit.
 *
 * @example
 * ```ts
 * import { lpNorm, modelOf } from "@evenkeel/norm/models";
 * import { run } from "@evenkeel/norm/onnx";
 * import { tensor } from "@evenkeel/norm";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const model = modelOf((x) => lpNorm(x), { x: ["N", 2] });
 * const { y } = await run(model, { x: tensor(new Float32Array([3, -4]), [1, 2]) });
 * assertAlmostEquals(Number(y.data[1]), -0.8, 1e-6);
 * ```
 */
export function lpNorm(x: SymbolicTensor, options: LpNormOptions = {}): SymbolicTensor {
  lpNormOptions.check("lpNorm", options);
  const operation = "lpNorm", { axis = -1, p = 2, form = "fused" } = options;
  checkSymbolic(operation, "x", x, 1);
  checkForm(operation, form);
  if (p !== 1 && p !== 2) throw new RangeError(`${operation}: p is ${String(p)}; it must be 1 or 2.`);
  const along = axisOf(operation, axis, x), wide = widened(x);
  if (form === "fused") {
    return wide.op("LpNormalization", [], { axis: BigInt(along), p: BigInt(p) }).cast(x.type);
  }
  const norm = wide.reduce(p === 1 ? "ReduceL1" : "ReduceL2", [along]);
  return wide.over(unlessZero(norm)).cast(x.type);
}

/** The norm of vectors that have one, and 1 for zero vectors, which stay zero. */
function unlessZero(norm: SymbolicTensor): SymbolicTensor {
  const isZero = norm.op("Equal", [norm.scalar(0)]);
  return norm.of(norm.graph.op("Where", [isZero.value, norm.scalar(1), norm.value]));
}
