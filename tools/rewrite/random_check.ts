import { Graph, type Model, OnnxRuntimeError, type OnnxTensor, type Provider, run } from "../../onnx/mod.ts";
import { optimize, type OptimizeOptions, type PassName, verify } from "../../rewrite/mod.ts";
import { difference, differenceOf } from "../../rewrite/verify/compare.ts";
import { roundedWeights } from "../../rewrite/verify/expose.ts";
import { roundedAgain } from "../../rewrite/verify/inputs.ts";
import { sensitivityFactor } from "../../rewrite/verify/verify.ts";
import { evaluateGraph } from "./evaluate.ts";
import { randomModel } from "./random_graphs.ts";

/** What became of a random graph. */
export interface Outcome {
  /** What is wrong; undefined if nothing is. */
  readonly wrong?: string;
  /** Whether anything was rewritten. */
  readonly changed: boolean;
  /** Whether onnxruntime does not run the graph as it was, so that there is nothing to compare. */
  readonly skipped: boolean;
}

/** What a seed chooses: the last computes in float16, which has to be run to be known. */
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

/** Optimizes a random graph by passes that its seed chooses, or brings it to float16, and runs both. */
export async function checkRandom(seed: number, provider: Provider = "wasm"): Promise<Outcome> {
  const { model, inputs } = randomModel(seed), choice = seed % (choices.length + 1);
  if (choice === choices.length) return await checkHalf(model, inputs, provider);
  const { model: after, actions } = await optimize(model, { ...choices[choice], verify: false });
  const changed = actions.some(({ done, pass }) => done && pass !== "tidy");
  const before = await outputs(model, inputs, provider);
  if (typeof before === "string") return { changed, skipped: true };
  const found = await outputs(after, inputs, provider);
  if (typeof found === "string") return { changed, skipped: false, wrong: found };
  const worst = Math.max(...Object.keys(before).map((name) => difference(before[name], found[name])));
  // What is further off may be as near to float64 as the original, or behind digits that cancel: that is verify's to judge.
  if (worst <= 1e-4) return { changed, skipped: false };
  const { isRight, values } = await verify(model, after, { inputs: [inputs], provider });
  const wrong = isRight ? undefined : JSON.stringify(values.filter((one) => one.judged && !one.isRight));
  return { changed, skipped: false, wrong };
}

async function checkHalf(model: Model, inputs: Record<string, OnnxTensor>, provider: Provider): Promise<Outcome> {
  try {
    const { verification, actions } = await optimize(model, { float16: true, verify: { inputs: [inputs], provider } });
    const wrong = verification!.values.filter((one) => one.judged && !one.isRight);
    return {
      changed: actions.some(({ done }) => done),
      skipped: false,
      wrong: wrong.length > 0 ? JSON.stringify(wrong) : undefined,
    };
  } catch (error) {
    if (error instanceof OnnxRuntimeError && typeof await outputs(model, inputs, "wasm") === "string") {
      return { changed: false, skipped: true };
    }
    return { changed: false, skipped: false, wrong: `${error}` };
  }
}

async function outputs(model: Model, inputs: Record<string, OnnxTensor>, provider: Provider) {
  try {
    return await run(model, inputs, { provider, optimize: "disabled" });
  } catch (error) {
    return (error as Error).message;
  }
}
