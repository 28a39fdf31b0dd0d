import { type Editor, Fragment, type Graph, type NodeProto, type Value } from "../../onnx/mod.ts";
import { isStandard } from "../../onnx/standard.ts";
import { Call } from "../find/call.ts";
import { realType } from "../find/affine.ts";
import { typed } from "./norm_fragment.ts";
import { attributesOf } from "./attributes.ts";

/** What a later version of the operator set changed in an operator. */
interface Change {
  /** The version that changed it. */
  readonly since: number;
  /** Why a node cannot go along; undefined where it can, or is not concerned. */
  readonly obstacle?: (call: Call) => string | undefined;
  /** Writes a node in the new version; undefined where it stays as it is. */
  readonly convert?: (call: Call) => Fragment | undefined;
}

const has = (call: Call, name: string) => call.node.attribute.some((one) => one.name === name);

/** A list that was an attribute becomes the second input. */
function toInput(since: number, name: string): Change {
  return {
    since,
    convert(call) {
      const { node } = call, list = has(call, name) ? call.list(name) : undefined;
      if (!list) return undefined;
      const f = new Fragment(), inputs = [f.value(node.input[0]), f.int64(list)];
      return giving(f, node, inputs, attributesOf(node, name));
    },
  };
}

/** A fragment with a node like another, for all of its outputs. */
function giving(
  f: Fragment,
  { opType, output }: NodeProto,
  inputs: readonly Value[],
  attributes: ReturnType<typeof attributesOf>,
): Fragment {
  const given = output.filter((name) => name !== "");
  f.ops(opType, inputs, attributes, output.map((name) => name !== "")).forEach((value, i) => f.give(given[i], value));
  return f;
}

/** A node with a certain attribute cannot go along: what it says is said otherwise in the new version. */
function unless(since: number, refuses: (call: Call) => boolean): Change {
  return { since, obstacle: (call) => refuses(call) ? `${call.node.opType} changed in opset ${since}` : undefined };
}

const refused = (since: number) => unless(since, () => true);

/** Up to version 12 the axes from one on were taken as one; that is the same for the last, which is now the default. */
const softmax: Change = {
  since: 13,
  obstacle(call) {
    const rank = call.dims()?.length, axis = call.float("axis", 1);
    return axis === -1 || (rank !== undefined && axis === rank - 1)
      ? undefined
      : "Softmax over several axes changed in opset 13";
  },
  convert(call) {
    const { node } = call, f = new Fragment();
    f.give(node.output[0], f.op(node.opType, [f.value(node.input[0])], { ...attributesOf(node, "axis"), axis: -1n }));
    return f;
  },
};

/** From version 18 on the number of parts is said where their sizes are not. */
const splitEvenly: Change = {
  since: 18,
  convert(call) {
    const { node } = call;
    if (call.input(1) !== "" || has(call, "split") || has(call, "num_outputs")) return undefined;
    const f = new Fragment(), count = BigInt(node.output.length);
    const attributes = { ...attributesOf(node), num_outputs: count };
    return giving(f, node, [f.value(node.input[0])], attributes);
  },
};

const dropout: Change = {
  since: 12,
  convert({ node }) {
    const f = new Fragment();
    f.give(node.output[0], f.op("Identity", [f.value(node.input[0])]));
    return f;
  },
  obstacle: ({ node }) => node.output[1] ? "Dropout with a mask changed in opset 12" : undefined,
};

/** From version 11 on the bounds are inputs. */
const clip: Change = {
  since: 11,
  obstacle: ({ graph, node }) => realType(graph, node) === undefined ? "the type of a Clip is not known" : undefined,
  convert(call) {
    if (!has(call, "min") && !has(call, "max")) return undefined;
    const { node, graph } = call, f = new Fragment(), type = realType(graph, node)!;
    const bound = (name: string) => has(call, name) ? f.constant(typed(type, [], [call.float(name, 0)])) : undefined;
    f.give(node.output[0], f.op("Clip", [f.value(node.input[0]), bound("min"), bound("max")]));
    return f;
  },
};

