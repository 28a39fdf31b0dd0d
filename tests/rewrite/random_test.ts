import { assert, assertEquals } from "@std/assert";
import { checkExactly, checkRandom, type Outcome } from "../../tools/rewrite/random_check.ts";
import { backends } from "../models/backends.ts";

async function checkAll(seeds: readonly number[], check: (seed: number) => Promise<Outcome>): Promise<void> {
  const count = seeds.length;
  let changed = 0, skipped = 0;
  for (const seed of seeds) {
    const outcome = await check(seed);
    assertEquals(outcome.wrong, undefined, `seed ${seed}`);
    changed += Number(outcome.changed);
    skipped += Number(outcome.skipped);
  }
  assert(changed >= count / 2, `only ${changed} were rewritten`);
  assert(skipped <= count / 20, `${skipped} were not run`);
}

Deno.test("random graphs around normalizations are the same after passes, in float64", async () => {
  await checkAll(range(0, 2000), checkExactly);
});

Deno.test("random graphs around normalizations are the same after passes, in onnxruntime and in float16", async () => {
  await checkAll(range(2000, 150), checkRandom);
});

/**
 * Seeds that were wrong once, or called so: norms of equal numbers, InstanceNormalizations of two epsilons, made by fuse or in branches, a
 * graph that onnxruntime's optimizer breaks, and what float16 alone makes of a graph: a division by what is near zero, a difference of
 * nearly equal numbers, a mean that WebGPU rounds before it is subtracted, and sums of products.
 */
const seeds = {
  wasm: [227, 1265, 1859, 2711, 2812, 4799],
  webgpu: [108, 144, 167, 287, 371, 535],
};

for (const { provider, ignore, ignoreFloat16 } of backends) {
  Deno.test({
    name: `random graphs that were hard once, on ${provider}`,
    ignore: ignore || ignoreFloat16,
    fn: () => checkAll(seeds[provider], (seed) => checkRandom(seed, provider)),
  });
}

function range(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + i);
}
