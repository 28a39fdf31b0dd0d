import { create, equals } from "@bufbuild/protobuf";
import { GraphProtoSchema, NodeProtoSchema, type OperatorSetIdProto, type SparseTensorProto } from "onnx-buf";
import { Budget } from "./budget.ts";
import { constantOf, denseOf, readable } from "./constant.ts";
import { folded } from "./fold.ts";
import type { OnnxTensor } from "../element.ts";
import { ModelError } from "../error.ts";
import type { FunctionProto, GraphProto, Model, NodeProto, TensorProto } from "../model.ts";
import { sparseAttributeOf } from "../attribute.ts";
import { checkNumber } from "../../kernels/check.ts";
import { OptionNames } from "../../kernels/option_names.ts";
import { checkModel } from "../check_model.ts";
import { inOrder } from "./order.ts";
import { inferTypes } from "../shapes/infer.ts";
import { isStandard } from "../standard.ts";
import { type Dim, valueInfo, type ValueType } from "../value_info.ts";

/** One place where a value is used. */
export interface Use {
  /** The graph of the place: that of the value, or one inside of it. */
  readonly graph: Graph;
  /** The node that reads the value, or undefined where the value is an output of the graph. */
  readonly node?: NodeProto;
  /** Which input of the node, or which output of the graph, counted from 0. */
  readonly index: number;
}

/** Options of {@linkcode Graph.of}. */
export interface GraphOptions {
  /**
   * How many bytes the constants may take that are made of stored ones, together: a file of a few bytes can ask for any number. What would
   * be beyond is taken for not constant. Default: 128 MiB, and 16 times what the model stores.
   */
  maxBytes?: number;
}

const names = new OptionNames<GraphOptions>({ maxBytes: true });

/** What gives a value its contents. */
type Definition =
  | { readonly kind: "input" }
  | { readonly kind: "initializer"; readonly proto: TensorProto | SparseTensorProto; readonly overridable: boolean }
  | { readonly kind: "node"; readonly node: NodeProto; readonly index: number };

/**
 * A view of a graph: who gives a value, who uses it, what is constant, and which shapes are known. Values go by their names.
 * A graph inside of a node (the body of an If, a Loop or a Scan) is a view of its own, whose questions about a value of a
 * graph around it are answered there.
 *
 * The view shows the graph as it was when the view was made. To change the graph, change its messages and make a new view.
 *
 * @example Who uses a value
 * ```ts
 * import { Graph, GraphBuilder } from "@evenkeel/norm/onnx";
 * import { assertEquals } from "@std/assert";
 *
 * const g = new GraphBuilder("square", { opset: 17 });
 * const x = g.input("x", "float32", ["N", 3]);
 * const centred = g.op("Sub", [x, g.op("ReduceMean", [x], { axes: [-1n] })], {}, { name: "centred" });
 * g.output("y", g.op("Mul", [centred, centred]), "float32", ["N", 3]);
 *
 * const graph = Graph.of(g.build());
 * assertEquals(graph.producer("centred")?.opType, "Sub");
 * assertEquals(graph.uses("x").map(({ node }) => node?.opType), ["ReduceMean", "Sub"]);
 * assertEquals(graph.dims("ReduceMean_0"), ["N", 1]);
 * ```
 */
export class Graph {
  /** The graph's message. */
  readonly proto: GraphProto;
  /** The model that it is part of. */
  readonly model: Model;
  /** The graph around it, if it is the body of a node. */
  readonly outer?: Graph;
  /**
   * The nodes in an order in which they can run, each once. The message should have them so too, but not all files do: nor do
   * some spare us a second Constant by the name of a first that is the same.
   */
  readonly nodes: readonly NodeProto[];
  readonly #definitions = new Map<string, Definition>();
  readonly #uses = new Map<string, Use[]>();
  /** The values of the graphs around it that it uses. */
  readonly #captured = new Set<string>();
  readonly #bodies = new Map<NodeProto, Graph[]>();
  readonly #constants = new Map<string, OnnxTensor | undefined>();
  readonly #opsets: readonly OperatorSetIdProto[];
  readonly #budget: Budget;
  #functions?: ReadonlyMap<string, FunctionProto>;
  #types?: Map<string, ValueType>;

