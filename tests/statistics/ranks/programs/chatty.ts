import { serve } from "../../../../statistics/mod.ts";

/** A worker that posts messages of its own. */
serve((_, message: unknown) => {
  postMessage(message);
  return 1;
});
