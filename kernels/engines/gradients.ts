import type { Engine, Gradients } from "./engine.ts";
import { perEngine } from "./per_engine.ts";
import type { PlainEngine } from "./plain.ts";
import { PlainGradients } from "./plain_gradients.ts";
import { SimdEngine } from "./simd/engine.ts";
import { SimdGradients } from "./simd/gradients.ts";

/** The gradients on the tiles of an engine. Without the mark a bundle with forward passes alone would keep them. */
export const gradientsOf: (engine: Engine) => Gradients = /* @__PURE__ */ perEngine((engine) =>
  engine instanceof SimdEngine ? new SimdGradients(engine) : new PlainGradients(engine as PlainEngine)
);
