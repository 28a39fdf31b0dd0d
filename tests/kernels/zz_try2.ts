import fc from "fast-check";
import { assertAgreement } from "./agreement.ts";
import { types } from "./close.ts";
import { layouts } from "./layouts.ts";
import { recipes } from "./recipes.ts";
let total = 0;
for (const { name, kernels, dims, fixed } of layouts) {
  for (const type of types) {
    for (const kernel of kernels) {
      const t = performance.now();
      const r = fc.check(fc.property(recipes(dims, fixed), (recipe) => assertAgreement(kernel, type, recipe)), {
        numRuns: +(Deno.args[0] ?? 1),
        seed: 1,
        endOnFailure: true,
      });
      total += performance.now() - t;
      console.log(
        kernel,
        name,
        type,
        Math.round(performance.now() - t),
        r.failed
          ? "FAILED " + JSON.stringify(r.counterexample) + "\n   " +
            String((r.errorInstance as Error).stack).slice(0, 400)
          : "ok",
      );
    }
  }
}
console.log(total);
