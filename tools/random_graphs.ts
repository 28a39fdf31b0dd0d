/**
 * `deno task random-graphs`: builds random graphs around normalizations, optimizes each, runs both and compares. 20,000 on WASM;
 * `--count N`, `--from SEED` and `--provider webgpu` choose others; `--provider float64` evaluates them by the formulas alone. A graph that differs is printed with its seed, and fails the
 * task.
 */
import { parseArgs } from "node:util";
import type { Provider } from "../onnx/mod.ts";
import { checkExactly, checkRandom } from "./rewrite/random_check.ts";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "20000" },
    from: { type: "string", default: "0" },
    provider: { type: "string", default: "wasm" },
  },
});
const from = Number(values.from), count = Number(values.count);
let changed = 0, skipped = 0, wrong = 0;
for (let seed = from; seed < from + count; seed++) {
  const isExact = values.provider === "float64";
  const outcome = await (isExact ? checkExactly(seed) : checkRandom(seed, values.provider as Provider));
  changed += Number(outcome.changed);
  skipped += Number(outcome.skipped);
  if (outcome.wrong === undefined) continue;
  wrong++;
  console.log(`seed ${seed}: ${outcome.wrong}`);
}
console.log(`${count} graphs: ${changed} rewritten, ${skipped} that onnxruntime does not run, ${wrong} wrong.`);
if (wrong > 0) Deno.exit(1);
