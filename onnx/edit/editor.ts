import { Names } from "../build/names.ts";
import { checkModel } from "../check_model.ts";
import { ModelError } from "../error.ts";
import { Graph } from "../graph/graph.ts";
import type { OnnxTensor } from "../element.ts";
import type { Model, NodeProto } from "../model.ts";
import { protoOf } from "../tensor.ts";
import { isStandard } from "../standard.ts";
import { irVersionFor } from "../version.ts";
import { graphsIn, nodesIn } from "../walk.ts";
import { changed, copyOf } from "./copy.ts";
import type { Fragment } from "./fragment.ts";
import { inlined } from "./inline.ts";
import { Live } from "./live.ts";

/**
 * Changes a model. What it is for is that other nodes give a value: it keeps its name, so that all who read it,
 * and the outputs of the model, stay as they are; what nobody reads any more goes with {@linkcode Editor.clean}.
 *
 * The model that it is made of stays as it is. Its tensors are shared, not copied.
 *
 * @example A square by a product
 * ```ts
 * import { Editor, Fragment, GraphBuilder } from "@evenkeel/norm/onnx";
 * import { assertEquals } from "@std/assert";
 *
 * const g = new GraphBuilder("square", { opset: 17 });
 * g.output("y", g.op("Pow", [g.input("x", "float32", ["N"]), g.float32(2)]));
 *
 * const editor = new Editor(g.build());
 * const product = new Fragment(), x = product.value("x");
 * product.give("y", product.op("Mul", [x, x]));
 * editor.replace(editor.view(), product);
 * editor.clean();
 * assertEquals(editor.model.graph!.node.map(({ opType }) => opType), ["Mul"]);
 * assertEquals(editor.model.graph!.initializer, []);
 * ```
 */
export class Editor {
  /** The model as it stands. */
  readonly model: Model;
  readonly #names: Names;

  /** Begins with a copy of a model. */
  constructor(model: Model) {
    checkModel("Editor", "model", model);
    this.model = copyOf(model);
    this.#names = new Names(namesIn(this.model));
  }

  /**
   * A view of the main graph as it stands, which later changes do not reach.
   *
   * @throws {ModelError} As {@linkcode Graph.of}.
   */
  view(): Graph {
    return Graph.of(this.model);
  }

  /**
   * Has a fragment give values, in place of the nodes that did.
   *
   * @param graph The graph that the values belong to.
   * @throws {TypeError} If the fragment gives what no node of the graph gives, or reads what is no value.
   */
  replace(graph: Graph, fragment: Fragment): void {
    const { input, output, initializer, node: nodes } = fragment.buildGraph(), { read, given } = fragment.names;
    const missing = read.find((name) => graph.scopeOf(name) === undefined);
    if (missing !== undefined) throw new TypeError(`replace: ${JSON.stringify(missing)} is no value to read.`);
    for (const name of given) this.#detach(graph, name);
    const names = new Map([
      ...input.map(({ name }, i): [string, string] => [name, read[i]]),
      ...output.map(({ name }, i): [string, string] => [name, given[i]]),
    ]);
    const nameOf = (name: string): string => {
      if (name === "") return "";
      const known = names.get(name);
      if (known !== undefined) return known;
      const fresh = this.fresh(name.replace(/_\d+$/, ""));
      names.set(name, fresh);
      return fresh;
    };
    for (const tensor of initializer) {
      graph.proto.initializer.push(changed(tensor, { name: nameOf(tensor.name) }));
    }
    for (const node of nodes) {
      const output = node.output.map(nameOf);
      graph.proto.node.push(changed(node, { name: this.fresh(node.opType), input: node.input.map(nameOf), output }));
      this.#import(node);
    }
  }

  /**
   * Has a tensor give a value, in place of the node that did.
   *
   * @throws {TypeError} If no node of the graph gives the value.
   */
  store(graph: Graph, value: string, tensor: OnnxTensor): void {
    this.#detach(graph, value);
    graph.proto.initializer.push(protoOf(tensor, value));
  }

  /**
   * Has all who read a value read another instead. An output of the graph cannot be led elsewhere, since its name is the value's.
   *
   * @throws {TypeError} If the value is an output.
   */
  bypass(graph: Graph, value: string, other: string): void {
    if (graph.isOutput(value)) {
      throw new TypeError(`bypass: ${JSON.stringify(value)} is an output, which keeps its name.`);
    }
    for (const { node, index } of graph.uses(value)) node!.input[index] = other;
  }

