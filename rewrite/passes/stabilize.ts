import type { Fragment } from "../../onnx/mod.ts";
import { type Finding, findNorms } from "../find/findings.ts";
import { writable } from "../find/obstacle.ts";
import { normFragment, planOf } from "./norm_fragment.ts";
import { opsetObstacle, raiseOpset } from "./opset.ts";
import { type Action, operatorsOf, type Pass } from "./pass.ts";

/** The oldest version of the operator set that the robust forms are written in. */
const oldest = 17;

/**
 * Every normalization becomes Evenkeel's robust form: x is shifted by one of its elements before it is summed, sums are kept
 * short, and float16 is computed in float32. It is right on every backend, at any offset.
 */
export const stabilize: Pass = (editor) => {
  const actions: Action[] = [], obstacle = opsetObstacle(editor, oldest);
  if (obstacle !== undefined) {
    return findNorms(editor.view()).map(({ y }) => ({ pass: "stabilize", value: y, what: obstacle, done: false }));
  }
  raiseOpset(editor, oldest);
  for (const finding of findNorms(editor.view())) {
    const { graph, y, nodes } = finding, fragment = robust(finding);
    if (typeof fragment === "string") {
      actions.push({ pass: "stabilize", value: y, what: fragment, done: false });
      continue;
    }
    editor.replace(graph, fragment);
    actions.push({ pass: "stabilize", value: y, what: `${operatorsOf(nodes)} to the robust form`, done: true });
  }
  editor.clean();
  return actions;
};

/** A finding in the robust form, or why it cannot be. */
export function robust(finding: Finding): Fragment | string {
  const at = writable(finding), plan = typeof at === "string" ? undefined : planOf(finding, at, "robust");
  if (typeof at === "string") return at;
  return plan ? normFragment(finding, at, plan, "robust") : "its axes are not known";
}
