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

/**
 * What runs unless something else is asked for. onnxruntime-web computes the operators of layer, instance and group norm wrongly
 * where the mean is far from zero, which is measured in models/norms/layer_norm.ts: rows of 768 at a mean of a hundred deviations
 * are off by 9e-5 on WASM and 2e-3 on WebGPU, and at a million by 0.5 and NaN. The robust form is right on both, and on WASM
 * faster. So norms become robust where either is the target. Elsewhere they become operators: a runtime that is not known, or is
 * native, has its own kernels for them.
 */
export function defaultPasses(target: PassOptions["target"]): readonly PassName[] {
  return ["tidy", target === "wasm" || target === "webgpu" ? "stabilize" : "fuse", "fold", "guard"];
}
