import { fold } from "./fold.ts";
import { fuse } from "./fuse.ts";
import type { Pass } from "./pass.ts";
import { stabilize } from "./stabilize.ts";
import { tidy } from "./tidy.ts";

/** The passes by name, in the order in which they run: fold would take the norms' scales from fuse. */
export const passes: Readonly<Record<PassName, Pass>> = { tidy, fuse, stabilize, fold };

/** The name of a pass. */
export type PassName = "tidy" | "fuse" | "stabilize" | "fold";

/** What runs unless something else is asked for. */
export const defaultPasses: readonly PassName[] = ["tidy", "fuse", "fold"];
