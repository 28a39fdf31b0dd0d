import type { Engine } from "./engine.ts";
import { PlainEngine } from "./plain.ts";
import { simdEngineFor } from "./simd/memory.ts";
import type { Data } from "./tile.ts";

let plain: PlainEngine | undefined;

/** The engine for a call on these arrays, the first of which is x. */
export function engineFor(arrays: readonly [x: Data, ...others: (Data | undefined)[]]): Engine {
  const simd = arrays[0] instanceof Float64Array ? undefined : simdEngineFor(arrays);
  return simd ?? (plain ??= new PlainEngine());
}
