/**
 * `deno task fuzz:rewrite`: breaks ONNX models in many ways and puts them through inspect and optimize; each must be done or
 * refused with a ModelError, in bounded time. What it tries depends on the seed alone.
 */
import { ModelError, readModel, writeModel } from "../onnx/mod.ts";
import { inspect, optimize, type PassName } from "../rewrite/mod.ts";
import { seeds } from "./fuzz.ts";
import { mutate } from "./fuzz/mutate.ts";
import { randomModel } from "./rewrite/random_graphs.ts";
import { seedsOf } from "./seeds.ts";

const help = `deno task fuzz:rewrite [--count 100000] [--from 0]

Breaks a model in a way that each seed chooses, and puts it through inspect and optimize: it must be done or refused, within three
seconds. It ends with the first that is neither, and names its seed.`;

/** Longer than this, no model of a few nodes may take. */
const slowest = 3000;

/** The models to break: those of the project, and random graphs around normalizations. */
export function rewriteSeeds(): Uint8Array[] {
  const random = Array.from({ length: 100 }, (_, seed) => writeModel(randomModel(seed).model));
  return [...seeds([new URL("../models/files/", import.meta.url)]), ...random];
}

/**
 * Breaks a model and does all that `rewrite` does without running it.
 *
 * @throws Whatever is not a {@linkcode ModelError}, which is a defect of the library.
 */
export async function exerciseRewrite(bytes: Uint8Array, seed: number): Promise<"done" | "refused"> {
  const all: PassName[] = ["tidy", "mend", "fuse", "stabilize", "fold", "absorb", "guard"];
  try {
    const model = readModel(mutate(bytes, seed));
    inspect(model);
    const { model: after } = await optimize(model, { verify: false, ...seed % 2 === 1 && { passes: all } });
    writeModel(after);
    return "done";
  } catch (error) {
    if (error instanceof ModelError) return "refused";
    throw error;
  }
}

async function main(): Promise<void> {
  const { from, count } = seedsOf(help, 100000), models = rewriteSeeds(), outcomes = { done: 0, refused: 0 };
  for (let seed = from; seed < from + count; seed++) {
    const start = performance.now();
    try {
      outcomes[await exerciseRewrite(models[seed % models.length], seed)]++;
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
    if (performance.now() - start > slowest) throw new Error(`seed ${seed} took more than ${slowest} ms`);
  }
  console.log(`${count} broken models: ${outcomes.done} done, ${outcomes.refused} refused.`);
}

if (import.meta.main) await main();
