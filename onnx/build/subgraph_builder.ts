import { create } from "@bufbuild/protobuf";
import { GraphProtoSchema, NodeProtoSchema } from "onnx-buf";
import { attributeProto, type AttributeValue } from "../attribute.ts";
import type { ElementType, OnnxTensor } from "../element.ts";
import type { AttributeProto, GraphProto, NodeProto, TensorProto, ValueInfoProto } from "../model.ts";
import { checkOnnxTensor, protoOf } from "../tensor.ts";
import { type Dim, valueInfo } from "../value_info.ts";
import { Names } from "./names.ts";

/** Options of a node; see {@linkcode SubgraphBuilder.op}. */
export interface NodeOptions {
  /** The operator's domain. The default `""` is ONNX's own, ai.onnx. */
  domain?: string;
  /** The node's name, which the names of its outputs begin with. The default is made from the operator, as `Conv_0`. */
  name?: string;
}

/** What an attribute may be given as: a value, a subgraph's builder, or undefined for the operator's default. */
export type Attribute = AttributeValue | SubgraphBuilder | undefined;

/** A value of a graph that is being built: an input, a constant, or what a node gives. Builders make these. */
export class Value {
  /** The graph that it is a value of. */
  readonly graph: SubgraphBuilder;
  readonly #label: { readonly text: string };

  /** Made by a builder, which keeps the label of a value that it may rename. */
  constructor(graph: SubgraphBuilder, label: { readonly text: string }) {
    this.graph = graph;
    this.#label = label;
  }

  /** Its name in the graph. A node's output that becomes an output of the graph takes that name. */
  get name(): string {
    return this.#label.text;
  }
}

/** Nodes keep their values until the graph is built, since values may be renamed until then. */
interface PendingNode {
  readonly proto: NodeProto;
  readonly attribute: readonly (() => AttributeProto)[];
  readonly inputs: readonly (Value | undefined)[];
  readonly outputs: readonly (Value | undefined)[];
}

/**
 * Builds a graph inside of a graph: the body of a Scan, a Loop or an If. Made by {@linkcode SubgraphBuilder.subgraph}; it may
 * use the values of the graphs around it.
 */
export class SubgraphBuilder {
  /** The name of the graph. */
  readonly name: string;
  /** The graph around it, if any. */
  readonly outer?: SubgraphBuilder;
  /** Of the whole model, so that a subgraph's names never hide those around it. */
  readonly #names: Names;
  readonly #inputs: ValueInfoProto[] = [];
  readonly #outputs: { readonly value: Value; readonly info: ValueInfoProto }[] = [];
  readonly #initializers: TensorProto[] = [];
  readonly #nodes: PendingNode[] = [];
  /** The labels of values that nodes give and that are no outputs yet. */
  readonly #renamable = new Map<Value, { text: string }>();
  #sealed = false;

  /** Made by {@linkcode SubgraphBuilder.subgraph}. */
  constructor(name: string, outer?: SubgraphBuilder) {
    this.name = name;
    this.outer = outer;
    this.#names = outer ? outer.#names : new Names();
  }

