import type { Editor } from "../../onnx/mod.ts";
import { type Finding, findNorms } from "../find/findings.ts";
import { opsetObstacle, raiseOpset } from "../passes/opset.ts";
import type { Action, PassOptions } from "../passes/pass.ts";
import { tidy } from "../passes/tidy.ts";
import { robust } from "../passes/stabilize.ts";
import type { Inputs } from "../verify/inputs.ts";
import { convert, fits, openDoors } from "./convert.ts";
import { measureRanges } from "../verify/ranges.ts";

/** What a normalization meets, and what became of it. */
export interface NormRange {
  /** The value that it gives. */
  readonly y: string;
  /** The largest absolute value that it normalizes; undefined inside of If, Loop and Scan, which stay float32 unmeasured. */
  readonly largest?: number;
  /** The largest square. */
  readonly largestSquare?: number;
  /** Whether the square, or x itself, is beyond 65504, the largest number of float16. */
  readonly overflows?: boolean;
  /** How it is computed now: `"float32"` in the robust form between Casts, `"float16"` by its operator. */
  readonly form: "float32" | "float16";
  /** Why it could not be written in the robust form, and stays as what it was converted to. */
  readonly obstacle?: string;
}

const largestHalf = 65504;

/**
 * Brings a model to float16: weights and what nodes give, but for what does not fit, which stays float32. The model is run on
 * the inputs in float32 first, to know the range of every value. A normalization whose squares do not fit, or that is spelled
 * out in operators that would each round, becomes the robust form, which computes in float32; so do those that subtract a mean
 * unless the target is native, since WebGPU rounds the mean to float16 before it does that. What the model is given and gives
 * stays float32.
 */
export async function toFloat16(
  editor: Editor,
  inputs: readonly Inputs[],
  target: PassOptions["target"],
): Promise<{ actions: Action[]; norms: NormRange[] }> {
  const obstacle = opsetObstacle(editor, 17);
  if (obstacle !== undefined) throw new RangeError(`The model cannot be brought to float16: ${obstacle}.`);
  raiseOpset(editor, 17);
  const found = findNorms(editor.view()).filter(({ graph, y }) => graph.type(y).type === "float32");
  const doors = openDoors(editor), ranges = await measureRanges(editor.model, inputs);
  const actions = convert(editor, ranges), view = editor.view();
  const norms = found.map((finding): NormRange => {
    const { x, y } = finding, inside = (name: string) => doors.get(name) ?? name;
    const largest = finding.graph.outer ? undefined : ranges.get(inside(x));
    if (largest === undefined) return { y, form: "float32" };
    const measured = { largest, largestSquare: largest ** 2, overflows: largest ** 2 > largestHalf };
    const isExact = isOperator(finding) && (target === "native" || !finding.centred);
    if (isExact && fits(largest ** 2)) return { y, ...measured, form: "float16" };
    const fragment = robust({ ...finding, y: inside(y), graph: view });
    if (typeof fragment === "string") return { y, ...measured, form: "float16", obstacle: fragment };
    editor.replace(view, fragment);
    actions.push({ pass: "float16", value: y, what: "the robust form, in float32", done: true });
    return { y, ...measured, form: "float32" };
  });
  // A Cast to float16 of what is float16 by now: with one, onnxruntime's optimizer makes a graph that it does not open.
  tidy(editor, { target: "any" });
  return { actions, norms };
}

function isOperator({ nodes }: Finding): boolean {
  return nodes.length === 1;
}
