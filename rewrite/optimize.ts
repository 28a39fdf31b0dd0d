import { Editor, type Model, ModelError } from "../onnx/mod.ts";
import { inlineFunctions } from "./passes/inline.ts";
import { defaultPasses, passes, type PassName } from "./passes/mod.ts";
import type { Action, PassOptions } from "./passes/pass.ts";
import { opsetObstacle, raiseOpset } from "./passes/opset.ts";
import { type Verification, verify, type VerifyOptions } from "./verify/verify.ts";

/** Options of {@linkcode optimize}. */
export interface OptimizeOptions extends Partial<PassOptions> {
  /**
   * What to do: `"tidy"` computes what is constant, `"fuse"` writes spelled-out normalizations as operators, `"stabilize"` as
   * robust forms, `"fold"` puts batch norms and the like into the products beside them, `"guard"` keeps from onnxruntime what it
   * would break, `"mend"` gives norms an epsilon that have none, and `"absorb"` puts layer norms' scales and biases into the
   * products behind them. Default: tidy, fuse, fold and guard. They run in their own
   * order, whatever the order here.
   */
  readonly passes?: readonly PassName[];
  /** The version of the operator set to raise the model to. Default: only as far as an operator needs. */
  readonly opset?: number;
  /** How to prove that the result is right; false to leave it unproven. Default: as {@linkcode verify} does by itself. */
  readonly verify?: VerifyOptions | false;
}

/** What {@linkcode optimize} gives. */
export interface Optimization {
  /**
   * The new model. Tensors that stayed as they were are shared with the old one. It is the old one itself where no pass but tidy
   * found anything to do, and more than tidying was asked for.
   */
  readonly model: Model;
  /** What was done, and what was not, and why. */
  readonly actions: readonly Action[];
  /** The proof, unless it was not wanted, or the model is the old one. Look at its `isRight` before you use the model. */
  readonly verification?: Verification;
}

/**
 * Makes a model smaller, or right on its target, by its normalizations, and runs both to prove that they are the same.
 *
 * @param model Stays as it is.
 * @throws {RangeError} If there is no pass of a name, or the model cannot be brought to the opset.
 * @throws {ModelError} If the model is no graph in ONNX's sense, or is one that is being trained.
 * @throws {TypeError} If its inputs cannot be guessed and none are given.
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
  const { target = "any", opset } = options, wanted = options.passes ?? defaultPasses;
  const unknown = wanted.find((name) => !Object.hasOwn(passes, name));
  if (unknown !== undefined) {
    throw new RangeError(`There is no pass ${JSON.stringify(unknown)}; there are ${Object.keys(passes).join(", ")}.`);
  }
  if (model.trainingInfo.length > 0) {
    throw new ModelError("The model is one that is being trained; export it for inference.");
  }
  const editor = new Editor(model), actions = inlineFunctions(editor);
  if (opset !== undefined) {
    const obstacle = opsetObstacle(editor, opset);
    if (obstacle !== undefined) throw new RangeError(`The model cannot be brought to opset ${opset}: ${obstacle}.`);
    raiseOpset(editor, opset);
  }
  for (const [name, pass] of Object.entries(passes)) {
    if (wanted.includes(name as PassName)) actions.push(...pass(editor, { target }));
  }
  const isRewritten = opset !== undefined || wanted.every((name) => name === "tidy") ||
    actions.some(({ done, pass }) => done && pass !== "tidy" && pass !== "inline");
  if (!isRewritten) return { model, actions: actions.filter(({ done }) => !done) };
  if (options.verify === false) return { model: editor.model, actions };
  const valuesOf = (wanted: (pass: string) => boolean) =>
    actions.filter(({ done, pass }) => done && wanted(pass)).map(({ value }) => value);
  const values = valuesOf((pass) => pass !== "tidy"), mended = valuesOf((pass) => pass === "mend");
  const verification = await verify(model, editor.model, { values, mended, ...options.verify });
  return { model: editor.model, actions, verification };
}
