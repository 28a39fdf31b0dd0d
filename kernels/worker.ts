import { planDifferentiation } from "./passes/gradient.ts";
import { planNormalization } from "./passes/normalize.ts";
import { serve } from "./threads/serve.ts";

/** Where this module is, for workers to load it. */
export const url = import.meta.url;

// The thread that starts workers imports this module, too, to know its URL.
serve({ normalize: planNormalization, differentiate: planDifferentiation });
