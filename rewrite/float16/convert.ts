import {
  attributeOf,
  type Editor,
  type Graph,
  type GraphProto,
  type NodeProto,
  type OnnxTensor,
  protoOf,
  tensorOf,
  type ValueInfoProto,
} from "../../onnx/mod.ts";
import { isStandard } from "../../onnx/standard.ts";
import type { Action } from "../passes/pass.ts";
import { castNode, float16, float32, halfInfo, halfOf, setAttribute } from "./half.ts";
import type { Ranges } from "../verify/ranges.ts";

/**
 * What float16 holds with a factor of two to spare: up to 65504, and down to 2^-14 with all of its 11 digits. A tensor of zeros
 * fits too.
 */
export function fits(largest: number): boolean {
  return largest === 0 || (largest >= 2 ** -14 && largest <= 2 ** 15);
}

/** Operators that ONNX does not define in float16, or whose other float32 inputs say that they are not to be rounded. */
const withoutFloat16 = new Set(
  "Range NonMaxSuppression Multinomial QuantizeLinear DequantizeLinear DynamicQuantizeLinear RoiAlign MelWeightMatrix CumSum"
    .split(" "),
);

/** Operators that sum before they divide, or square: what they give may fit where what is within does not. */
const wideWithin = new Set(
  ("ReduceMean ReduceSum ReduceSumSquare ReduceL2 ReduceProd ReduceLogSum ReduceLogSumExp ReduceL1 GlobalAveragePool " +
    "AveragePool LpNormalization MeanVarianceNormalization LRN GlobalLpPool LpPool").split(" "),
);

/** Inputs that are float32 whatever the type of the others is. */
const alwaysFloat32: Readonly<Record<string, readonly number[]>> = { Resize: [1, 2], Upsample: [1] };

/**
 * A model's inputs and outputs stay float32: behind each input and before each output stands a Cast, for now one that does
 * nothing. What is between may then become float16.
 *
 * @returns The names that inputs and outputs have between the Casts.
 */
export function openDoors(editor: Editor): ReadonlyMap<string, string> {
  const graph = editor.view(), { proto } = graph, inside = new Map<string, string>();
  const cast = (from: string, to: string) => proto.node.push(castNode(editor.fresh("Cast"), from, to, float32));
  for (const { name } of proto.input) {
    if (graph.type(name).type !== "float32" || graph.constant(name)) continue;
    const inner = editor.fresh(name);
    for (const { node, index } of graph.uses(name)) if (node) node.input[index] = inner;
    cast(name, inner);
    inside.set(name, inner);
  }
  for (const { name } of proto.output) {
    const node = graph.producer(name);
    if (!node || graph.type(name).type !== "float32") continue;
    const inner = editor.fresh(name);
    node.output = node.output.map((one) => one === name ? inner : one);
    for (const { node, index } of graph.uses(name)) if (node) node.input[index] = inner;
    cast(inner, name);
    inside.set(name, inner);
  }
  editor.clean();
  return inside;
}

/**
 * Every value that is float32 and fits becomes float16, under its name, in the graphs inside too. A node that reads or gives
 * one that does not fit, or of whose types not all is known, computes in float32 between Casts.
 */
export function convert(editor: Editor, ranges: Ranges): Action[] {
  const graph = editor.view();
  return new Conversion(editor, ranges, graph).convert(graph);
}

class Conversion {
  readonly #editor: Editor;
  readonly #ranges: Ranges;
  readonly #main: Graph;
  /** The float32 form of a value that is float16 now, by graph and name. */
  readonly #wide = new Map<GraphProto, Map<string, string>>();

  constructor(editor: Editor, ranges: Ranges, main: Graph) {
    this.#editor = editor;
    this.#ranges = ranges;
    this.#main = main;
  }

