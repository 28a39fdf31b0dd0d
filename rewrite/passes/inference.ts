import { type Editor, Fragment, type Graph, type NodeProto } from "../../onnx/mod.ts";
import { isStandard } from "../../onnx/standard.ts";
import { isInference } from "../find/affine.ts";
import { Call } from "../find/call.ts";
import { dropsNothing } from "../find/rules.ts";
import { attributesOf } from "./attributes.ts";
import type { Action } from "./pass.ts";

/**
 * Nodes in training mode as they are at inference: BatchNormalization takes the statistics that are stored, and Dropout drops
 * nothing. That changes what the model gives, and so has to be asked for.
 */
export function toInference(editor: Editor): Action[] {
  const actions: Action[] = [];
  const visit = (graph: Graph) => {
    for (const node of graph.nodes) {
      for (const body of graph.bodies(node)) visit(body);
      if (!isStandard(node) || graph.functionOf(node) || !isTraining(new Call(graph, node))) continue;
      const [y, ...others] = node.output, used = others.find((name) => name !== "" && graph.uses(name).length > 0);
      const say = (what: string, done: boolean) => actions.push({ pass: "inference", value: y, what, done });
      if (used !== undefined) {
        say(`${node.opType} stays in training mode: its output ${used} is used`, false);
        continue;
      }
      editor.replace(graph, atInference(graph, node));
      say(`${node.opType} was in training mode`, true);
    }
  };
  visit(editor.view());
  editor.clean();
  return actions;
}

function isTraining(call: Call): boolean {
  const { opType, input } = call.node;
  if (opType === "BatchNormalization") {
    return input.length === 5 && !isInference(call) && call.float("spatial", 1) !== 0;
  }
  return opType === "Dropout" && !dropsNothing(call) && (call.constant(2) !== undefined || input[2] === undefined);
}

function atInference(graph: Graph, node: NodeProto): Fragment {
  const f = new Fragment(), inputs = node.input.map((name) => f.value(name)), isOld = (graph.opset() ?? 0) < 7;
  const attributes = { ...attributesOf(node, "training_mode"), ...isOld && { is_test: 1n } };
  f.give(
    node.output[0],
    node.opType === "Dropout" ? f.op("Identity", inputs.slice(0, 1)) : f.op(node.opType, inputs, attributes),
  );
  return f;
}
