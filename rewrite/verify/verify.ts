import { Graph, type Model, type OnnxTensor, openSession, type Provider } from "../../onnx/mod.ts";
import { epsilonFault } from "../find/epsilon.ts";
import { type Finding, findNorms } from "../find/findings.ts";
import { difference, differenceOf } from "./compare.ts";
import { evaluateNorm } from "./evaluate.ts";
import { exposing, replacing, roundedWeights } from "./expose.ts";
import { type Case, guessInputs, type Inputs, inputsOf, roundedAgain } from "./inputs.ts";

/** Options of {@linkcode verify}. */
export interface VerifyOptions {
  /** Inputs to run on. Default: seeded random ones, and extreme ones. */
  readonly inputs?: Iterable<Inputs>;
  /** Where to run. Default: `"wasm"`. */
  readonly provider?: Provider;
  /** How far a value may be off, in units of its root mean square. Default: 1e-4, and 1e-2 in models that compute in float16. */
  readonly bound?: number;
  /** Values within the models to compare beside outputs and normalizations. Those that one model lacks are left out. */
  readonly values?: readonly string[];
  /** The values of norms that were given another epsilon on purpose; elsewhere that is an error. */
  readonly mended?: readonly string[];
  /** Of the random inputs. Default: 0. */
  readonly seed?: number;
  /** Is told how much is done, from 0 to 1. */
  readonly onProgress?: (fraction: number) => void;
}

/** One value under one kind of inputs; errors are in units of its root mean square. */
export interface ComparedValue {
  /** What the inputs were. */
  readonly inputs: string;
  /** The name of the value. */
  readonly value: string;
  /** Whether it is an output of the model. */
  readonly isOutput: boolean;
  /** How far the second model is from the first, with onnxruntime's optimizer off. */
  readonly difference: number;
  /** The same with the optimizer at its default, of outputs. */
  readonly optimized?: number;
  /** How far the first model's value moves when inputs and weights are rounded once more, or onnxruntime optimizes it. */
  readonly sensitivity: number;
  /** How far each model is from float64, where the value is a normalization. */
  readonly errors?: { readonly before: number; readonly after: number };
  /**
   * The epsilon of each model's norm, where they are not the same: beside data that is much larger it changes nothing, so that running
   * does not tell.
   */
  readonly epsilons?: { readonly before: number; readonly after: number };
  /** What is wrong with the epsilon of the first model's norm beside these inputs, unless it was mended; the mend pass does. */
  readonly fault?: string;
  /**
   * Whether it is judged. What is behind a normalization that the first model gets wrong differs rightly: with ordinary inputs it is
   * held against the first model with the second's normalizations in place of the wrong ones, with extreme ones it is not judged.
   */
  readonly judged: boolean;
  /** Whether it is within the bound. */
  readonly isRight: boolean;
}

/** What {@linkcode verify} found. */
export interface Verification {
  /** Whether everything that was judged is within the bound. */
  readonly isRight: boolean;
  /** The bound, in units of a value's root mean square. */
  readonly bound: number;
  /** Where the models ran. */
  readonly provider: Provider;
  /** Everything that was compared. */
  readonly values: readonly ComparedValue[];
  /** Normalizations of the first model that were not compared, since they are in a graph inside or have no name in the second. */
  readonly unseen: readonly string[];
  /** The kinds of inputs that at least one model would not run on, and what it said. */
  readonly refused: readonly { readonly inputs: string; readonly reason: string }[];
}

/**
 * A value may be this many times as far off as one more rounding of weights and inputs brings it: a network rounds every sum of
 * every layer, and what amplifies one rounding amplifies all of them.
 */
export const sensitivityFactor = 32;

