import { attributeOf, type AttributeValue } from "../attribute.ts";
import { sizeOf } from "../../kernels/tensor.ts";
import type { OnnxTensor } from "../element.ts";
import type { NodeProto } from "../model.ts";
import type { ValueType } from "../value_info.ts";

/** What a node's graph knows. */
export interface CallScope {
  /** The version of the operator set of the node's domain. */
  readonly opset: number;
  /** The tensor that a value always is, if there is one. */
  constant(name: string): OnnxTensor | undefined;
}

/** Of parts of a Split there may be many; of axes there are few. */
const longestList = 4096;

/** What a rule sees of a node: its attributes, and what is known of its inputs. */
export class Call {
  /** The node. */
  readonly node: NodeProto;
  /** The version of the operator set of the node's domain. Without any it is taken to be the newest. */
  readonly opset: number;
  readonly #inputs: readonly ValueType[];
  readonly #constant: CallScope["constant"];

  constructor(node: NodeProto, inputs: readonly ValueType[], { opset, constant }: CallScope) {
    this.node = node;
    this.#inputs = inputs;
    this.opset = opset;
    this.#constant = constant;
  }

  /** The numbers of an input that is constant and as short as a shape. */
  numbers(index: number): number[] | undefined {
    const name = this.node.input[index], tensor = name ? this.#constant(name) : undefined;
    if (tensor === undefined || tensor.type === "string" || sizeOf(tensor.dims) > 64) return undefined;
    return Array.from(tensor.data as ArrayLike<number | bigint>, Number);
  }

  /** What is known of each input; nothing of one that is left out. */
  get inputs(): readonly ValueType[] {
    return this.#inputs;
  }

  /** What is known of an input. */
  input(index: number): ValueType {
    return this.#inputs[index] ?? {};
  }

  /** Whether an optional input is there. */
  has(index: number): boolean {
    return Boolean(this.node.input[index]);
  }

  /** An attribute's value. */
  attribute(name: string): AttributeValue | undefined {
    return attributeOf(this.node, name);
  }

  /** An attribute that is an integer. */
  int(name: string): number | undefined {
    const value = this.attribute(name);
    return typeof value === "bigint" ? Number(value) : undefined;
  }

  /** An attribute that is a list of integers, unless it is longer than lists of axes and sizes are: rules go through it for each of them. */
  ints(name: string): number[] | undefined {
    const value = this.attribute(name);
    return Array.isArray(value) && value.length <= longestList ? value.map(Number) : undefined;
  }

  /** Whether a list of integers is given at all, as the attribute it was in old versions or the input it is in new ones. */
  hasList(name: string, index: number): boolean {
    return this.has(index) || this.attribute(name) !== undefined;
  }

  /** That list; undefined unless all of it is known. */
  list(name: string, index: number): number[] | undefined {
    const elements = this.has(index) ? this.input(index).elements : this.ints(name);
    return elements?.every((element) => typeof element === "number") ? [...elements] as number[] : undefined;
  }
}

/** What an operator makes of what is known: an entry for each output, or fewer where nothing is known of the others. */
export type Rule = (call: Call) => readonly ValueType[];
