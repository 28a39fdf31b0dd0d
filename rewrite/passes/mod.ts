import { absorb } from "./absorb.ts";
import { fold } from "./fold.ts";
import { fuse } from "./fuse.ts";
import { guard } from "./guard.ts";
import { mend } from "./mend.ts";
import type { Pass, PassOptions } from "./pass.ts";
import { stabilize } from "./stabilize.ts";
import { tidy } from "./tidy.ts";

/**
 * The passes by name, in the order in which they run: mend before the norms are operators, fold after fuse, whose scales it
 * would take, and guard last.
 */
export const passes: Readonly<Record<PassName, Pass>> = { tidy, mend, fuse, stabilize, fold, absorb, guard };

/** The name of a pass. */
export type PassName = "tidy" | "mend" | "fuse" | "stabilize" | "fold" | "absorb" | "guard";

/** What each pass does, in a few words and in the order in which they run: for whoever offers a choice. */
export const passTexts: Readonly<Record<PassName, string>> = {
  tidy: "compute what is constant",
  mend: "give an epsilon to norms that have none",
  fuse: "write spelled-out norms as operators",
  stabilize: "write norms so that they are right at any offset",
  fold: "put batch norms and the like into the products beside them",
  absorb: "put layer norms' scales and biases into the products behind them",
  guard: "keep from onnxruntime what it would break",
};

/**
 * What runs unless something else is asked for. onnxruntime-web computes the operators of layer, instance and group norm wrongly
 * where the mean is far from zero, which is measured in models/norms/layer_norm.ts: rows of 768 at a mean of a hundred deviations
 * are off by 9e-5 on WASM and 2e-3 on WebGPU, and at a million by 0.5 and NaN. The robust form is right on both, and on WASM
 * faster. So norms become robust where either is the target. Elsewhere they become operators: a runtime that is not known, or is
 * native, has its own kernels for them.
 *
 * @param target Where the model is to run. Default: `"any"`.
 *
 * @example Norms become robust where onnxruntime-web is the target
 * ```ts
 * import { defaultPasses } from "@evenkeel/norm/rewrite";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(defaultPasses("webgpu"), ["tidy", "stabilize", "fold", "guard"]);
 * ```
 */
export function defaultPasses(target: PassOptions["target"] = "any"): readonly PassName[] {
  return ["tidy", target === "wasm" || target === "webgpu" ? "stabilize" : "fuse", "fold", "guard"];
}