  /**
   * Adds an input.
   *
   * @param name Its name, which no other value of the model may have.
   * @param type Its element type. It may be left out in a subgraph, where the node that runs it knows.
   * @param dims The size of each dimension: a number, a symbolic name such as `"N"`, or undefined where anything goes. Without
   * dims the number of dimensions is open too.
   * @throws {TypeError} If the name is taken.
   */
  input(name: string, type?: ElementType, dims?: readonly Dim[]): Value {
    this.#checkOpen();
    const value = new Value(this, { text: this.#claim(name) });
    this.#inputs.push(valueInfo(name, type, dims));
    return value;
  }

  /**
   * Adds an initializer: a tensor that is stored in the model. The tensor is copied.
   *
   * @param name Its name, which no other value of the model may have; without it one is made up.
   * @throws {TypeError} If the name is taken, or the tensor is none.
   */
  constant(name: string, tensor: OnnxTensor): Value;
  /** Adds an initializer with a made-up name. */
  constant(tensor: OnnxTensor): Value;
  constant(...args: [OnnxTensor] | [string, OnnxTensor]): Value {
    this.#checkOpen();
    const [given, tensor] = args.length === 2 ? args : [undefined, args[0]];
    checkOnnxTensor("constant", given ?? "the tensor", tensor);
    const name = this.#claim(given ?? this.#names.unused("constant"));
    this.#initializers.push(protoOf({ ...tensor, data: tensor.data.slice() } as OnnxTensor, name));
    return new Value(this, { text: name });
  }

  /** A constant of int64, as axes and shapes are: a list, or a number for a scalar. */
  int64(values: number | bigint | readonly (number | bigint)[]): Value {
    const list = Array.isArray(values) ? values : [values];
    return this.constant({
      type: "int64",
      dims: Array.isArray(values) ? [list.length] : [],
      data: BigInt64Array.from(list, BigInt),
    });
  }

  /** A constant of float32: a list, or a number for a scalar. */
  float32(values: number | readonly number[]): Value {
    const list = Array.isArray(values) ? values : [values];
    return this.constant({
      type: "float32",
      dims: Array.isArray(values) ? [list.length] : [],
      data: Float32Array.from(list),
    });
  }

  /**
   * Adds a node with one output.
   *
   * @param opType The operator, such as `"LayerNormalization"`.
   * @param inputs Its inputs in the operator's order, undefined where an optional one is left out.
   * @param attributes Its attributes. A bigint is an INT, a number a FLOAT: `{ axis: -1n, epsilon: 1e-5 }`.
   * @throws {TypeError} If an input is no value of this graph or of one around it, or an attribute is of no kind.
   */
  op(
    opType: string,
    inputs: readonly (Value | undefined)[],
    attributes: Readonly<Record<string, Attribute>> = {},
    options: NodeOptions = {},
  ): Value {
    return this.ops(opType, inputs, attributes, 1, options)[0];
  }

  /**
   * Adds a node with several outputs, as {@linkcode SubgraphBuilder.op} does one with one.
   *
   * @param outputs How many of the operator's outputs to have, or for each whether to have it: `[true, false, true]`.
   * @returns The outputs that it has.
   */
  ops(
    opType: string,
    inputs: readonly (Value | undefined)[],
    attributes: Readonly<Record<string, Attribute>>,
    outputs: number | readonly boolean[],
    options: NodeOptions = {},
  ): Value[] {
    this.#checkOpen();
    inputs.forEach((input, i) => this.#checkVisible(`${opType}: input ${i}`, input));
    const attribute = Object.entries(attributes)
      .filter((entry): entry is [string, AttributeValue | SubgraphBuilder] => entry[1] !== undefined)
      .map(([key, value]) => this.#pending(key, value));
    const { domain = "", name = this.#names.unused(opType) } = options;
    const has = typeof outputs === "number" ? new Array<boolean>(outputs).fill(true) : outputs;
    const values = has.map((present, i) => {
      if (!present) return undefined;
      const label = { text: this.#claim(i === 0 ? name : `${name}.${i}`) }, value = new Value(this, label);
      this.#renamable.set(value, label);
      return value;
    });
    const proto = create(NodeProtoSchema, { opType, domain, name });
    this.#nodes.push({ proto, attribute, inputs, outputs: values });
    return values.filter((value) => value !== undefined);
  }

  /**
   * Makes a value an output of the graph.
   *
   * @param name The output's name.
   * @param value The value. One that a node gives takes the name; of any other the output is a copy.
   * @param type Its element type, and `dims` its dims, as for {@linkcode SubgraphBuilder.input}. Without a type, those that
   * follow from the graph are written, if they do: ONNX wants the type of each output of a model, onnxruntime does without.
   * @throws {TypeError} If the name is taken, or the value is none of this graph or of one around it.
   */
  output(name: string, value: Value, type?: ElementType, dims?: readonly Dim[]): void {
    this.#checkOpen();
    this.#checkVisible(`output ${JSON.stringify(name)}`, value);
    // An input, a constant, an outer value and an output have their names already: a node passes them on under another.
    const named = this.#renamable.has(value) ? value : this.op("Identity", [value]);
    const label = this.#renamable.get(named)!;
    this.#renamable.delete(named);
    if (label.text !== name) {
      this.#claim(name);
      this.#names.release(label.text);
      label.text = name;
    }
    this.#outputs.push({ value: named, info: valueInfo(name, type, dims) });
  }

  /**
   * Begins a graph inside of this one. Give the builder as the attribute of the node that runs it, once it is complete.
   *
   * @example A running sum, as a Scan
   * ```ts
   * import { GraphBuilder } from "@evenkeel/norm/onnx";
   * import { assertEquals } from "@std/assert";
   *
   * const g = new GraphBuilder("running sum", { opset: 17 });
   * const x = g.input("x", "float32", ["T", 3]);
   * const body = g.subgraph("step");
   * const sum = body.op("Add", [body.input("before", "float32", [3]), body.input("row", "float32", [3])]);
   * body.output("after", sum, "float32", [3]);
   * body.output("y_row", sum, "float32", [3]);
   * const zeros = g.float32([0, 0, 0]);
   * const [, y] = g.ops("Scan", [zeros, x], { body, num_scan_inputs: 1n }, 2);
   * g.output("y", y, "float32", ["T", 3]);
   * assertEquals(g.build().graph!.node[0].opType, "Scan");
   * ```
   */
  subgraph(name: string): SubgraphBuilder {
    this.#checkOpen();
    return new SubgraphBuilder(name, this);
  }

  /** The graph as it stands; after this, nothing can be added to it. */
  buildGraph(docString?: string): GraphProto {
    this.#sealed = true;
    return create(GraphProtoSchema, {
      name: this.name,
      docString,
      input: this.#inputs,
      output: this.#outputs.map(({ info }) => info),
      initializer: this.#initializers,
      node: this.#nodes.map(({ proto, attribute, inputs, outputs }) => {
        proto.attribute = attribute.map((make) => make());
        proto.input = namesOf(inputs);
        proto.output = namesOf(outputs);
        return proto;
      }),
    });
  }

  /** An attribute that is made when the graph is built: until then, values that a subgraph reads may be renamed. */
  #pending(key: string, value: AttributeValue | SubgraphBuilder): () => AttributeProto {
    if (!(value instanceof SubgraphBuilder)) {
      const proto = attributeProto(key, value);
      return () => proto;
    }
    if (value.outer !== this) {
      throw new TypeError(
        `Graph "${value.name}" was not made by "${this.name}".subgraph, and so cannot be used in it.`,
      );
    }
    value.#sealed = true;
    return () => attributeProto(key, value.buildGraph());
  }

  #checkOpen() {
    if (this.#sealed) {
      throw new TypeError(
        `Graph "${this.name}" is built: nothing can be added to it. Add first, build or attach then.`,
      );
    }
  }

  #checkVisible(what: string, value: Value | undefined) {
    if (value === undefined) return;
    // deno-lint-ignore no-this-alias -- it walks outwards
    for (let graph: SubgraphBuilder | undefined = this; graph; graph = graph.outer) {
      if (value?.graph === graph) return;
    }
    const whose = value instanceof Value ? `a value of graph "${value.graph.name}"` : `a ${typeof value}`;
    throw new TypeError(
      `${what} is ${whose}; it must be a value of "${this.name}" or of a graph around it. Wrap numbers, as in g.float32(2).`,
    );
  }

  #claim(name: string): string {
    return this.#names.claim(name, `Graph "${this.name}"`);
  }
}

/** Names in the order of an operator, where an absent one is empty, and left out at the end. */
function namesOf(values: readonly (Value | undefined)[]): string[] {
  const last = values.findLastIndex((value) => value !== undefined);
  return values.slice(0, last + 1).map((value) => value?.name ?? "");
}
