import { Graph, type Model, OnnxRuntimeError, type OnnxTensor, openSession, type Provider } from "../../onnx/mod.ts";
import { exposing, roundedWeights } from "./expose.ts";
import { type Case, roundedAgain } from "./inputs.ts";

/** What a model gives, by name. */
export type Values = Readonly<Record<string, OnnxTensor>>;

/** Two models, and what they are asked for beside their outputs. */
export interface Pair {
  readonly before: Model;
  readonly after: Model;
  readonly provider: Provider;
  readonly shown: readonly string[];
}

/** What two models gave of one case: with inner values and no optimizer, and the second as users run it. */
export interface Runs {
  readonly before: Values;
  readonly after: Values;
  readonly afterOptimized: Values;
}

/** What else moves the first model's values, as far as it was measured. */
export interface Measured {
  /** Those with its weights and inputs rounded once more. */
  readonly moved?: Values;
  /** Those with onnxruntime's optimizer at its default; undefined too if the model does not run so. */
  readonly beforeOptimized?: Values;
}

/** Is told of a case that a model does not run on, and why. */
export type Refuse = (one: Case, error: Error) => void;

/** So many bytes of the first model's values are held before the second runs: with many inputs the models take turns. */
const mostHeld = 2 ** 28;

/**
 * Runs both models on as many cases as may be held, one model after the other, so that no two are in memory.
 *
 * @returns What they gave of the cases that both run on, and with how many cases that was done.
 */
export async function runBoth(
  { before, after, provider, shown }: Pair,
  cases: readonly Case[],
  refuse: Refuse,
): Promise<{ ran: Map<Case, Runs>; count: number }> {
  const known = Graph.of(after), shownAfter = shown.filter((name) => known.scopeOf(name));
  const first = await runCases(exposing(before, shown), cases, { provider, refuse, most: mostHeld });
  const second = await runCases(exposing(after, shownAfter), first.found.keys(), { provider, refuse });
  const optimized = await runCases(after, second.found.keys(), { provider, refuse, optimize: "all" });
  const ran = [...optimized.found].map(([one, afterOptimized]): [Case, Runs] => [
    one,
    { before: first.found.get(one)!, after: second.found.get(one)!, afterOptimized },
  ]);
  return { ran: new Map(ran), count: first.count };
}

/** Runs the first model again, moved by one more rounding. */
export async function moved({ before, provider, shown }: Pair, cases: readonly Case[]): Promise<Map<Case, Measured>> {
  const { found } = await runCases(exposing(roundedWeights(before), shown), cases, { provider, moved: true });
  return new Map([...found].map(([one, moved]) => [one, { moved }]));
}

/** Runs the first model again as users do, where onnxruntime opens it so. */
export async function asUsersDo({ before, provider }: Pair, cases: readonly Case[]): Promise<Map<Case, Measured>> {
  try {
    const { found } = await runCases(before, cases, { provider, optimize: "all" });
    return new Map([...found].map(([one, beforeOptimized]) => [one, { beforeOptimized }]));
  } catch (error) {
    if (error instanceof OnnxRuntimeError) return new Map();
    throw error;
  }
}

/**
 * Opens a model, runs it on one case after another, and closes it.
 *
 * @param how By default with the optimizer off, on the inputs as they are, on all cases; where one is refused, and nobody is told of it,
 * that is an error.
 */
export async function runCases(
  model: Model,
  cases: Iterable<Case>,
  { provider, optimize = "disabled", moved = false, most = Infinity, refuse }: {
    provider: Provider;
    optimize?: "disabled" | "all";
    moved?: boolean;
    most?: number;
    refuse?: Refuse;
  },
): Promise<{ found: Map<Case, Values>; count: number }> {
  const session = await openSession(model, { provider, optimize, prepack: false }), found = new Map<Case, Values>();
  let held = 0, count = 0;
  try {
    for (const one of cases) {
      if (held > most) break;
      count++;
      try {
        const values = await session.run(moved ? roundedAgain(one.inputs) : one.inputs);
        held += bytesOf(values);
        found.set(one, values);
      } catch (error) {
        if (refuse === undefined) throw error;
        refuse(one, error as Error);
      }
    }
  } finally {
    await session.close();
  }
  return { found, count };
}

function bytesOf(values: Values): number {
  return Object.values(values).reduce((sum, { data }) => sum + (ArrayBuffer.isView(data) ? data.byteLength : 0), 0);
}
