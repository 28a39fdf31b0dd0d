import { checkCount, checkWord } from "../kernels/check.ts";
import { OptionNames } from "../kernels/option_names.ts";
import { checkModel } from "../onnx/check_model.ts";
import { Editor, Graph, type Model, ModelError } from "../onnx/mod.ts";
import { checkList } from "./check.ts";
import { type NormRange, toFloat16 } from "./float16/float16.ts";
import { findNorms } from "./find/findings.ts";
import { inlineFunctions } from "./passes/inline.ts";
import { toInference } from "./passes/inference.ts";
import { defaultPasses, passes, type PassName } from "./passes/mod.ts";
import type { Action, PassOptions } from "./passes/pass.ts";
import { newestOpset } from "../onnx/version.ts";
import { opsetObstacle, raiseOpset } from "./passes/opset.ts";
import { guessInputs, type Inputs } from "./verify/inputs.ts";
import { measureRanges } from "./verify/ranges.ts";
import type { Verification } from "./verify/verification.ts";
import { checkVerifyOptions, type VerifyOptions } from "./verify/options.ts";
import { verify } from "./verify/verify.ts";

/** Options of {@linkcode optimize}. */
export interface OptimizeOptions extends Partial<Pick<PassOptions, "target">> {
  /**
   * What to do: `"tidy"` computes what is constant, `"fuse"` writes spelled-out normalizations as operators, `"stabilize"` as
   * robust forms, `"fold"` puts batch norms and the like into the products beside them, `"guard"` keeps from onnxruntime what it
   * would break, `"mend"` gives norms an epsilon that have none, and `"absorb"` puts layer norms' scales and biases into the
   * products behind them. Default: tidy, fold and guard, and between them fuse, or stabilize where the target is `"wasm"` or
   * `"webgpu"`. They run in their own order, whatever the order here.
   */
  readonly passes?: readonly PassName[];
  /** The version of the operator set to raise the model to. Default: only as far as an operator needs. */
  readonly opset?: number;
  /**
   * Whether weights and what nodes give become float16. The ranges of all values are measured first, on the inputs of `verify`
   * or on random ones; what does not fit stays float32, and so do the model's inputs and outputs, and what is inside of If, Loop
   * and Scan, where nothing is measured. Default: false.
   */
  readonly float16?: boolean;
  /**
   * Whether nodes in training mode, BatchNormalization and Dropout, become what they are at inference. That changes results, so
   * that the proof compares with the model after this. Default: false, which leaves them alone.
   */
  readonly inference?: boolean;
  /** How to prove that the result is right; false to leave it unproven. Default: as {@linkcode verify} does by itself. */
  readonly verify?: VerifyOptions | false;
}

const names = new OptionNames<OptimizeOptions>({
  target: true,
  passes: true,
  opset: true,
  float16: "flag",
  inference: "flag",
  verify: true,
});

/** What {@linkcode optimize} gives. */
export interface Optimization {
  /**
   * The new model. Tensors that stayed as they were are shared with the old one. It is the old one itself where no pass but tidy
   * found anything to do, and more than tidying was asked for.
   */
  readonly model: Model;
  /** What was done, and what was not, and why. */
  readonly actions: readonly Action[];
  /** What each normalization met on the way to float16, if that was asked for. */
  readonly ranges?: readonly NormRange[];
  /** The proof, unless it was not wanted, or the model is the old one. Look at its `isRight` before you use the model. */
  readonly verification?: Verification;
  /** What {@linkcode verify} is to be given to prove it on another backend, unless the model is the old one. */
  readonly claim?: Claim;
}

/** What a rewritten model is held against, and which of its values. */
export interface Claim extends Pick<VerifyOptions, "inputs" | "values" | "mended"> {
  /** The model that it has to agree with: the old one, or that at inference. */
  readonly before: Model;
}

/**
 * Makes a model smaller, or right on its target, by its normalizations, and runs both to prove that they are the same.
 *
 * @param model Stays as it is.
 * @throws {RangeError} If there is no pass of a name, another option does not fit, or the model cannot be brought to the opset.
 * @throws {ModelError} If the model is no graph in ONNX's sense, or is one that is being trained.
 * @throws {TypeError} If its inputs cannot be guessed and none are given, or an option is not of its kind.
 *
 * @example A spelled-out norm becomes an operator
 * ```ts
 * import { layerNorm, modelOf } from "@evenkeel/norm/models";
 * import { optimize } from "@evenkeel/norm/rewrite";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const decomposed = modelOf((x) => layerNorm(x, { form: "decomposed" }), { x: ["N", 64] });
 * const { model, verification } = await optimize(decomposed);
 * assertEquals(model.graph!.node.map(({ opType }) => opType), ["LayerNormalization"]);
 * assert(verification!.isRight);
 * ```
 */
