import type { Tensor } from "../../kernels/tensor.ts";
import { noise } from "../../tools/judge/noise.ts";
import { mapped } from "./plain.ts";

/** A hundred batches of 32 samples: the four features have deviation 2, and means of 3, 4, 5 and 6. */
export function trainingBatches(): Tensor<"float64">[] {
  return Array.from(
    { length: 100 },
    (_, i) => mapped(noise([32, 4], { deviation: 2, seed: i + 1 }), (value, _, feature) => value + 3 + feature),
  );
}
