import { absorb } from "./absorb.ts";
import { fold } from "./fold.ts";
import { fuse } from "./fuse.ts";
import { guard } from "./guard.ts";
import { mend } from "./mend.ts";
import type { Pass } from "./pass.ts";
import { stabilize } from "./stabilize.ts";
import { tidy } from "./tidy.ts";

/**
 * The passes by name, in the order in which they run: mend before the norms are operators, fold after fuse, whose scales it
 * would take, and guard last.
 */
export const passes: Readonly<Record<PassName, Pass>> = { tidy, mend, fuse, stabilize, fold, absorb, guard };

/** The name of a pass. */
export type PassName = "tidy" | "mend" | "fuse" | "stabilize" | "fold" | "absorb" | "guard";

/** What runs unless something else is asked for. */
export const defaultPasses: readonly PassName[] = ["tidy", "fuse", "fold", "guard"];
