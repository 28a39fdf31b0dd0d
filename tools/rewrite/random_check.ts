import { type Model, type OnnxTensor, type Provider, run } from "../../onnx/mod.ts";
import { optimize, type PassName, verify } from "../../rewrite/mod.ts";
import { difference } from "../../rewrite/verify/compare.ts";
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

/** Optimizes a random graph by passes that its seed chooses, and runs both. */
export async function checkRandom(seed: number, provider: Provider = "wasm"): Promise<Outcome> {
  const { model, inputs } = randomModel(seed),
    passes: PassName[][] = [["tidy", "fuse", "fold"], ["stabilize"], ["fold"], ["tidy", "fuse"]];
  const { model: after, actions } = await optimize(model, { passes: passes[seed % passes.length], verify: false });
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

async function outputs(model: Model, inputs: Record<string, OnnxTensor>, provider: Provider) {
  try {
    return await run(model, inputs, { provider, optimize: "disabled" });
  } catch (error) {
    return (error as Error).message;
  }
}
