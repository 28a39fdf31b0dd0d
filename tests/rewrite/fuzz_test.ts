import { assert } from "@std/assert";
import { exerciseRewrite, rewriteSeeds } from "../../tools/fuzz_rewrite.ts";

Deno.test("broken models go through inspect and optimize, or are refused", async () => {
  const models = rewriteSeeds(), outcomes = { done: 0, refused: 0 };
  for (let seed = 0; seed < 500; seed++) outcomes[await exerciseRewrite(models[seed % models.length], seed)]++;
  assert(outcomes.done > 100 && outcomes.refused > 100, JSON.stringify(outcomes));
});