/**
 * Runs two models on the same inputs and compares every value that both have and that the second was written for: outputs, and
 * each normalization of the first, beside the error of both against float64.
 *
 * Without `inputs`, inputs are seeded random ones, and besides zeros, all the same, tiny, huge and far from zero. Of those, the
 * normalizations are judged, and the outputs as long as the first model's own normalizations are right.
 *
 * @param before The model that is to be kept to.
 * @param after The other, such as {@linkcode optimize} gives it. Values are compared by their names.
 * @throws {TypeError} If the models have other inputs or outputs, or inputs that cannot be guessed.
 * @throws {OnnxRuntimeError} If onnxruntime cannot open a model.
 *
 * @example A model beside itself
 * ```ts
 * import { layerNorm, modelOf } from "@evenkeel/norm/models";
 * import { verify } from "@evenkeel/norm/rewrite";
 * import { assert } from "@std/assert";
 *
 * const decomposed = modelOf((x) => layerNorm(x, { form: "decomposed" }), { x: ["N", 64] });
 * const fused = modelOf((x) => layerNorm(x, { form: "fused" }), { x: ["N", 64] });
 * const { isRight } = await verify(decomposed, fused);
 * assert(isRight);
 * ```
 */
export async function verify(before: Model, after: Model, options: VerifyOptions = {}): Promise<Verification> {
  const { provider = "wasm", seed = 0, onProgress } = options, first = Graph.of(before), second = Graph.of(after);
  checkSame("inputs", inputsOf(first), inputsOf(second));
  checkSame("outputs", outputsOf(first), outputsOf(second));
  const cases: Case[] = options.inputs
    ? Array.from(options.inputs, (inputs, i) => ({ name: `data ${i}`, inputs, ordinary: true }))
    : guessInputs(first, seed);
  if (cases.length === 0) throw new TypeError("verify: inputs is empty; give at least one set of inputs.");
  const bound = options.bound ?? (isHalf(first) || isHalf(second) ? 1e-2 : 1e-4);
  const found = findNorms(first);
  const norms = found.filter(({ graph, x, y }) => graph === first && second.producer(y) && first.scopeOf(x));
  const given = (options.values ?? []).filter((name) => first.producer(name) && second.producer(name));
  const firstValues = [...new Set([...given, ...norms.flatMap(({ x, y }) => [x, y])])];
  const values = firstValues.filter((name) => second.scopeOf(name));
  const outputs = outputsOf(first), inner = given.filter((name) => !outputs.includes(name));
  const written = findNorms(second),
    epsilons = otherEpsilons(norms.filter((one) => !options.mended?.includes(one.y)), written);
  const newEpsilons = new Map(written.map(({ y, epsilon }) => [y, epsilon]));
  const runs: Runs[] = cases.map(() => ({}));
  const refused: { inputs: string; reason: string }[] = [];
  // One after another, so that no two of them are in memory.
  const kinds: { kind: keyof Runs; model: () => Model; optimize: "disabled" | "all"; move?: boolean }[] = [
    { kind: "before", model: () => exposing(before, firstValues), optimize: "disabled" },
    { kind: "after", model: () => exposing(after, values), optimize: "disabled" },
    { kind: "moved", model: () => exposing(roundedWeights(before), firstValues), optimize: "disabled", move: true },
    { kind: "beforeOptimized", model: () => before, optimize: "all" },
    { kind: "afterOptimized", model: () => after, optimize: "all" },
  ];
  let done = 0;
  for (const { kind, model, optimize, move } of kinds) {
    const session = await openSession(model(), { provider, optimize });
    try {
      for (const [i, { name, inputs, ordinary }] of cases.entries()) {
        onProgress?.(done++ / (kinds.length * cases.length));
        if (refused.some((one) => one.inputs === name)) continue;
        try {
          runs[i][kind] = await session.run(move ? roundedAgain(inputs) : inputs);
        } catch (error) {
          if (ordinary) throw error;
          refused.push({ inputs: name, reason: (error as Error).message });
        }
      }
    } finally {
      await session[Symbol.asyncDispose]();
    }
  }
  const run = cases.flatMap((one, i) => isWhole(runs[i]) ? [{ one, runs: runs[i] as Required<Runs> }] : []);
  const compared: ComparedValue[] = [];
  for (const { one, runs } of run) {
    const found = norms.map((norm) =>
      compareNorm(one, runs, norm, { bound, outputs, epsilons, newEpsilons, mended: options.mended ?? [] })
    );
    const wrong = found.filter(({ isFirstRight }) => !isFirstRight).map(({ compared }) => compared.value);
    compared.push(...found.map(({ compared }) => compared));
    const isMeant = wrong.length === 0 || one.ordinary;
    const like = wrong.length > 0 && one.ordinary
      ? await behind(before, wrong, inner, one.inputs, { ...runs, provider })
      : runs;
    compared.push(...compareRest(one.name, like, { bound, outputs, inner, isMeant }));
  }
  const unseen = found.filter((one) => !norms.includes(one)).map(({ y }) => y);
  const isRight = compared.every(({ judged, isRight }) => !judged || isRight);
  return { isRight, bound, provider, values: compared, unseen, refused };
}