  private constructor(
    model: Model,
    proto: GraphProto,
    opsets: readonly OperatorSetIdProto[],
    budget: Budget,
    outer?: Graph,
  ) {
    this.model = model;
    this.proto = proto;
    this.#opsets = opsets;
    this.#budget = budget;
    this.outer = outer;
    this.#defineStored();
    const nodes = proto.node.filter((node) => !this.#isRepeated(node));
    for (const node of nodes) this.#visit(node);
    this.nodes = this.#sort(nodes);
    proto.output.forEach(({ name }, index) => this.#use(name, { graph: this, index }));
  }

  /**
   * The main graph of a model.
   *
   * @throws {ModelError} If it is no graph in ONNX's sense: a value is given twice or by nothing, or nodes wait for each
   * other in a circle.
   * @throws {TypeError | RangeError} If it is no model, or an option does not fit.
   */
  static of(model: Model, options: GraphOptions = {}): Graph {
    names.check("Graph.of", options);
    const { maxBytes } = options;
    if (maxBytes !== undefined) checkNumber("Graph.of", "maxBytes", maxBytes, 0);
    checkModel("Graph.of", "model", model);
    if (model.graph === undefined) throw new ModelError("The model has no graph.");
    return new Graph(model, model.graph, model.opsetImport, new Budget(model, maxBytes));
  }

  /**
   * The body of a function of the model, as a graph: its inputs and outputs have names, but no types.
   *
   * @throws {ModelError} As for {@linkcode Graph.of}.
   */
  static ofFunction(model: Model, { name, node, input, output, valueInfo: known, opsetImport }: FunctionProto): Graph {
    const info = (name: string) => valueInfo(name);
    const proto = create(GraphProtoSchema, { name, input: input.map(info), output: output.map(info) });
    proto.node = node;
    proto.valueInfo = known;
    return new Graph(model, proto, opsetImport, new Budget(model));
  }

  /** The version of an operator set that the model imports (or the function, of whose body this is a view). */
  opset(domain = ""): number | undefined {
    const full = (domain: string) => domain === "" ? "ai.onnx" : domain;
    const found = this.#opsets.find((one) => full(one.domain) === full(domain));
    return found && Number(found.version);
  }

  /** The function of the model's own that a node calls, or undefined if it is an operator from elsewhere. */
  functionOf({ domain, opType, overload }: NodeProto): FunctionProto | undefined {
    return this.#functionsOfModel().get(functionKey(domain, opType, overload));
  }

  #functionsOfModel(): ReadonlyMap<string, FunctionProto> {
    if (this.outer) return this.outer.#functionsOfModel();
    return this.#functions ??= new Map(
      this.model.functions.map((one) => [functionKey(one.domain, one.name, one.overload), one]),
    );
  }

  /** The graphs inside of a node, in the order of its attributes: for an If both branches, for a Loop or a Scan its body. */
  bodies(node: NodeProto): readonly Graph[] {
    return this.#bodies.get(node) ?? [];
  }

  /** The graph that a value belongs to: this one or one around it; undefined if there is no such value. */
  scopeOf(name: string): Graph | undefined {
    return this.#definitions.has(name) ? this : this.outer?.scopeOf(name);
  }

  /** The node that gives a value; undefined for inputs, initializers and what is not there. */
  producer(name: string): NodeProto | undefined {
    const definition = this.#definition(name);
    return definition?.kind === "node" ? definition.node : undefined;
  }

  /** Every place where a value is used: by nodes, those of graphs inside included, and as an output. */
  uses(name: string): readonly Use[] {
    const scope = this.scopeOf(name);
    return scope ? scope.#uses.get(name) ?? [] : [];
  }

