import { type Activation, activations } from "./activation.ts";
import { shareMemory } from "./engines/simd/memory.ts";
import { checkTensor, describe, type DType, type Tensor, zeros } from "./tensor.ts";

/** A list of dims as messages show it. */
function show(dims: readonly number[]): string {
  return `[${dims.join(", ")}]`;
}

/** Throws unless x is a tensor of the given rank or more. */
export function checkInput(operation: string, x: Tensor, rank: number): void {
  checkTensor(operation, "x", x);
  if (x.dims.length < rank) {
    throw new RangeError(
      `${operation}: x has dims ${
        show(x.dims)
      }; it must have at least ${rank} dimensions. Give it dims of 1 for those it lacks.`,
    );
  }
}

/** Throws unless a tensor is of x's type and dims. */
export function checkAlike(operation: string, name: string, given: Tensor, x: Tensor): void {
  checkTensor(operation, name, given);
  if (given.type !== x.type) {
    throw new TypeError(`${operation}: ${name} is ${given.type}, but x is ${x.type}. Convert one of them.`);
  }
  checkDims(operation, name, given, x.dims, "those of x");
}

/** Throws unless a tensor has the given dims, of which `whose` says where they come from. */
export function checkDims(
  operation: string,
  name: string,
  given: Tensor,
  dims: readonly number[],
  whose: string,
): void {
  checkTensor(operation, name, given);
  if (!sameDims(given.dims, dims)) {
    throw new RangeError(`${operation}: ${name} has dims ${show(given.dims)}; they must be ${show(dims)}, ${whose}.`);
  }
}

function sameDims(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let d = 0; d < a.length; d++) if (a[d] !== b[d]) return false;
  return true;
}

/** Throws unless an option is one of the activations, or absent. */
export function checkActivation(operation: string, activation: Activation | undefined): void {
  if (activation !== undefined && !(typeof activation === "string" && Object.hasOwn(activations, activation))) {
    const known = Object.keys(activations).map((name) => JSON.stringify(name)).join(", ");
    throw new RangeError(
      `${operation}: activation is ${describe(activation)}; it must be one of ${known}, or absent.`,
    );
  }
}

/** Throws unless an option is a finite number, at least `least`. */
export function checkNumber(operation: string, name: string, value: number, least = -Infinity): void {
  if (typeof value !== "number") {
    throw new TypeError(`${operation}: ${name} is ${describe(value)}; it must be a number.`);
  }
  if (!Number.isFinite(value) || value < least) {
    const range = least === -Infinity ? "" : `, at least ${least}`;
    throw new RangeError(`${operation}: ${name} is ${value}; it must be a finite number${range}.`);
  }
}

/** Throws unless an option is true or false. */
export function checkFlag(operation: string, name: string, value: boolean): void {
  if (typeof value !== "boolean") {
    throw new TypeError(`${operation}: ${name} is ${describe(value)}; it must be true or false.`);
  }
}

/** Throws unless an option is one of some words. */
export function checkWord(operation: string, name: string, word: string, known: readonly string[]): void {
  if (known.includes(word)) return;
  const all = known.map((one) => JSON.stringify(one));
  throw new RangeError(
    `${operation}: ${name} is ${describe(word)}; it must be ${all.slice(0, -1).join(", ")} or ${all.at(-1)}.`,
  );
}

/** Throws unless an option is a whole number, at least `least`. */
export function checkCount(operation: string, name: string, value: number, least = 1): void {
  if (!Number.isInteger(value) || value < least) {
    const given = typeof value === "number" ? value : describe(value);
    throw new RangeError(`${operation}: ${name} is ${given}; it must be a whole number, at least ${least}.`);
  }
}

/** The axis counted from the front. */
export function checkAxis(operation: string, name: string, axis: number, dims: readonly number[]): number {
  const rank = dims.length;
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new RangeError(
      `${operation}: ${name} is ${String(axis)}, but x has dims ${
        show(dims)
      }: an axis is a whole number from ${-rank} to ${rank - 1}.`,
    );
  }
  return axis < 0 ? axis + rank : axis;
}

