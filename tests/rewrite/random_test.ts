import { assert, assertEquals } from "@std/assert";
import { checkExactly, checkRandom, type Outcome } from "../../tools/rewrite/random_check.ts";

async function checkAll(from: number, count: number, check: (seed: number) => Promise<Outcome>): Promise<void> {
  let changed = 0, skipped = 0;
  for (let seed = from; seed < from + count; seed++) {
    const outcome = await check(seed);
    assertEquals(outcome.wrong, undefined, `seed ${seed}`);
    changed += Number(outcome.changed);
    skipped += Number(outcome.skipped);
  }
  assert(changed > count / 2, `only ${changed} were rewritten`);
  assert(skipped < count / 20, `${skipped} were not run`);
}

Deno.test("random graphs around normalizations are the same after passes, in float64", async () => {
  await checkAll(0, 2000, checkExactly);
});

Deno.test("random graphs around normalizations are the same after passes, in onnxruntime and in float16", async () => {
  await checkAll(2000, 150, checkRandom);
});
