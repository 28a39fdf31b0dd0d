import { attributeOf, type Dim, type Graph, type NodeProto, type OnnxTensor } from "../../onnx/mod.ts";

/** A node as rules see it: attributes with their defaults, and what is known of its inputs. */
export class Call {
  constructor(readonly graph: Graph, readonly node: NodeProto) {}

  /** The name of an input; empty where it is left out. */
  input(index: number): string {
    return this.node.input[index] ?? "";
  }

  /** The tensor that an input always is. */
  constant(index: number): OnnxTensor | undefined {
    return this.graph.constant(this.input(index));
  }

  /** The number that an input is everywhere. */
  number(index: number): number | undefined {
    return uniformOf(this.constant(index));
  }

  /** The dims of an input. */
  dims(index = 0): readonly Dim[] | undefined {
    return this.graph.dims(this.input(index));
  }

  /** An attribute that is a number. */
  float(name: string, otherwise: number): number {
    return Number(attributeOf(this.node, name) ?? otherwise);
  }

  /** An attribute that is a text. */
  text(name: string): string | undefined {
    return attributeOf(this.node, name) as string | undefined;
  }

  /**
   * A list of integers that is an attribute, or in later versions an input; null where there is none, undefined where it is
   * not known.
   */
  list(name: string, index?: number): readonly number[] | null | undefined {
    const attribute = attributeOf(this.node, name) as readonly bigint[] | undefined;
    if (attribute) return attribute.map(Number);
    if (index === undefined || this.input(index) === "") return null;
    const constant = this.constant(index);
    return constant && constant.type === "int64" ? Array.from(numbersOf(constant)) : undefined;
  }
}

const uniforms = new WeakMap<OnnxTensor, number | null>();

/** The number that all elements of a tensor are, if they are. */
export function uniformOf(tensor: OnnxTensor | undefined): number | undefined {
  if (tensor === undefined || tensor.type === "string") return undefined;
  let found = uniforms.get(tensor);
  if (found === undefined) {
    const data = tensor.data as ArrayLike<number | bigint>;
    let same = data.length > 0;
    for (let i = 1; same && i < data.length; i++) same = data[i] === data[0];
    uniforms.set(tensor, found = same ? Number(data[0]) : null);
  }
  return found ?? undefined;
}

/** The elements of a tensor as numbers. */
export function numbersOf({ type, data }: OnnxTensor): ArrayLike<number> {
  return type === "int64" || type === "uint64"
    ? Float64Array.from(data as BigInt64Array, Number)
    : data as Float32Array;
}