  /**
   * Puts the bodies of functions in the places of nodes of a graph that call them.
   *
   * @throws {TypeError} If a node calls no function of the model.
   */
  inline(graph: Graph, calls: readonly NodeProto[]): void {
    const { proto } = graph,
      bodies = new Map(calls.map((call) => {
        const called = graph.functionOf(call);
        if (called === undefined) throw new TypeError(`inline: ${call.opType} is no function of the model.`);
        return [call, inlined(call, called, (name) => this.fresh(name))];
      }));
    proto.node = proto.node.flatMap((one) => bodies.get(one) ?? [one]);
    for (const node of [...bodies.values()].flat()) this.#import(node);
  }

  /** Leaves out functions that nothing calls any more. */
  dropFunctions(): void {
    const graph = this.view();
    for (let before = Infinity; this.model.functions.length < before;) {
      before = this.model.functions.length;
      const called = new Set([...nodesIn(this.model)].map((node) => graph.functionOf(node)));
      this.model.functions = this.model.functions.filter((one) => called.has(one));
    }
  }

  /** A name that no value and no node of the model has, and that is taken from now on. */
  fresh(base: string): string {
    return this.#names.claim(this.#names.unused(base), "fresh");
  }

  /** Leaves out what no output depends on, and puts nodes in an order in which they can run. */
  clean(): void {
    const graph = this.view(), live = new Live(graph);
    this.#sweep(graph, live);
  }

  /** Says which version of ONNX's operators the model is written in, and raises that of the file with it. */
  setOpset(version: number): void {
    const standard = this.model.opsetImport.find(({ domain }) => isStandard({ domain } as NodeProto));
    if (standard) standard.version = BigInt(version);
    const format = irVersionFor(version);
    if (this.model.irVersion < format) this.model.irVersion = format;
  }

  #sweep(graph: Graph, live: Live): void {
    const { proto } = graph, inputs = new Set(proto.input.map(({ name }) => name));
    // Inputs are what the model is called with; only in old files is an initializer always one too.
    const removable = ({ name }: { name: string }) =>
      !live.hasValue(graph, name) && (!inputs.has(name) || !graph.isOverridable(name));
    const unused = new Set(proto.initializer.filter(removable).map(({ name }) => name));
    proto.initializer = proto.initializer.filter(({ name }) => !unused.has(name));
    proto.input = proto.input.filter(({ name }) => !unused.has(name));
    proto.node = graph.nodes.filter((node) => live.hasNode(node));
    proto.valueInfo = proto.valueInfo.filter(({ name }) => live.hasValue(graph, name));
    for (const node of proto.node) for (const body of graph.bodies(node)) this.#sweep(body, live);
  }

  /** Takes a value from the node that gives it, which goes, or gives that output another name. */
  #detach(graph: Graph, value: string): void {
    const { proto } = graph, node = graph.scopeOf(value) === graph ? graph.producer(value) : undefined;
    if (node === undefined) throw new TypeError(`replace: no node of the graph gives ${JSON.stringify(value)}.`);
    if (node.output.filter((name) => name !== "").length === 1) {
      proto.node = proto.node.filter((one) => one !== node && !one.output.includes(value));
    } else {
      node.output = node.output.map((name) => name === value ? this.fresh(value) : name);
    }
  }

  /** Operators of a domain need that domain's set to be imported. */
  #import({ domain }: NodeProto): void {
    const { opsetImport } = this.model;
    if (opsetImport.some((one) => one.domain === domain) || isStandard({ domain } as NodeProto)) return;
    opsetImport.push(changed(opsetImport[0], { domain, version: 1n }));
  }
}

function namesIn(model: Model): Set<string> {
  if (model.graph === undefined) throw new ModelError("The model has no graph.");
  const names = new Set<string>();
  for (const { input, output, initializer, sparseInitializer, node } of graphsIn(model)) {
    for (const { name } of [...input, ...output, ...initializer]) names.add(name);
    for (const { values } of sparseInitializer) if (values) names.add(values.name);
    for (const one of node) for (const name of [one.name, ...one.output]) names.add(name);
  }
  return names;
}