/** The axes counted from the front, in order; the last axis if they are absent. */
export function checkAxes(operation: string, axes: readonly number[] | undefined, dims: readonly number[]): number[] {
  if (axes === undefined) return [dims.length - 1];
  if (!Array.isArray(axes)) {
    throw new TypeError(`${operation}: axes is ${describe(axes)}; it must be a list, as in [-1].`);
  }
  if (axes.length === 0) {
    throw new RangeError(`${operation}: axes is []; it must list at least one axis, as in [-1].`);
  }
  const found = axes.map((axis: number) => checkAxis(operation, "an entry of axes", axis, dims)).sort((a, b) => a - b);
  if (new Set(found).size < found.length) {
    throw new RangeError(`${operation}: axes is [${axes.join(", ")}], which names an axis of x twice.`);
  }
  return found;
}

/** Makes a tensor for an output. */
export type Create = (type: DType, dims: readonly number[]) => Tensor;

/** An output: the tensor that was given for it, once it is found fit, or a new one. */
export function outputOf(
  operation: string,
  name: string,
  given: Tensor | undefined,
  type: DType,
  dims: readonly number[],
  create: Create = zeros,
): Tensor {
  if (given === undefined) return create(type, dims);
  checkDims(operation, `out.${name}`, given, dims, `the shape of ${name}`);
  return given;
}

/** An output of x's type and dims: the tensor that was given for it, once it is found fit, or a new one. */
export function outputLike<T extends DType>(
  operation: string,
  name: string,
  given: Tensor | undefined,
  x: Tensor<T>,
  create: Create = zeros,
): Tensor<T> {
  if (given === undefined) return create(x.type, x.dims) as Tensor<T>;
  checkAlike(operation, `out.${name}`, given, x);
  return given as Tensor<T>;
}

/** Tensors of a call by their names; those that were not given are undefined. */
export type Tensors = Readonly<Record<string, Tensor | undefined>>;

/**
 * Throws if outputs share memory with each other or with an input. Only a result may replace an input, one of `replaceable`,
 * and only as a whole: the same elements of the same memory.
 */
export function checkOverlap(
  operation: string,
  results: Tensors,
  replaceable: Tensors,
  others: Tensors = {},
  inputs: Tensors = {},
): void {
  const outputs = { ...results, ...others };
  for (const name in outputs) {
    const output = outputs[name];
    if (output === undefined) continue;
    for (const other in outputs) {
      if (other === name) break;
      refuseOverlap(operation, name, output, `out.${other}`, outputs[other]);
    }
    for (const other in inputs) refuseOverlap(operation, name, output, other, inputs[other]);
    for (const other in replaceable) {
      const input = replaceable[other];
      const replaces = input !== undefined && name in results && isWhole(output, input);
      if (!replaces) refuseOverlap(operation, name, output, other, input);
    }
  }
}

/** Whether two tensors are the same elements of the same memory. */
function isWhole(a: Tensor, b: Tensor): boolean {
  if (a.data === b.data) return true;
  return a.data.byteOffset === b.data.byteOffset && a.data.byteLength === b.data.byteLength &&
    shareMemory(a.data, b.data);
}

/** Which inputs a result may replace. */
const replacements: Readonly<Record<string, string>> = {
  y: " (y may be x or the residual itself, as a whole array)",
  sum: " (sum may be x or the residual itself, as a whole array)",
  dx: " (dx may be x or dy itself, as a whole array)",
};

function refuseOverlap(
  operation: string,
  name: string,
  output: Tensor,
  otherName: string,
  other: Tensor | undefined,
): void {
  if (other === undefined) return;
  const a = output.data, b = other.data;
  if (!shareMemory(a, b)) return;
  if (a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength) {
    throw new RangeError(
      `${operation}: out.${name} shares memory with ${otherName}. Give it an array of its own${
        replacements[name] ?? ""
      }.`,
    );
  }
}

/** The type of statistics: float64 keeps them, float32 holds those of float32 and float16. */
export function statisticsType(type: DType): DType {
  return type === "float64" ? "float64" : "float32";
}
