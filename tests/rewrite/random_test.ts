import { assert, assertEquals } from "@std/assert";
import { changed } from "../../onnx/edit/copy.ts";
import { protoOf, tensorOf } from "../../onnx/mod.ts";
import { optimize } from "../../rewrite/mod.ts";
import { judge } from "../../tools/rewrite/judge.ts";
import { randomModel } from "../../tools/rewrite/random_graphs.ts";
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
 * graph that onnxruntime's optimizer breaks, zeros divided by zeros, and what float16 alone makes of a graph: a division by what is near zero, a difference of
 * nearly equal numbers, a mean that WebGPU rounds before it is subtracted, and sums of products.
 */
const seeds = {
  wasm: [227, 1265, 1859, 2711, 2812, 4097, 4799, 9556],
  webgpu: [108, 287, 371, 535],
};

for (const { provider, ignore, ignoreFloat16 } of backends) {
  Deno.test({
    name: `random graphs that were hard once, on ${provider}`,
    ignore: ignore || ignoreFloat16,
    fn: () => checkAll(seeds[provider], (seed) => checkRandom(seed, provider)),
  });
}

Deno.test("the judge of random graphs refuses weights that are five in a hundred off, in float32 and in float16", async () => {
  for (const seed of [0, 1, 2, 227, 1265, 1859]) {
    const { model, inputs } = randomModel(seed), float16 = seed > 2;
    const { model: after } = await optimize(model, { float16, verify: false });
    assertEquals((await judge(model, after, inputs, "wasm")).wrong, undefined, `seed ${seed}`);
    const initializer = after.graph!.initializer.map((proto) => {
      const tensor = tensorOf(proto), { type, data } = tensor;
      if (type !== "float32" && type !== "float16" || data.length < 2) return proto;
      return protoOf({ ...tensor, data: (data as Float32Array).map((one) => one * 1.05) }, proto.name);
    });
    const moved = changed(after, { graph: changed(after.graph!, { initializer }) });
    assert((await judge(model, moved, inputs, "wasm")).wrong, `seed ${seed}`);
  }
});

function range(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + i);
}