type Values = Readonly<Record<string, OnnxTensor>>;

/** What models gave under one kind of inputs: with inner values and no optimizer, and as users run them. */
interface Runs {
  before?: Values;
  after?: Values;
  /** The first with its weights and inputs rounded once more. */
  moved?: Values;
  beforeOptimized?: Values;
  afterOptimized?: Values;
}

function isWhole({ before, after, moved, beforeOptimized, afterOptimized }: Runs): boolean {
  return [before, after, moved, beforeOptimized, afterOptimized].every((values) => values !== undefined);
}

/**
 * The error of a wrong result changes with every rounding; this many times that of the first model is no worse than it.
 */
const noWorse = 4;

/** One normalization of the first model, and how far both are from float64. */
function compareNorm(
  { name, ordinary }: Case,
  { before, after, moved }: Required<Runs>,
  norm: Finding,
  { bound, outputs, epsilons, newEpsilons, mended }: {
    bound: number;
    outputs: readonly string[];
    mended: readonly string[];
    epsilons: ReadonlyMap<string, ComparedValue["epsilons"]>;
    newEpsilons: ReadonlyMap<string, number>;
  },
): { compared: ComparedValue; isFirstRight: boolean } {
  const { x, y } = norm;
  const isMended = hasNaN(before[y]) && !hasNaN(after[y]), epsilon = newEpsilons.get(y) ?? norm.epsilon;
  // Where the first divides zero by zero, so does float64, and cannot judge; the second is what it is with its own epsilon.
  const errors = {
    before: isMended ? NaN : errorOf(norm, before[x], before[y]),
    after: errorOf(isMended ? { ...norm, epsilon } : norm, after[x] ?? before[x], after[y]),
  };
  const isFirstRight = errors.before <= bound;
  const sensitivity = difference(before[y], moved[y]), off = difference(before[y], after[y]);
  const isSame = isFirstRight && off <= Math.max(bound, sensitivityFactor * sensitivity);
  const isNear = isSame || errors.after <= Math.max(bound, noWorse * errors.before), other = epsilons.get(y);
  const fault = ordinary && !mended.includes(y) ? epsilonFault(norm, largestIn(before[x])) : undefined;
  const compared: ComparedValue = {
    inputs: name,
    value: y,
    isOutput: outputs.includes(y),
    ...fault && { fault },
    difference: off,
    sensitivity,
    errors,
    ...other && { epsilons: other },
    judged: !isMended,
    isRight: isNear && !other,
  };
  return { compared, isFirstRight };
}

/**
 * What is behind normalizations that the first model gets wrong: it runs again with what the second gives in their place. They
 * themselves are judged by float64, so that whatever differs then is not theirs.
 */