export async function optimize(model: Model, options: OptimizeOptions = {}): Promise<Optimization> {
  checkModel("optimize", "model", model);
  names.check("optimize", options);
  const { target = "any", opset } = options, { passes: wanted = defaultPasses(target) } = options;
  checkWord("optimize", "target", target, ["wasm", "webgpu", "native", "any"]);
  checkList("optimize", "passes", wanted, `["tidy", "fuse"]`);
  if (opset !== undefined) checkCount("optimize", "opset", opset);
  if (options.verify !== false) checkVerifyOptions("optimize", options.verify, "verify");
  const unknown = wanted.find((name) => !Object.hasOwn(passes, name));
  if (unknown !== undefined) {
    throw new RangeError(`There is no pass ${JSON.stringify(unknown)}; there are ${Object.keys(passes).join(", ")}.`);
  }
  if (model.trainingInfo.length > 0) {
    throw new ModelError("The model is one that is being trained; export it for inference.");
  }
  const actions: Action[] = [], start = options.inference ? inferred(model, actions) : model;
  const editor = new Editor(start);
  actions.push(...inlineFunctions(editor));
  if (opset !== undefined) {
    const now = editor.view().opset() ?? 0;
    if (!(opset >= now && opset <= newestOpset)) {
      throw new RangeError(`opset is ${opset}; it must be from ${now}, the model's own, to ${newestOpset}.`);
    }
    const obstacle = opsetObstacle(editor, opset);
    if (obstacle !== undefined) throw new RangeError(`The model cannot be brought to opset ${opset}: ${obstacle}.`);
    raiseOpset(editor, opset);
  }
  // What an epsilon is beside can only be seen of data; without a proof nothing is run.
  const ranges = wanted.includes("mend") && options.verify !== false
    ? await normRanges(start, [...options.verify?.inputs ?? ordinaryInputs(start, options.verify?.seed)])
    : undefined;
  const run = (names: readonly PassName[]) => {
    for (const name of Object.keys(passes) as PassName[]) {
      if (names.includes(name) && wanted.includes(name)) actions.push(...passes[name](editor, { target, ranges }));
    }
  };
  let norms: readonly NormRange[] | undefined, proofOptions = options.verify;
  if (options.float16) {
    // Products are folded before they are rounded; norms that are to be robust have to read float16.
    const late: PassName[] = ["stabilize", "guard"];
    run(wanted.filter((name) => !late.includes(name)));
    const given = options.verify || {}, inputs = [...given.inputs ?? ordinaryInputs(start, given.seed)];
    const converted = await toFloat16(editor, inputs, target);
    actions.push(...converted.actions);
    norms = converted.norms;
    run(late);
    if (proofOptions !== false) proofOptions = { ...proofOptions, inputs };
  } else run(wanted);
  const isRewritten = opset !== undefined || norms !== undefined || wanted.every((name) => name === "tidy") ||
    actions.some(({ done, pass }) => done && pass !== "tidy" && pass !== "inline");
  if (!isRewritten) return { model, actions: actions.filter(({ done }) => !done) };
  const compared = { ...claimed(actions), ...proofOptions }, { inputs, values, mended } = compared;
  const claim: Claim = { before: start, values, mended, ...inputs && { inputs } };
  const found = { model: editor.model, actions, claim, ...norms && { ranges: norms } };
  if (proofOptions === false) return found;
  return { ...found, verification: await verify(start, editor.model, compared) };
}

/** The largest values that the norms of a model are given. */
async function normRanges(model: Model, inputs: readonly Inputs[]): Promise<ReadonlyMap<string, number>> {
  const graph = Graph.of(model), norms = findNorms(graph).filter((one) => one.graph === graph && graph.scopeOf(one.x));
  return await measureRanges(model, inputs, [...new Set(norms.map(({ x }) => x))]);
}

/** A model at inference. */
function inferred(model: Model, actions: Action[]): Model {
  const editor = new Editor(model);
  actions.push(...toInference(editor));
  return editor.model;
}

/** Inputs as a model expects them: float16 was not asked to hold others. */
function ordinaryInputs(model: Model, seed = 0): Inputs[] {
  return guessInputs(Graph.of(model), seed).filter(({ ordinary }) => ordinary).map(({ inputs }) => inputs);
}

/** The values that were rewritten, and those of norms that were given another epsilon. */
function claimed(actions: readonly Action[]): Required<Pick<Claim, "values" | "mended">> {
  const changed = new Set(actions.flatMap((one) => one.changed ?? []));
  const valuesOf = (wanted: (pass: string) => boolean) =>
    actions.filter(({ done, pass, value }) => done && wanted(pass) && !changed.has(value)).map(({ value }) => value);
  return { values: valuesOf((pass) => pass !== "tidy"), mended: valuesOf((pass) => pass === "mend") };
}
