import { Graph, type Provider } from "../../onnx/mod.ts";
import { optimize, type OptimizeOptions, type PassName, verify } from "../../rewrite/mod.ts";
import { differenceOf } from "../../rewrite/verify/compare.ts";
import { roundedWeights } from "../../rewrite/verify/expose.ts";
import { roundedAgain } from "../../rewrite/verify/inputs.ts";
import { sensitivityFactor } from "../../rewrite/verify/judge.ts";
import { evaluateGraph } from "./evaluate.ts";
import { judge } from "./judge.ts";
import { randomModel } from "./random_graphs.ts";

/** What became of a random graph. */
export interface Outcome {
  /** What is wrong; undefined if nothing is. */
  readonly wrong?: string;
  /** Whether anything was rewritten. */
  readonly changed: boolean;
  /** Whether onnxruntime does not run the graph as it was, so that there is nothing to compare. */
  readonly skipped: boolean;
  /** Whether verify refuses what is right: float16 may be all that makes it differ, and the graph's own fault may be where verify cannot see. */
  readonly refused?: boolean;
}

/** What a seed chooses; or, beyond the last, to compute in float16, which has to be run to be known. */
const choices: readonly (OptimizeOptions & { passes: PassName[] })[] = [
  { passes: ["tidy", "fuse", "fold"] },
  { passes: ["stabilize"] },
  { passes: ["fold"] },
  { passes: ["tidy", "fuse", "absorb", "guard"] },
  { passes: ["tidy", "stabilize", "fold", "guard"], target: "webgpu" },
];

/**
 * Optimizes a random graph by passes that its seed chooses, and evaluates both in float64, where all that may differ is how weights
 * were rounded.
 */
export async function checkExactly(seed: number): Promise<Outcome> {
  const { model, inputs } = randomModel(seed);
  const { model: after, actions } = await optimize(model, { ...choices[seed % choices.length], verify: false });
  const changed = actions.some(({ done, pass }) => done && pass !== "tidy");
  const before = Graph.of(model),
    [right, found] = [before, Graph.of(after)].map((graph) => evaluateGraph(graph, inputs));
  const worst = Math.max(...Object.keys(right).map((name) => differenceOf(right[name].data, found[name].data)));
  const bound = before.nodes.some((node) => node.opType === "Cast") ? 5e-3 : 1e-6;
  if (worst <= bound) return { changed, skipped: false };
  // Weights are rounded where they are folded: a graph may amplify that, as it does any rounding of its weights.
  const moved = evaluateGraph(Graph.of(roundedWeights(model)), roundedAgain(inputs) as typeof inputs);
  const sensitivity = Math.max(...Object.keys(right).map((name) => differenceOf(right[name].data, moved[name].data)));
  const isRight = worst <= sensitivityFactor * sensitivity;
  return { changed, skipped: false, wrong: isRight ? undefined : `off by ${worst}, and by ${sensitivity} of itself` };
}

/**
 * Optimizes a random graph by passes that its seed chooses, or brings it to float16, and judges what a runtime makes of it. What is far
 * off, rightly or not, is shown to verify too: what it refuses though it is right is counted.
 */
export async function checkRandom(seed: number, provider: Provider = "wasm"): Promise<Outcome> {
  const { model, inputs } = randomModel(seed), choice = choices[seed % (choices.length + 1)];
  let changed = false;
  try {
    const { model: after, actions } = await optimize(model, { ...choice ?? { float16: true }, verify: false });
    changed = actions.some(({ done, pass }) => done && pass !== "tidy");
    const { wrong, skipped, far } = await judge(model, after, inputs, provider);
    const isAccepted = !far || (await verify(model, after, { inputs: [inputs], provider })).isRight;
    return { changed, skipped, wrong, refused: wrong === undefined && !isAccepted };
  } catch (error) {
    return { changed, skipped: false, wrong: `${error}`, refused: false };
  }
}
