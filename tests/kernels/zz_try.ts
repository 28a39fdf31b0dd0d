import fc from "fast-check";
import { assertAgreement, families } from "/work/main/tests/kernels/agreement.ts";
import { types } from "/work/main/tests/kernels/close.ts";
import { recipes } from "/work/main/tests/kernels/recipes.ts";
for (const kernel of Object.keys(families)) {
  for (const type of types) {
    const t = performance.now();
    const r = fc.check(fc.property(recipes(), (recipe) => assertAgreement(kernel, type, recipe)), {
      numRuns: +(Deno.args[0] ?? 50),
      seed: 1,
    });
    console.log(
      kernel,
      type,
      Math.round(performance.now() - t),
      r.failed
        ? "FAILED " + JSON.stringify(r.counterexample) + "\n   " +
          String((r.errorInstance as Error).stack).slice(0, 400)
        : "ok",
    );
  }
}
