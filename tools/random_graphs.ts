/**
 * `deno task random-graphs`: builds random graphs around normalizations, optimizes each and judges it by what the graph is in float64.
 * A graph that is wrong, or does not run where the first one did, is printed with its seed, and fails the task.
 */
import type { Provider } from "../onnx/mod.ts";
import { checkExactly, checkRandom } from "./rewrite/random_check.ts";
import { seedsOf } from "./seeds.ts";

const help = `deno task random-graphs [--count 20000] [--from 0] [--provider wasm|webgpu|float64]

Builds a random graph of each seed, optimizes it as the seed chooses, and judges it by the float64 evaluation of what it was: as
onnxruntime runs it on wasm or webgpu, or, with float64, by the formulas alone. It fails if one is wrong, and prints its seed.`;

const { from, count, provider } = seedsOf(help, 20000, ["wasm", "webgpu", "float64"]);
let changed = 0, skipped = 0, refused = 0, wrong = 0;
for (let seed = from; seed < from + count; seed++) {
  const outcome = await (provider === "float64" ? checkExactly(seed) : checkRandom(seed, provider as Provider));
  changed += Number(outcome.changed);
  skipped += Number(outcome.skipped);
  refused += Number(outcome.refused ?? false);
  if (outcome.wrong === undefined) continue;
  wrong++;
  console.log(`seed ${seed}: ${outcome.wrong}`);
}
console.log(
  `${count} graphs: ${changed} rewritten, ${skipped} that onnxruntime does not run, ${wrong} wrong; ` +
    `${refused} are right and refused by verify.`,
);
if (wrong > 0) Deno.exit(1);