  /** The nodes that read a value, each once. */
  consumers(name: string): readonly NodeProto[] {
    return [...new Set(this.uses(name).map(({ node }) => node).filter((node) => node !== undefined))];
  }

  /** Whether a value is an output of its graph. */
  isOutput(name: string): boolean {
    return this.uses(name).some(({ node }) => node === undefined);
  }

  /** The message of the initializer that a value is; undefined if it is none, or a sparse one. */
  initializer(name: string): TensorProto | undefined {
    const definition = this.#definition(name);
    if (definition?.kind !== "initializer" || definition.proto.$typeName !== "onnx.TensorProto") return undefined;
    return definition.proto;
  }

  /**
   * Whether a value is stored in the model, but whoever runs it may give another: an initializer that is an input too. In files of
   * version 3 of the format all of them are, as that version asks for, and none is meant so: runtimes take them for constants, and so does
   * this.
   */
  isOverridable(name: string): boolean {
    const definition = this.#definition(name);
    return definition?.kind === "initializer" && definition.overridable;
  }

  /**
   * The tensor that a value always is: stored as an initializer or by a Constant node, or made of such by the simple operators
   * that exporters leave behind (Identity, Cast, Reshape, Transpose, Expand, ConstantOfShape, arithmetic). What they make is
   * computed when its `data` is first read, and weights that nobody asks for are never read.
   *
   * Undefined if it is not constant, may be overridden, lies in a file that was not read, has no array here, or would be beyond
   * {@linkcode GraphOptions.maxBytes}.
   *
   * @throws {ModelError} If it is stored wrongly.
   */
  constant(name: string): OnnxTensor | undefined {
    return this.#constant(name, 0);
  }

  #constant(name: string, depth: number): OnnxTensor | undefined {
    const scope = this.scopeOf(name);
    if (scope === undefined || depth > longestFold) return undefined;
    if (!scope.#constants.has(name)) scope.#constants.set(name, scope.#computeConstant(name, depth));
    return scope.#constants.get(name);
  }

  /** What is known of a value's type and dims; see {@linkcode Graph.dims}. */
  type(name: string): ValueType {
    const scope = this.scopeOf(name);
    if (scope === undefined) return {};
    return scope.#inferred().get(name) ?? {};
  }

  /** The types of all values; those of the graph around it first, of which this one's follow. */
  #inferred(): ReadonlyMap<string, ValueType> {
    if (this.#types === undefined && this.outer) this.outer.#inferred();
    if (this.#types === undefined) inferTypes(this, this.#types = new Map());
    return this.#types;
  }

  /**
   * The dims of a value as far as they follow from what the model says and from ONNX's rules for the operators on the way: a
   * number, a symbolic name, or undefined for each. Undefined as a whole if not even their number is known.
   */
  dims(name: string): readonly Dim[] | undefined {
    return this.type(name).dims;
  }

  #definition(name: string): Definition | undefined {
    const scope = this.scopeOf(name);
    return scope && scope.#definitions.get(name);
  }

