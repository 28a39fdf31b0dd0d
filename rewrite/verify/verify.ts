import { checkModel } from "../../onnx/check_model.ts";
import { Graph, type Model } from "../../onnx/mod.ts";
import { type Finding, findNorms } from "../find/findings.ts";
import { type Case, guessInputs, inputsOf } from "./inputs.ts";
import { judgeAll, type Judged } from "./judge.ts";
import { checkVerifyOptions, type VerifyOptions } from "./options.ts";
import { reweighted } from "./reweighted.ts";
import { runBoth } from "./runs.ts";
import type { ComparedValue, Verification } from "./verification.ts";

/**
 * Runs two models on the same inputs and compares every value that both have and that the second was written for: outputs,
 * each normalization of the first, beside the error of both against float64, and what nodes of both give whose weights are not the same.
 *
 * Without `inputs`, inputs are seeded random ones, and besides zeros, all the same, tiny, huge and far from zero. Of those, the
 * normalizations are judged, and the outputs as long as the first model's own normalizations are right.
 *
 * @param before The model that is to be kept to.
 * @param after The other, such as {@linkcode optimize} gives it. Values are compared by their names.
 * @throws {TypeError} If the models have other inputs or outputs, or inputs that cannot be guessed.
 * @throws {TypeError | RangeError} If an option does not fit.
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
  checkModel("verify", "before", before);
  checkModel("verify", "after", after);
  checkVerifyOptions("verify", options);
  const { provider = "wasm", seed = 0 } = options, first = Graph.of(before), second = Graph.of(after);
  checkSame("inputs", inputsOf(first), inputsOf(second));
  checkSame("outputs", outputsOf(first), outputsOf(second));
  const cases: Case[] = options.inputs
    ? Array.from(options.inputs, (inputs, i) => ({ name: `data ${i}`, inputs, ordinary: true }))
    : guessInputs(first, seed);
  if (cases.length === 0) throw new TypeError("verify: inputs is empty; give at least one set of inputs.");
  const found = findNorms(first),
    written = findNorms(second),
    outputs = outputsOf(first),
    mended = options.mended ?? [];
  const norms = found.filter(({ graph, x, y }) => graph === first && second.producer(y) && first.scopeOf(x));
  const wanted = new Set([...options.values ?? [], ...reweighted(first, second)]);
  const given = [...wanted].filter((name) => first.producer(name) && second.producer(name));
  const by: Judged = {
    before,
    after,
    provider,
    bound: options.bound ?? (isHalf(first) || isHalf(second) ? 1e-2 : 1e-4),
    norms,
    shown: [...new Set([...given, ...norms.flatMap(({ x, y }) => [x, y])])],
    outputs,
    inner: given.filter((name) => !outputs.includes(name)),
    mended,
    epsilons: otherEpsilons(norms.filter(({ y }) => !mended.includes(y)), written),
    newEpsilons: new Map(written.map(({ y, epsilon }) => [y, epsilon])),
  };
  const refused: { inputs: string; reason: string }[] = [], values: ComparedValue[] = [];
  const refuse = ({ name, ordinary }: Case, error: Error) => {
    if (ordinary) throw error;
    refused.push({ inputs: name, reason: error.message });
  };
  for (let done = 0; done < cases.length;) {
    const { ran, count } = await runBoth(by, cases.slice(done), refuse);
    values.push(...await judgeAll(ran, by));
    done += count;
    options.onProgress?.(done / cases.length);
  }
  const unseen = found.filter((one) => !norms.includes(one)).map(({ y }) => y);
  const isRight = values.every(({ judged, isRight }) => !judged || isRight);
  return { isRight, bound: by.bound, provider, values, unseen, refused };
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
