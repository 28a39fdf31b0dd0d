import { type Finding, findNorms } from "../find/findings.ts";
import { opsetObstacle, raiseOpset } from "./opset.ts";
import type { Action, Pass } from "./pass.ts";
import { robust } from "./stabilize.ts";

/** What a norm without an epsilon gets: beside data of any use it changes nothing, and zeros stay zeros. */
const mended = 1e-15;

/** The smallest number of float16 that is not zero, halved: what is below becomes 0. */
const underflow = 2 ** -25;

/** Why an epsilon does not keep the norm from dividing by zero; undefined if it does. */
export function epsilonFault({ epsilon, graph, x }: Pick<Finding, "epsilon" | "graph" | "x">): string | undefined {
  if (epsilon === 0) return "it has no epsilon: of what is the same everywhere it gives NaN";
  const isHalf = graph.type(x).type === "float16";
  return isHalf && epsilon < underflow ? `its epsilon of ${epsilon} is 0 in float16` : undefined;
}

/**
 * Gives norms an epsilon that have none, or one that float16 rounds to 0, such as 1e-8, and writes them in the robust form.
 * Where the norm gave NaN there are numbers then: that is a change, which somebody has to ask for.
 */
export const mend: Pass = (editor) => {
  const actions: Action[] = [], obstacle = opsetObstacle(editor, 17);
  if (obstacle === undefined && findNorms(editor.view()).some((one) => epsilonFault(one))) raiseOpset(editor, 17);
  for (const finding of findNorms(editor.view())) {
    const { graph, y } = finding, fault = epsilonFault(finding);
    if (fault === undefined) continue;
    const fragment = obstacle ?? robust({ ...finding, epsilon: mended });
    if (typeof fragment === "string") {
      actions.push({ pass: "mend", value: y, what: `${fault}; it stays: ${fragment}`, done: false });
      continue;
    }
    editor.replace(graph, fragment);
    actions.push({ pass: "mend", value: y, what: `${fault}; now it has ${mended}`, done: true });
  }
  editor.clean();
  return actions;
};
