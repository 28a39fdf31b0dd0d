import {
  attributeOf,
  type Editor,
  type Graph,
  type NodeProto,
  type OnnxTensor,
  protoOf,
  tensorOf,
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
 * Every value that is float32 and fits becomes float16, under its name. A node that reads or gives one that does not fit, or of
 * whose types not all is known, computes in float32 between Casts; so does all that is inside of If, Loop and Scan, where nothing
 * is measured.
 */
export function convert(editor: Editor, ranges: Ranges): Action[] {
  return new Conversion(editor, ranges).convert();
}

class Conversion {
  readonly #editor: Editor;
  readonly #ranges: Ranges;
  readonly #graph: Graph;
  /** The float32 form of a value that is float16 now, by name. */
  readonly #wide = new Map<string, string>();

  constructor(editor: Editor, ranges: Ranges) {
    this.#editor = editor;
    this.#ranges = ranges;
    this.#graph = editor.view();
  }

  convert(): Action[] {
    const graph = this.#graph, { proto } = graph, actions: Action[] = [];
    // Told before anything is changed, since the view looks at the messages.
    const half = new Set([...valuesOf(graph)].filter((name) => this.#isHalf(name)));
    const plans = graph.nodes.map((node) => ({ node, obstacle: this.#obstacle(node), bodies: graph.bodies(node) }));
    for (const { node, obstacle, bodies } of plans) {
      for (const body of bodies) this.#widen(body);
      const isTouched = [...node.input, ...node.output].some((name) => this.#isHalf(name));
      if (obstacle === undefined && isTouched) this.#narrow(node);
      if (obstacle === undefined || !isTouched && bodies.length === 0) continue;
      this.#keep(node);
      actions.push({
        pass: "float16",
        value: node.output[0],
        what: `${node.opType} stays: ${obstacle}`,
        done: false,
      });
    }
    proto.initializer = proto.initializer.map((one) =>
      half.has(one.name) ? protoOf(halfOf(tensorOf(one)), one.name) : one
    );
    proto.valueInfo = proto.valueInfo.map((info) => half.has(info.name) ? halfInfo(info) : info);
    return actions;
  }

  /** Whether a value becomes float16. What the graph is given and gives stays. */
  #isHalf(name: string): boolean {
    const range = this.#ranges.get(name), graph = this.#graph;
    const isDoor = graph.isOutput(name) || (!graph.producer(name) && !graph.initializer(name)) ||
      graph.isOverridable(name);
    return range !== undefined && !isDoor && fits(range);
  }

  /** Why a node computes in float32; undefined if it does in float16. */
  #obstacle(node: NodeProto): string | undefined {
    const { opType, input, output } = node, graph = this.#graph;
    if (graph.bodies(node).length > 0) return "what is inside is not measured";
    if (opType === "Cast" || opType === "Constant" || opType === "ConstantOfShape") return undefined;
    if (!isStandard(node) || graph.functionOf(node)) return "it is no operator of ONNX";
    if (withoutFloat16.has(opType)) return "ONNX has it in float32";
    if (wideWithin.has(opType)) return "what it sums or squares may not fit float16";
    if (opType === "LayerNormalization" && output.slice(1).some((name) => name !== "")) {
      return "its statistics are float32";
    }
    const given = input.filter((name, index) => name !== "" && !alwaysFloat32[opType]?.includes(index));
    const values = [...given, ...output.filter((name) => name !== "")];
    if (values.some((name) => this.#isFloat32(name) && !this.#isHalf(name))) {
      return "its values do not fit float16";
    }
    if (values.some((name) => this.#typeOf(name) === undefined)) return "its types are not known";
    return given.some((name) => this.#isHalf(name)) ? undefined : "it says itself that it gives float32";
  }

  #typeOf(name: string): string | undefined {
    return this.#ranges.has(name) ? "float32" : this.#graph.type(name).type;
  }

  #isFloat32(name: string): boolean {
    return this.#typeOf(name) === "float32";
  }

  #narrow(node: NodeProto): void {
    const isHalf = this.#isHalf(node.output[0]);
    for (const index of alwaysFloat32[node.opType] ?? []) {
      if (this.#isHalf(node.input[index] ?? "")) node.input[index] = this.#wideOf(node.input[index]);
    }
    if (!isHalf) return;
    if (node.opType === "Cast") setAttribute(node, "to", BigInt(float16));
    if (node.opType === "Constant") {
      node.attribute = [];
      setAttribute(node, "value", halfOf(this.#graph.constant(node.output[0])!));
    }
    if (node.opType === "ConstantOfShape") {
      const value = attributeOf(node, "value") as OnnxTensor | undefined;
      const zero: OnnxTensor = { type: "float32", dims: [1], data: new Float32Array(1) };
      setAttribute(node, "value", halfOf(value ?? zero));
    }
  }

  /** A node that stays in float32: it reads what float16 values are in float32, and what it gives is rounded behind it. */
  #keep(node: NodeProto): void {
    node.input = node.input.map((name) => this.#isHalf(name) ? this.#wideOf(name) : name);
    node.output = node.output.map((name) => {
      if (!this.#isHalf(name)) return name;
      const wide = this.#editor.fresh(name);
      this.#graph.proto.node.push(castNode(this.#editor.fresh("Cast"), wide, name, float16));
      return wide;
    });
  }

  /** A graph inside, and those in it, read what float16 values are in float32. */
  #widen(body: Graph): void {
    for (const node of body.nodes) {
      node.input = node.input.map((name) => this.#isHalf(name) ? this.#wideOf(name) : name);
      for (const inner of body.bodies(node)) this.#widen(inner);
    }
  }

  /** A float16 value in float32, by one Cast for all who want it. */
  #wideOf(name: string): string {
    const known = this.#wide.get(name);
    if (known !== undefined) return known;
    const found = this.#editor.fresh(name), { proto } = this.#graph, stored = this.#graph.initializer(name);
    this.#wide.set(name, found);
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
