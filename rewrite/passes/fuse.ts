import type { Editor } from "../../onnx/mod.ts";
import { type Finding, findNorms } from "../find/findings.ts";
import { type Writable, writable } from "../find/obstacle.ts";
import { instanceEpsilons, instanceFault } from "./instance_epsilon.ts";
import { normFragment, type Plan, planOf } from "./norm_fragment.ts";
import { opsetObstacle, raiseOpset } from "./opset.ts";
import { type Action, operatorsOf, type Pass } from "./pass.ts";

interface Planned {
  readonly finding: Finding;
  readonly at: Writable;
  readonly plan: Plan;
}

/**
 * Every normalization that is spelled out becomes the one operator that computes it: LayerNormalization, RMSNormalization or
 * InstanceNormalization, between two Transposes where its axes are not the last. Group norm stays as exporters write it, since
 * onnxruntime takes GroupNormalization apart again. The version of the operator set is raised where it has to be.
 */
export const fuse: Pass = (editor, { target }) => {
  const planned: Planned[] = [], actions: Action[] = [], isWebGpu = target === "webgpu" || target === "any";
  const say = ({ y }: Finding, what: string, done = false) => actions.push({ pass: "fuse", value: y, what, done });
  let [firstEpsilon]: Iterable<number | undefined> = instanceEpsilons(editor.view());
  for (const finding of findNorms(editor.view())) {
    if (isFused(finding) || finding.axes.startsWith("groups=")) continue;
    const isInstance = !isWebGpu || instanceFault(finding.epsilon, firstEpsilon) === undefined;
    const at = writable(finding), plan = typeof at === "string" ? undefined : planOf(finding, at, "fused", isInstance);
    if (plan?.operator === "InstanceNormalization") firstEpsilon ??= finding.epsilon;
    if (typeof at === "string") say(finding, at);
    else if (plan === undefined) say(finding, "the sizes of its scale are not known");
    else planned.push({ finding, at, plan });
  }
  const { opset, obstacle } = reachable(editor, planned.map(({ plan }) => plan.since));
  const written = planned.filter(({ finding, plan }) => {
    const isThere = plan.since <= opset;
    if (!isThere) say(finding, `${plan.operator} is of opset ${plan.since}, and ${obstacle}`);
    return isThere;
  });
  if (written.length === 0) return actions;
  raiseOpset(editor, opset);
  // Found again: what is raised is written anew, under the same names.
  const found = new Map(findNorms(editor.view()).map((finding) => [finding.y, finding]));
  for (const { finding: { y, nodes }, at, plan } of written) {
    const finding = found.get(y);
    if (finding === undefined) continue;
    const fragment = normFragment(finding, at, plan, "fused");
    if (typeof fragment === "string") {
      say(finding, fragment);
      continue;
    }
    editor.replace(finding.graph, fragment);
    say(finding, `${operatorsOf(nodes)} to ${plan.operator}`, true);
  }
  editor.clean();
  return actions;
};

/** Whether it is one node already. */
function isFused({ nodes: [node, ...others] }: Finding): boolean {
  return others.length === 0 && node.opType.endsWith("Normalization");
}

/** The latest version that operators need and that the model can be brought to, and what keeps it from a later one. */
function reachable(editor: Editor, needed: readonly number[]): { opset: number; obstacle?: string } {
  const now = editor.view().opset() ?? 0;
  let obstacle: string | undefined;
  for (const opset of [...new Set(needed)].sort((a, b) => b - a)) {
    if (opset <= now) break;
    const found = opsetObstacle(editor, opset);
    if (found === undefined) return { opset, obstacle };
    obstacle ??= found;
  }
  return { opset: now, obstacle };
}
