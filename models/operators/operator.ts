import type { Tensor } from "../../kernels/tensor.ts";
import type { NodeProto } from "../../onnx/mod.ts";
import { attributeOf, ModelError } from "../../onnx/mod.ts";

/**
 * The attributes of an operator, each with its default, whose own type says the attribute's: a bigint is an INT, a number a
 * FLOAT, a list of bigints INTS. `"INT"` stands for one that every node must have.
 */
export type Attributes = Readonly<Record<string, bigint | number | readonly bigint[] | "INT">>;

/** The values of declared attributes, as numbers. */
export type AttributeValues<A extends Attributes> = {
  readonly [Name in keyof A]: A[Name] extends readonly bigint[] ? readonly number[] : number;
};

/** The inputs of an operator by name: those whose names end in `?` may be missing. */
export type Inputs<Names extends readonly string[]> =
  & { readonly [Name in Names[number] as Name extends `${string}?` ? never : Name]: Tensor }
  & { readonly [Name in Names[number] as Name extends `${infer Optional}?` ? Optional : never]?: Tensor };

/** Outputs by name. */
export type Outputs = Readonly<Record<string, Tensor>>;

/** One operator, as it is from a version of its operator set on until the next that lists it. */
export interface Operator {
  /** The version of the operator set that brought it. */
  readonly since: number;
  /** The names of its inputs in order; those that end in `?` may be left out. */
  readonly inputs: readonly string[];
  /** The names of its outputs in order. */
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
  /** Computes the outputs that it can give with these attributes, at least those that are wanted. */
  run(
    inputs: Readonly<Record<string, Tensor>>,
    attributes: Readonly<Record<string, number | readonly number[]>>,
    wanted: ReadonlySet<string>,
  ): Outputs;
}

/** An operator, whose `run` is checked against the names and attributes that are declared beside it. */
export function operator<const Names extends readonly string[], const A extends Attributes>(
  since: number,
  declaration: {
    inputs: Names;
    outputs: readonly string[];
    attributes: A;
    run(inputs: Inputs<Names>, attributes: AttributeValues<A>, wanted: ReadonlySet<string>): Outputs;
  },
): Operator {
  return { since, ...declaration } as unknown as Operator;
}

/** A node's inputs by the names that its operator has for them. */
export function inputsOf(given: readonly (Tensor | undefined)[], { inputs: names }: Operator): Record<string, Tensor> {
  if (given.length > names.length) {
    throw new ModelError(`it has ${given.length} inputs, but there are at most ${names.length}: ${names.join(", ")}.`);
  }
  const inputs: Record<string, Tensor> = {};
  names.forEach((name, i) => {
    const tensor = given[i], optional = name.endsWith("?");
    if (tensor) inputs[optional ? name.slice(0, -1) : name] = tensor;
    else if (!optional) throw new ModelError(`it lacks its input ${i}, ${name}. Inputs are ${names.join(", ")}.`);
  });
  return inputs;
}

/** The values of all attributes that an operator has: a node's, or else their defaults. */
export function attributesOf(node: NodeProto, { attributes }: Operator): Record<string, number | number[]> {
  const unknown = node.attribute.find(({ name }) => !Object.hasOwn(attributes, name));
  if (unknown) {
    const known = Object.keys(attributes).join(", ") || "none";
    throw new ModelError(`its attribute ${JSON.stringify(unknown.name)} is unknown; this version has ${known}.`);
  }
  return Object.fromEntries(Object.entries(attributes).map(([name, initial]) => [name, valueOf(node, name, initial)]));
}

function valueOf(node: NodeProto, name: string, initial: Attributes[string]): number | number[] {
  const value = attributeOf(node, name) ?? initial;
  if (value === "INT") throw new ModelError(`it lacks the attribute ${name}, which has no default.`);
  const type = typeName(initial);
  // An empty list says nothing of its type.
  if (typeName(value) !== type) throw new ModelError(`its attribute ${name} must be of type ${type}.`);
  // FLOAT is float32: a default is the number that a file would hold.
  return Array.isArray(value) ? value.map(Number) : typeof value === "number" ? Math.fround(value) : Number(value);
}

function typeName(value: unknown): string {
  if (value === "INT" || typeof value === "bigint") return "INT";
  if (typeof value === "number") return "FLOAT";
  return Array.isArray(value) && value.every((element) => typeof element === "bigint") ? "INTS" : "another";
}
