import { describe, type DType, type Tensor, zeros } from "../kernels/tensor.ts";
import type { Dim } from "../onnx/mod.ts";
import { show } from "./check.ts";
import { SymbolicTensor } from "./symbolic_tensor.ts";

/**
 * A learned parameter of a normalization: a tensor is stored in the model, a symbolic tensor is another value of the graph, and
 * a string is the name of a new input of the graph.
 */
export type Parameter = Tensor | SymbolicTensor | string;

/** Where names of stored parameters come from. */
export interface NamedOptions {
  /** What the names of stored parameters begin with: `"norm1"` stores `norm1.scale`. Without it names are made up. */
  name?: string;
}

/**
 * A parameter as a symbolic tensor.
 *
 * @param dims The dims that it must have: sizes of x.
 */
export function parameter(
  operation: string,
  x: SymbolicTensor,
  name: string,
  given: Parameter,
  dims: readonly Dim[],
  { name: prefix }: NamedOptions = {},
): SymbolicTensor {
  const { graph, type } = x;
  if (typeof given === "string") return x.of(graph.input(given, type, dims), { dims });
  checkFits(operation, name, given, dims);
  if (given instanceof SymbolicTensor) return given;
  // WebGPU has no float64, not even to cast from.
  const tensor = given.type === "float64" && type !== "float64" ? typed(given, "float32") : given;
  const value = prefix === undefined ? graph.constant(tensor) : graph.constant(`${prefix}.${name}`, tensor);
  return x.of(value, { type: tensor.type, dims: given.dims });
}

/** Throws unless options have these parameters. */
export function checkNeeded<T extends object>(
  operation: string,
  options: T | undefined,
  names: readonly (keyof T & string)[],
): void {
  for (const name of names) {
    const given = options?.[name] as Parameter | undefined;
    if (given === undefined) {
      throw new TypeError(`${operation}: ${name} is needed: a tensor, a SymbolicTensor or the name of a new input.`);
    }
    if (typeof given !== "string") checkKind(operation, name, given);
  }
}

function checkKind(operation: string, name: string, given: Tensor | SymbolicTensor): void {
  if (typeof given === "object" && given !== null && "dims" in given) return;
  throw new TypeError(
    `${operation}: ${name} is ${describe(given)}; it must be a tensor, a SymbolicTensor or the name of a new input.`,
  );
}

/** Throws unless a parameter is a tensor, or a value of the graph, of these dims: sizes of x. */
export function checkFits(
  operation: string,
  name: string,
  given: Tensor | SymbolicTensor,
  dims: readonly Dim[],
): void {
  checkKind(operation, name, given);
  if (given.dims.length === dims.length && dims.every((dim, d) => agree(dim, given.dims[d]))) return;
  throw new RangeError(
    `${operation}: ${name} has dims ${show(given.dims)}; they must be ${show(dims)}, the sizes of x that it goes with.`,
  );
}

/** A parameter that may be left out. */
export function optionalParameter(
  ...[operation, x, name, given, dims, options]: [
    ...head: [operation: string, x: SymbolicTensor, name: string],
    given: Parameter | undefined,
    dims: readonly Dim[],
    options?: NamedOptions,
  ]
): SymbolicTensor | undefined {
  return given === undefined ? undefined : parameter(operation, x, name, given, dims, options);
}

/**
 * What a fused operator reads where a parameter was left out: all of one number.
 *
 * @throws {RangeError} If the dims are not known, since a stored tensor has dims.
 */
export function filled(
  operation: string,
  x: SymbolicTensor,
  name: string,
  dims: readonly Dim[],
  number: number,
): SymbolicTensor {
  const sizes = dims.filter((dim) => typeof dim === "number");
  if (sizes.length < dims.length) {
    throw new RangeError(
      `${operation}: the fused operator needs a ${name}, and one of dims ${show(dims)} cannot be stored. ` +
        `Give it as an input, give x known sizes, or take another form.`,
    );
  }
  const tensor = constant(x.type, sizes, number);
  return x.of(x.graph.constant(tensor), { dims });
}

/** A tensor in another type. */
export function typed(tensor: Tensor, type: DType): Tensor {
  const result = zeros(type, tensor.dims);
  result.data.set(tensor.data);
  return result;
}

function constant(type: DType, dims: readonly number[], number: number): Tensor {
  const result = zeros(type, dims);
  result.data.fill(number);
  return result;
}

/** Whether a size may be another: numbers must be equal, and anything may be a name. */
function agree(a: Dim, b: Dim): boolean {
  return typeof a !== "number" || typeof b !== "number" || a === b;
}
