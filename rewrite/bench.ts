import { checkCount, checkWord } from "../kernels/check.ts";
import { OptionNames } from "../kernels/option_names.ts";
import { checkModel } from "../onnx/check_model.ts";
import { Graph, type Model, openSession, type Provider, type Session } from "../onnx/mod.ts";
import { checkList } from "./check.ts";
import { guessInputs, type Inputs } from "./verify/inputs.ts";

/** Options of {@linkcode bench}. */
export interface BenchOptions {
  /** Where to run. Default: `"wasm"`. */
  readonly provider?: Provider;
  /** Inputs to run on. Default: seeded random ones. */
  readonly inputs?: Inputs;
  /** How many times to run each model. Default: 20. */
  readonly runs?: number;
}

const names = new OptionNames<BenchOptions>({ provider: true, inputs: true, runs: true });

/** How long a model takes, in milliseconds. */
export interface Timing {
  /** To load and optimize it, with onnxruntime's optimizer at its default. */
  readonly load: number;
  /** The first run, in which WebGPU compiles its programs. */
  readonly first: number;
  /** The median of the others. */
  readonly median: number;
  /** The lower and the upper quartile of the others. */
  readonly quartiles: readonly [lower: number, upper: number];
}

/**
 * Times models on the same inputs, by turns, so that what else the machine does meets all of them alike.
 *
 * @param models At least one.
 * @returns A timing for each, in their order.
 * @throws {RangeError} If runs is no whole number, at least 1, or there is no such provider.
 * @throws {TypeError} If there is no model, an option is not of its kind, or inputs cannot be guessed and none are given.
 *
 * @example A model before and after
 * ```ts
 * import { layerNorm, modelOf } from "@evenkeel/norm/models";
 * import { bench, optimize } from "@evenkeel/norm/rewrite";
 *
 * const model = modelOf((x) => layerNorm(x, { form: "decomposed" }), { x: ["N", 64] });
 * const [before, after] = await bench([model, (await optimize(model)).model], { runs: 5 });
 * console.log(before.median, after.median);
 * ```
 */
export async function bench(models: readonly Model[], options: BenchOptions = {}): Promise<Timing[]> {
  names.check("bench", options);
  const { provider = "wasm", runs = 20 } = options;
  checkList("bench", "models", models, "[model]");
  if (models.length === 0) throw new TypeError("bench: give at least one model.");
  for (const model of models) checkModel("bench", "an entry of models", model);
  checkWord("bench", "provider", provider, ["wasm", "webgpu"]);
  checkCount("bench", "runs", runs);
  const inputs = options.inputs ?? guessInputs(Graph.of(models[0]), 0)[0].inputs;
  const sessions: Session[] = [], loads: number[] = [], firsts: number[] = [], times: number[][] = models.map(() => []);
  const timed = async (work: () => Promise<unknown>) => {
    const start = performance.now();
    await work();
    return performance.now() - start;
  };
  // onnxruntime itself is loaded with the first session, which is not the model's doing.
  await (await openSession(models[0], { provider }))[Symbol.asyncDispose]();
  try {
    for (const model of models) {
      loads.push(await timed(async () => sessions.push(await openSession(model, { provider }))));
      firsts.push(await timed(() => sessions.at(-1)!.run(inputs)));
    }
    for (let i = 0; i < runs; i++) {
      for (const [m, session] of sessions.entries()) times[m].push(await timed(() => session.run(inputs)));
    }
  } finally {
    for (const session of sessions) await session[Symbol.asyncDispose]();
  }
  return times.map((list, i) => {
    const sorted = list.toSorted((a, b) => a - b), at = (part: number) => sorted[Math.floor(part * (runs - 1))];
    return { load: loads[i], first: firsts[i], median: at(0.5), quartiles: [at(0.25), at(0.75)] };
  });
}