async function behind(
  model: Model,
  wrong: readonly string[],
  inner: readonly string[],
  inputs: Inputs,
  runs: Required<Runs> & { readonly provider: Provider },
): Promise<Required<Runs>> {
  const given = Object.fromEntries(wrong.map((y) => [y, runs.after[y]]));
  const run = async (model: Model, inputs: Inputs) => {
    const rest = replacing(exposing(model, inner), wrong);
    if (rest.graph!.output.length === 0) return given;
    const session = await openSession(rest, { provider: runs.provider, optimize: "disabled" });
    try {
      return { ...given, ...await session.run({ ...inputs, ...given }) };
    } finally {
      await session[Symbol.asyncDispose]();
    }
  };
  const before = await run(model, inputs), moved = await run(roundedWeights(model), roundedAgain(inputs));
  return { ...runs, before, moved, beforeOptimized: before };
}

/** All else under one kind of inputs. */
function compareRest(
  inputs: string,
  { before, after, moved, beforeOptimized, afterOptimized }: Required<Runs>,
  { bound, outputs, inner, isMeant }: {
    bound: number;
    outputs: readonly string[];
    inner: readonly string[];
    isMeant: boolean;
  },
): ComparedValue[] {
  const compared: ComparedValue[] = [];
  for (const value of inner) {
    const off = difference(before[value], after[value]), sensitivity = difference(before[value], moved[value]);
    const isRight = off <= Math.max(bound, sensitivityFactor * sensitivity);
    compared.push({ inputs, value, isOutput: false, difference: off, sensitivity, judged: isMeant, isRight });
  }
  for (const value of outputs) {
    const off = difference(before[value], after[value]), own = difference(before[value], beforeOptimized[value]);
    const sensitivity = Math.max(difference(before[value], moved[value]), Number.isFinite(own) ? own : 0);
    const atDefault = difference(before[value], afterOptimized[value]);
    const allowed = Math.max(bound, sensitivityFactor * sensitivity), isRight = off <= allowed && atDefault <= allowed;
    const rest = { difference: off, optimized: atDefault, sensitivity, judged: isMeant, isRight };
    compared.push({ inputs, value, isOutput: true, ...rest });
  }
  return compared;
}

/** The values that are a norm of one x in both models, by what is read of them, but with another epsilon. */
function otherEpsilons(first: readonly Finding[], second: readonly Finding[]): Map<string, ComparedValue["epsilons"]> {
  const found = new Map(second.map((one) => [`${one.y} of ${one.x}`, one]));
  return new Map(first.flatMap(({ x, y, epsilon: before }) => {
    const after = found.get(`${y} of ${x}`)?.epsilon;
    // A constant of float16 may be rounded once more.
    const isSame = after === undefined || Math.abs(after - before) <= 1e-2 * before;
    return isSame ? [] : [[y, { before, after }] as const];
  }));
}

function largestIn({ data }: OnnxTensor): number {
  return (data as Float32Array).reduce((largest, one) => Math.max(largest, Math.abs(one) || 0), 0);
}

/** A norm without an epsilon divides zero by zero; where one with an epsilon does not, that is what it is for. */
function hasNaN({ data }: OnnxTensor): boolean {
  return (data as Float32Array).some(Number.isNaN);
}

/** How far a norm is from what it is in float64, of the x that the model gave it. */
function errorOf(norm: Finding, x: OnnxTensor, y: OnnxTensor): number {
  const right = evaluateNorm(norm, Array.from(x.data as Float32Array, Number), x.dims);
  return right ? differenceOf(right, y.data as Float32Array) : 0;
}

function outputsOf({ proto }: Graph): string[] {
  return proto.output.map(({ name }) => name);
}

function isHalf(graph: Graph): boolean {
  return graph.nodes.some(({ output }) => graph.type(output[0]).type === "float16");
}

function checkSame(what: string, before: readonly string[], after: readonly string[]): void {
  if (before.toSorted().join("\0") === after.toSorted().join("\0")) return;
  throw new TypeError(`verify: the models have other ${what}: ${before.join(", ")} and ${after.join(", ")}.`);
}
