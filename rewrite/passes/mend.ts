import { epsilonFault, noise } from "../find/epsilon.ts";
import { type Finding, findNorms } from "../find/findings.ts";
import { opsetObstacle, raiseOpset } from "./opset.ts";
import type { Action, Pass } from "./pass.ts";
import { robust } from "./stabilize.ts";

/** What a norm without an epsilon gets at least: beside data of any use it changes nothing, and zeros stay zeros. */
const smallest = 1e-15;

/** Beside data whose size is known an epsilon is this many times the variance of rounding: noise stays a quarter of a deviation. */
const aboveNoise = 16;

/**
 * Gives norms an epsilon that have none, or one that float16 rounds to 0, such as 1e-8, or that is lost beside the rounding of the
 * data that the model was run on, and writes them in the robust form.
 * Where the norm gave NaN there are numbers then: that is a change, which somebody has to ask for.
 */
export const mend: Pass = (editor, { ranges }) => {
  const actions: Action[] = [], obstacle = opsetObstacle(editor, 17);
  const largestOf = ({ graph, x }: Finding) => graph.outer ? undefined : ranges?.get(x);
  const isFaulty = (one: Finding) => epsilonFault(one, largestOf(one)) !== undefined;
  if (obstacle === undefined && findNorms(editor.view()).some(isFaulty)) raiseOpset(editor, 17);
  for (const finding of findNorms(editor.view())) {
    const { graph, y } = finding, largest = largestOf(finding), fault = epsilonFault(finding, largest);
    if (fault === undefined) continue;
    const mended = Math.max(smallest, Number((aboveNoise * noise(largest ?? 0)).toPrecision(2)));
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