  #define(name: string, definition: Definition): void {
    if (name === "") return;
    const before = this.#definitions.get(name);
    if (before !== undefined) {
      throw new ModelError(
        `Graph ${JSON.stringify(this.proto.name)} gives the value ${JSON.stringify(name)} twice: ${
          giverOf(before)
        } and ` +
          `${
            giverOf(definition)
          } do. onnxruntime takes one of the two; the file can be read, written and run, but not viewed.`,
      );
    }
    this.#definitions.set(name, definition);
  }

  /** Defines what a node gives, unless it is a Constant that stands there already, as some exporters write one twice. */
  #isRepeated(node: NodeProto): boolean {
    const same = node.opType === "Constant" && this.#definitions.get(node.output[0] ?? "");
    if (same && same.kind === "node" && equals(NodeProtoSchema, { ...same.node, name: "" }, { ...node, name: "" })) {
      return true;
    }
    node.output.forEach((name, index) => this.#define(name, { kind: "node", node, index }));
    return false;
  }

  /** Inputs and stored tensors; an initializer with an input's name is that input's default. */
  #defineStored(): void {
    const inputs = new Set(this.proto.input.map(({ name }) => name));
    if (inputs.size < this.proto.input.length) {
      throw new ModelError(`Graph ${JSON.stringify(this.proto.name)} has two inputs of one name.`);
    }
    const store = (name: string, proto: TensorProto | SparseTensorProto) => {
      // Before version 4 of the format every initializer had to be an input too; runtimes take those for constants.
      const overridable = inputs.delete(name) && this.model.irVersion >= 4n;
      this.#define(name, { kind: "initializer", proto, overridable });
    };
    for (const tensor of this.proto.initializer) store(tensor.name, tensor);
    for (const sparse of this.proto.sparseInitializer) store(sparse.values?.name ?? "", sparse);
    for (const name of inputs) this.#define(name, { kind: "input" });
  }

  #visit(node: NodeProto): void {
    node.input.forEach((name, index) => this.#use(name, { graph: this, node, index }));
    const bodies = node.attribute
      .flatMap(({ g, graphs }) => g ? [g, ...graphs] : graphs)
      .map((body) => new Graph(this.model, body, this.#opsets, this.#budget, this));
    if (bodies.length > 0) this.#bodies.set(node, bodies);
  }

  #sort(nodes: readonly NodeProto[]): NodeProto[] {
    const sorted = inOrder(nodes, (node) => {
      const read = [...node.input, ...this.bodies(node).flatMap((body) => [...body.#captured])];
      return read.map((name) => this.#definitions.get(name))
        .map((definition) => definition?.kind === "node" ? definition.node : undefined)
        .filter((node) => node !== undefined);
    });
    if (sorted === undefined) {
      throw new ModelError(`Graph ${JSON.stringify(this.proto.name)} has nodes that wait for each other in a circle.`);
    }
    return sorted;
  }

  #use(name: string, use: Use): void {
    if (name === "") return;
    const scope = this.scopeOf(name);
    if (scope === undefined) {
      const { node, graph } = use;
      const who = node
        ? `node ${JSON.stringify(node.name)} (${node.opType})`
        : `graph ${JSON.stringify(graph.proto.name)}`;
      throw new ModelError(
        `The value ${JSON.stringify(name)}, which ${who} ${node ? "reads" : "has as an output"}, is given by nothing.`,
      );
    }
    for (let graph: Graph = use.graph; graph !== scope; graph = graph.outer!) graph.#captured.add(name);
    const uses = scope.#uses.get(name);
    if (uses) uses.push(use);
    else scope.#uses.set(name, [use]);
  }

  #computeConstant(name: string, depth: number): OnnxTensor | undefined {
    const definition = this.#definitions.get(name);
    if (definition?.kind === "initializer") return definition.overridable ? undefined : this.#read(definition.proto);
    if (definition?.kind !== "node" || !isStandard(definition.node) || this.functionOf(definition.node)) {
      return undefined;
    }
    const { node } = definition;
    if (node.opType !== "Constant") {
      return this.#budget.afford(folded(node, (index) => this.#constant(node.input[index] ?? "", depth + 1)));
    }
    const sparse = sparseAttributeOf(node, "sparse_value");
    return sparse ? this.#budget.afford(denseOf(sparse)) : constantOf(node);
  }

  #read(proto: TensorProto | SparseTensorProto): OnnxTensor | undefined {
    return proto.$typeName === "onnx.TensorProto" ? readable(proto) : this.#budget.afford(denseOf(proto));
  }
}

/** What gives a value, in words. */
function giverOf(definition: Definition): string {
  if (definition.kind !== "node") return definition.kind === "input" ? "an input" : "an initializer";
  return `node ${JSON.stringify(definition.node.name)} (${definition.node.opType})`;
}

/** A chain of more operators on constants than any exporter leaves is not followed to its end. */
const longestFold = 100;

/** What a node calls a function by. */
function functionKey(...names: [domain: string, name: string, overload: string]): string {
  return JSON.stringify(names);
}
