import { type DType, zeros } from "../../kernels/tensor.ts";
import type { Model, OnnxTensor } from "../../onnx/mod.ts";
import { epsilonFault } from "../find/epsilon.ts";
import type { Finding } from "../find/findings.ts";
import { difference, differenceOf } from "./compare.ts";
import { evaluateNorm } from "./evaluate.ts";
import { exposing, replacing, roundedWeights } from "./expose.ts";
import type { Case } from "./inputs.ts";
import { asUsersDo, type Measured, moved, type Pair, runCases, type Runs, type Values } from "./runs.ts";
import type { ComparedValue } from "./verification.ts";

/**
 * A value may be this many times as far off as one more rounding of weights and inputs brings it: a network rounds every sum of
 * every layer, and what amplifies one rounding amplifies all of them.
 */
export const sensitivityFactor = 32;

/**
 * The error of a wrong result changes with every rounding; this many times that of the first model is no worse than it.
 */
const noWorse = 4;

/** What is judged, and by what. */
export interface Judged extends Pair {
  readonly bound: number;
  /** Normalizations of the first model that the second has too. */
  readonly norms: readonly Finding[];
  readonly outputs: readonly string[];
  /** Other values that both have. */
  readonly inner: readonly string[];
  /** Norms that were given another epsilon on purpose. */
  readonly mended: readonly string[];
  /** Norms that have another epsilon in the second model. */
  readonly epsilons: ReadonlyMap<string, ComparedValue["epsilons"]>;
  /** The epsilon of each norm of the second model. */
  readonly newEpsilons: ReadonlyMap<string, number>;
}

/** What was run, and what was measured beside. */
type Seen = Runs & Measured;

/** Everything that was run. What else may be the reason of a difference is only measured where one is beyond the bound. */
export async function judgeAll(ran: ReadonlyMap<Case, Runs>, by: Judged): Promise<ComparedValue[]> {
  const seen = new Map<Case, Seen>(ran), judged = new Map<Case, ComparedValue[]>();
  const isBeyond = (one: Case) => judged.get(one)!.some(({ judged, isRight }) => judged && !isRight);
  for (const [one, runs] of seen) judged.set(one, await judge(one, runs, by));
  for (const measure of [moved, asUsersDo]) {
    const beyond = [...seen.keys()].filter(isBeyond);
    if (beyond.length === 0) break;
    for (const [one, more] of await measure(by, beyond)) {
      seen.set(one, { ...seen.get(one)!, ...more });
      judged.set(one, await judge(one, seen.get(one)!, by));
    }
  }
  return [...judged.values()].flat();
}

/** Everything of one case. */
async function judge(one: Case, runs: Seen, by: Judged): Promise<ComparedValue[]> {
  const norms = by.norms.map((norm) => compareNorm(one, runs, norm, by));
  const apart = norms.filter(({ isApart }) => isApart).map(({ compared }) => compared.value);
  const like = apart.length > 0 && one.ordinary && runs.moved ? await behind(apart, one, runs, by) : runs;
  return [
    ...norms.map(({ compared }) => compared),
    ...compareRest(one.name, like, by, apart.length === 0 || one.ordinary),
  ];
}

/** How far a value is off, and how far it may be, where that was measured. */
function distances(value: string, { before, after, moved }: Seen, bound: number) {
  const off = difference(before[value], after[value]);
  const sensitivity = moved && difference(before[value], moved[value]);
  return { difference: off, sensitivity, allowed: Math.max(bound, sensitivityFactor * (sensitivity ?? 0)) };
}

/**
 * One normalization of the first model, and how far both are from float64. It stands apart if the second has it right and the first has
 * not, or makes something else of the same x: of equal numbers one may give 0 and the other a rounding.
 */
function compareNorm(
  { name, ordinary }: Case,
  runs: Seen,
  norm: Finding,
  { bound, outputs, epsilons, newEpsilons, mended }: Judged,
): { compared: ComparedValue; isApart: boolean } {
  const { x, y } = norm, { before, after } = runs, { allowed, ...far } = distances(y, runs, bound);
  const xAfter = after[x] ?? before[x], isMended = hasNaN(before[y]) && !hasNaN(after[y]);
  const epsilon = newEpsilons.get(y) ?? norm.epsilon, other = epsilons.get(y);
  // Where the first divides zero by zero, so does float64, and cannot judge; the second is what it is with its own epsilon.
  const errors = {
    before: isMended ? NaN : errorOf(norm, before[x], before[y]),
    after: errorOf(isMended ? { ...norm, epsilon } : norm, xAfter, after[y]),
  };
  const isFirstRight = errors.before <= bound, isSame = isFirstRight && far.difference <= allowed;
  const isNear = isSame || errors.after <= Math.max(bound, noWorse * (errors.before || 0)), isRight = isNear && !other;
  const isApart = isRight && (!isFirstRight || !isSame && difference(before[x], xAfter) <= bound);
  const fault = ordinary && !mended.includes(y) ? epsilonFault(norm, largestIn(before[x])) : undefined;
  const compared: ComparedValue = {
    inputs: name,
    value: y,
    isOutput: outputs.includes(y),
    ...fault && { fault },
    ...far,
    errors,
    ...other && { epsilons: other },
    judged: !isMended,
    isRight,
  };
  return { compared, isApart };
}

/**
 * What is behind normalizations that stand apart: the first model runs again with what the second gives in their place. They
 * themselves are judged by float64, so that whatever differs then is not theirs.
 */
async function behind(apart: readonly string[], one: Case, runs: Runs, by: Judged): Promise<Seen> {
  const given = Object.fromEntries(apart.map((y) => [y, inType(runs.before[y].type, runs.after[y])]));
  const run = async (model: Model, moved: boolean): Promise<Values> => {
    const rest = replacing(exposing(model, by.inner), apart), like = { ...one, inputs: { ...one.inputs, ...given } };
    if (rest.graph!.output.length === 0) return given;
    const { found } = await runCases(rest, [like], { provider: by.provider, moved });
    return { ...given, ...found.get(like) };
  };
  const before = await run(by.before, false), moved = await run(roundedWeights(by.before), true);
  return { ...runs, before, moved, beforeOptimized: before };
}

/** All else of one case. */
function compareRest(inputs: string, runs: Seen, { bound, outputs, inner }: Judged, judged: boolean): ComparedValue[] {
  const { before, afterOptimized, beforeOptimized } = runs;
  const within = inner.map((value): ComparedValue => {
    const { allowed, ...far } = distances(value, runs, bound);
    return { inputs, value, isOutput: false, ...far, judged, isRight: far.difference <= allowed };
  });
  const given = outputs.map((value): ComparedValue => {
    const { allowed: unmoved, ...far } = distances(value, runs, bound);
    const own = beforeOptimized && difference(before[value], beforeOptimized[value]);
    const sensitivity = Math.max(far.sensitivity ?? 0, own !== undefined && Number.isFinite(own) ? own : 0);
    const allowed = Math.max(unmoved, sensitivityFactor * sensitivity);
    const optimized = difference(before[value], afterOptimized[value]);
    const isRight = far.difference <= allowed && optimized <= allowed;
    return { inputs, value, isOutput: true, ...far, optimized, ...runs.moved && { sensitivity }, judged, isRight };
  });
  return [...within, ...given];
}

/** A tensor in the type of another, which may be wider or narrower. */
function inType(type: OnnxTensor["type"], { type: own, dims, data }: OnnxTensor): OnnxTensor {
  if (type === own) return { type, dims, data } as OnnxTensor;
  const tensor = zeros(type as DType, dims);
  tensor.data.set(data as Float32Array);
  return tensor;
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
