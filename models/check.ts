import { checkWord } from "../kernels/check.ts";
import type { Dim } from "../onnx/mod.ts";
import type { Form } from "./form.ts";
import { SymbolicTensor } from "./symbolic_tensor.ts";

/** Dims for a message, as `[N, 768]`; `?` is a size that is not known. */
export function show(dims: readonly Dim[]): string {
  return `[${dims.map((dim) => dim ?? "?").join(", ")}]`;
}

/** Throws unless x is a symbolic tensor of at least `rank` dimensions. */
export function checkSymbolic(operation: string, name: string, x: unknown, rank: number): void {
  if (!(x instanceof SymbolicTensor)) {
    throw new TypeError(
      `${operation}: ${name} is no SymbolicTensor. Wrap a value of a graph, as in ` +
        `new SymbolicTensor(value, { type: "float32", dims: ["N", 768], opset: 17 }).`,
    );
  }
  if (x.dims.length < rank) {
    throw new RangeError(
      `${operation}: ${name} has dims ${show(x.dims)}; it must have at least ${rank} dimensions.`,
    );
  }
}

/** Throws unless a form is one of the three. */
export function checkForm(operation: string, form: Form): void {
  checkWord(operation, "form", form, ["fused", "decomposed", "robust"]);
}

/** The axis counted from the front. */
export function axisOf(operation: string, axis: number, { dims }: SymbolicTensor): number {
  const rank = dims.length;
  if (Number.isInteger(axis) && -rank <= axis && axis < rank) return axis < 0 ? axis + rank : axis;
  throw new RangeError(
    `${operation}: axis ${String(axis)} is none of x, which has dims ${show(dims)}: ` +
      `an axis is a whole number from ${-rank} to ${rank - 1}.`,
  );
}

/** The axes counted from the front, in order. */
export function axesOf(operation: string, axes: readonly number[], x: SymbolicTensor): number[] {
  if (!Array.isArray(axes) || axes.length === 0) {
    throw new RangeError(`${operation}: axes is ${JSON.stringify(axes)}; it must list at least one axis, as in [-1].`);
  }
  const found = axes.map((axis: number) => axisOf(operation, axis, x)).sort((a, b) => a - b);
  if (new Set(found).size < found.length) {
    throw new RangeError(`${operation}: axes is [${axes.join(", ")}], which names an axis of x twice.`);
  }
  return found;
}

/** The axis of the channels counted from the front, which cannot be that of the samples. */
export function channelAxisOf(operation: string, axis: number, x: SymbolicTensor): number {
  const channel = axisOf(operation, axis, x);
  if (channel > 0) return channel;
  throw new RangeError(
    `${operation}: axis is ${axis}, which is that of the samples; the channels need one of their own.`,
  );
}

/** All axes but these. */
export function otherAxes({ dims }: SymbolicTensor, axes: readonly number[]): number[] {
  return [...dims.keys()].filter((axis) => !axes.includes(axis));
}

/** Throws unless the fused operator is in the opset, or takes what is asked. */
export function refuseFused(operation: string, why: string | false | undefined): void {
  if (why) throw new RangeError(`${operation}: the fused form ${why}. Take another form, such as "robust".`);
}

/** How many elements these dims have, if it is known. */
export function product(dims: readonly Dim[]): number | undefined {
  return dims.reduce<number | undefined>((a, b) => a === undefined || typeof b !== "number" ? undefined : a * b, 1);
}
