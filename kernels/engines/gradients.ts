import type { Engine, Gradients } from "./engine.ts";
import type { PlainEngine } from "./plain.ts";
import { PlainGradients } from "./plain_gradients.ts";
import { SimdEngine } from "./simd/engine.ts";
import { SimdGradients } from "./simd/gradients.ts";

/** The gradients of each engine, made when they are first asked for. */
const made = new WeakMap<Engine, Gradients>();

/** The gradients on the tiles of an engine. */
export function gradientsOf(engine: Engine): Gradients {
  let gradients = made.get(engine);
  if (gradients === undefined) {
    gradients = engine instanceof SimdEngine ? new SimdGradients(engine) : new PlainGradients(engine as PlainEngine);
    made.set(engine, gradients);
  }
  return gradients;
}