  convert(graph: Graph): Action[] {
    const { proto } = graph, actions: Action[] = [];
    // Told before anything is changed, since the view looks at the messages.
    const half = new Set([...valuesOf(graph)].filter((name) => this.#isHalf(graph, name)));
    const plans = graph.nodes.map((node) => ({ node, obstacle: this.#obstacle(graph, node) }));
    for (const { node, obstacle } of plans) {
      for (const body of graph.bodies(node)) actions.push(...this.convert(body));
      const isTouched = [...node.input, ...node.output].some((name) => this.#isHalf(graph, name));
      if (graph.bodies(node).length > 0) this.#enclose(graph, node);
      else if (!isTouched) continue;
      else if (obstacle === undefined) this.#narrow(graph, node);
      else {
        this.#keep(graph, node);
        actions.push({
          pass: "float16",
          value: node.output[0],
          what: `${node.opType} stays: ${obstacle}`,
          done: false,
        });
      }
    }
    proto.initializer = proto.initializer.map((one) =>
      half.has(one.name) ? protoOf(halfOf(tensorOf(one)), one.name) : one
    );
    const isMain = graph === this.#main;
    const narrowed = (info: ValueInfoProto) => half.has(info.name) ? halfInfo(info) : info;
    proto.valueInfo = proto.valueInfo.map(narrowed);
    proto.input = proto.input.map(narrowed);
    if (!isMain) proto.output = proto.output.map(narrowed);
    return actions;
  }

  /** Whether a value becomes float16. What a main graph is given and gives stays; within graphs inside, nothing was measured. */
  #isHalf(graph: Graph, name: string): boolean {
    const scope = name === "" ? undefined : graph.scopeOf(name);
    if (scope === undefined) return false;
    if (scope !== this.#main) return this.#isFloat32(scope, name);
    const range = this.#ranges.get(name),
      isDoor = scope.isOutput(name) || (!scope.producer(name) && !scope.initializer(name)) || scope.isOverridable(name);
    return range !== undefined && !isDoor && fits(range);
  }

  /** Why a node computes in float32; undefined if it does in float16. */
  #obstacle(graph: Graph, node: NodeProto): string | undefined {
    const { opType, input, output } = node;
    if (opType === "Cast" || opType === "Constant" || opType === "ConstantOfShape") return undefined;
    if (!isStandard(node) || graph.functionOf(node)) return "it is no operator of ONNX";
    if (withoutFloat16.has(opType)) return "ONNX has it in float32";
    if (wideWithin.has(opType)) return "what it sums or squares may not fit float16";
    if (opType === "LayerNormalization" && output.slice(1).some((name) => name !== "")) {
      return "its statistics are float32";
    }
    const given = input.filter((name, index) => name !== "" && !alwaysFloat32[opType]?.includes(index));
    const values = [...given, ...output.filter((name) => name !== "")];
    if (values.some((name) => this.#isFloat32(graph, name) && !this.#isHalf(graph, name))) {
      return "its values do not fit float16";
    }
    if (values.some((name) => this.#typeOf(graph, name) === undefined)) return "its types are not known";
    return given.some((name) => this.#isHalf(graph, name)) ? undefined : "it says itself that it gives float32";
  }

  #typeOf(graph: Graph, name: string): string | undefined {
    return graph.scopeOf(name) === this.#main && this.#ranges.has(name) ? "float32" : graph.type(name).type;
  }

  #isFloat32(graph: Graph, name: string): boolean {
    return this.#typeOf(graph, name) === "float32";
  }

  #narrow(graph: Graph, node: NodeProto): void {
    const isHalf = this.#isHalf(graph, node.output[0]);
    for (const index of alwaysFloat32[node.opType] ?? []) {
      if (this.#isHalf(graph, node.input[index] ?? "")) node.input[index] = this.#wideOf(graph, node.input[index]);
    }
    if (!isHalf) return;
    if (node.opType === "Cast") setAttribute(node, "to", BigInt(float16));
    if (node.opType === "Constant") {
      node.attribute = [];
      setAttribute(node, "value", halfOf(graph.constant(node.output[0])!));
    }
    if (node.opType === "ConstantOfShape") {
      const value = attributeOf(node, "value") as OnnxTensor | undefined;
      const zero: OnnxTensor = { type: "float32", dims: [1], data: new Float32Array(1) };
      setAttribute(node, "value", halfOf(value ?? zero));
    }
  }

  /** A node that stays in float32: it reads what float16 values are in float32, and what it gives is rounded behind it. */
  #keep(graph: Graph, node: NodeProto): void {
    node.input = node.input.map((name) => this.#isHalf(graph, name) ? this.#wideOf(graph, name) : name);
    node.output = node.output.map((name) => {
      if (!this.#isHalf(graph, name)) return name;
      const wide = this.#editor.fresh(name);
      graph.proto.node.push(castNode(this.#editor.fresh("Cast"), wide, name, float16));
      return wide;
    });
  }

  /** What graphs inside are given and give is float16; what does not fit is cast at their borders. */
  #enclose(graph: Graph, node: NodeProto): void {
    const isWide = (name: string) => this.#isFloat32(graph, name) && !this.#isHalf(graph, name);
    const cast = (from: string, to: string, type: number) =>
      graph.proto.node.push(castNode(this.#editor.fresh("Cast"), from, to, type));
    node.input = node.input.map((name) => {
      if (!isWide(name)) return name;
      const half = this.#editor.fresh(name);
      cast(name, half, float16);
      return half;
    });
    node.output = node.output.map((name) => {
      if (!isWide(name)) return name;
      const half = this.#editor.fresh(name);
      cast(half, name, float32);
      return half;
    });
  }

  /** A float16 value in float32, by one Cast for all who want it. */
  #wideOf(graph: Graph, name: string): string {
    const { proto } = graph, known = this.#wide.get(proto) ?? new Map<string, string>();
    this.#wide.set(proto, known);
    const found = known.get(name) ?? this.#editor.fresh(name);
    if (known.has(name)) return found;
    known.set(name, found);
    const stored = graph.initializer(name);
    // A constant is there in all of its digits.
    if (stored) proto.initializer.push(protoOf(tensorOf(stored), found));
    else proto.node.push(castNode(this.#editor.fresh("Cast"), name, found, float32));
    return found;
  }
}

function* valuesOf({ proto, nodes }: Graph): Generator<string> {
  for (const { name } of [...proto.input, ...proto.initializer, ...proto.output]) yield name;
  for (const { output } of nodes) yield* output;
}