/** From version 10 on what is cut out is said by inputs. */
const slice: Change = {
  since: 10,
  convert(call) {
    if (!has(call, "starts")) return undefined;
    const { node } = call,
      f = new Fragment(),
      lists = ["starts", "ends", "axes"].map((name) => call.list(name));
    f.give(
      node.output[0],
      f.op("Slice", [f.value(node.input[0]), ...lists.map((list) => list ? f.int64(list) : undefined)]),
    );
    return f;
  },
};

const reduction = [toInput(18, "axes")];

/**
 * Operators whose meaning or form changed after version 7 in a way that an older node may notice. Others only took more types
 * or options. Source: ONNX's changelog of operators (docs/Changelog.md).
 */
const changes: Readonly<Record<string, readonly Change[]>> = {
  BatchNormalization: [
    unless(9, (call) => call.float("spatial", 1) === 0),
    unless(14, ({ node }) => node.output.length > 1),
  ],
  Clip: [clip],
  DFT: [refused(20)],
  Dropout: [dropout],
  GridSample: [refused(20)],
  GroupNormalization: [refused(21)],
  Hardmax: [softmax],
  LogSoftmax: [softmax],
  Pad: [unless(11, (call) => has(call, "pads") || !call.input(1))],
  ReduceL1: reduction,
  ReduceL2: reduction,
  ReduceLogSum: reduction,
  ReduceLogSumExp: reduction,
  ReduceMax: reduction,
  ReduceMean: reduction,
  ReduceMin: reduction,
  ReduceProd: reduction,
  ReduceSum: [toInput(13, "axes")],
  ReduceSumSquare: reduction,
  Resize: [refused(11)],
  RoiAlign: [unless(16, (call) => !has(call, "coordinate_transformation_mode"))],
  Scatter: [refused(11)],
  Slice: [slice],
  Softmax: [softmax],
  Split: [toInput(13, "split"), splitEvenly],
  Squeeze: [toInput(13, "axes")],
  TopK: [unless(10, (call) => has(call, "k"))],
  Unsqueeze: [toInput(13, "axes")],
  Upsample: [refused(9), refused(10)],
};

/** The oldest version whose operators are known here. */
const oldest = 7;

/** Why a model cannot be brought to a version of the operator set; undefined if it can. */
export function opsetObstacle(editor: Editor, opset: number): string | undefined {
  const graph = editor.view(), now = graph.opset() ?? 0;
  if (opset <= now) return undefined;
  if (now < oldest) return `opset ${now} is too old to be raised`;
  for (const { call, change } of changesIn(graph, now, opset)) {
    const obstacle = change.obstacle?.(call);
    if (obstacle) return `${obstacle} (it gives ${JSON.stringify(call.node.output[0])})`;
  }
  return undefined;
}

/** Brings a model that nothing keeps from it to a version of the operator set. Each node stays what it was. */
export function raiseOpset(editor: Editor, opset: number): void {
  const now = editor.view().opset() ?? 0;
  if (opset <= now) return;
  const versions = new Set(Object.values(changes).flatMap((list) => list.map(({ since }) => since)));
  for (const version of [...versions].filter((one) => now < one && one <= opset).sort((a, b) => a - b)) {
    for (const { call, change } of [...changesIn(editor.view(), version - 1, version)]) {
      const fragment = change.convert?.(call);
      if (fragment) editor.replace(call.graph, fragment);
    }
  }
  editor.clean();
  editor.setOpset(opset);
}

/** Every node that a version after the first and up to the last changed, in a graph and in those inside of it. */
function* changesIn(graph: Graph, after: number, last: number): Generator<{ call: Call; change: Change }> {
  for (const node of graph.nodes) {
    for (const change of changesOf(node)) {
      if (after < change.since && change.since <= last) yield { call: new Call(graph, node), change };
    }
    for (const body of graph.bodies(node)) yield* changesIn(body, after, last);
  }
}

function changesOf(node: NodeProto): readonly Change[] {
  // A node that reads or gives nothing is broken, and stays so.
  if (!node.input[0] || !node.output[0]) return [];
  return isStandard(node) && Object.hasOwn(changes, node.opType) ? changes[node.opType] : [];
}
