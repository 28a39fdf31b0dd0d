import { assert, assertEquals } from "@std/assert";
import { checkRandom } from "../../tools/rewrite/random_check.ts";

Deno.test("random graphs around normalizations are the same after passes", async () => {
  let changed = 0, skipped = 0;
  for (let seed = 0; seed < 300; seed++) {
    const outcome = await checkRandom(seed);
    assertEquals(outcome.wrong, undefined, `seed ${seed}`);
    changed += Number(outcome.changed);
    skipped += Number(outcome.skipped);
  }
  assert(changed > 150, `only ${changed} were rewritten`);
  assert(skipped < 10, `${skipped} were not run`);
});
